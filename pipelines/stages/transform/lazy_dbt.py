"""dbt, whose hundreds of classes are imported without the methods that read and write them: each is made when it is needed.

Imported before dbt itself; run as a program, it is dbt's own command line.
"""

from mashumaro.config import BaseConfig

BaseConfig.lazy_compilation = True

if __name__ == "__main__":
    from dbt.cli.main import cli

    cli(prog_name="dbt")
