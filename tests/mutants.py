"""Mutants drawn where not all are tried: ``python -m tests.mutants [SEED] [HOW MANY]``, each against its module's own test.

``make mutants`` tries all of what ``pyproject.toml`` names. Here, modules that have a test in their mirror are drawn with
a printed seed, ten mutants of each; what no test sees is listed with its change.
"""

import random
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from mutmut.mutation.file_mutation import mutate_file_contents
from mutmut.utils.format_utils import get_mutant_name

from pipelines.settings import PROJECT_ROOT

EACH, DRAWN = 10, 300
SURVIVED = re.compile(r"^\s*(\S+): (?:survived|no tests)$", re.MULTILINE)


def main() -> None:
    """Draw, try, and print what survived."""
    asked = [int(one) for one in sys.argv[1:]] + [secrets.randbelow(10**6), DRAWN][len(sys.argv) - 1 :]
    seed, wanted = asked
    print(f"seed {seed}")
    draw, tried, survived = random.Random(seed), 0, []
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for file in _git("ls-files").splitlines():
            (copy / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(PROJECT_ROOT / file, copy / file)
        for module, test in draw.sample(mirrored(), len(mirrored())):
            if tried >= wanted:
                break
            names = _mutants(module)
            chosen = draw.sample(names, min(EACH, len(names), wanted - tried))
            if chosen:
                tried += len(chosen)
                survived += _try(copy, module, test, chosen)
                print(f"{tried:4} tried, {len(survived)} survived: {module}", flush=True)
    print("\n".join(survived), f"\n{tried - len(survived)} of {tried} killed")


def mirrored() -> list[tuple[str, str]]:
    """(module, its test) for the modules that have a test of their name, but those of which all mutants are tried."""
    whole = (PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8").partition("only_mutate")[2].partition("]")[0]
    modules = [Path(file) for file in _git("ls-files", "pipelines/*.py").splitlines() if f'"{file}"' not in whole]
    tests = [(file, Path("tests", *file.parts[1:-1], f"test_{file.name}")) for file in modules]
    return [(str(file), str(test)) for file, test in tests if (PROJECT_ROOT / test).is_file()]


def _mutants(module: str) -> list[str]:
    made = mutate_file_contents(module, (PROJECT_ROOT / module).read_text(encoding="utf-8"))
    return [get_mutant_name(Path(module), name) for name in made.mutant_names]


def _try(copy: Path, module: str, test: str, names: list[str]) -> list[str]:
    """What survives of these mutants, each with its change."""
    shutil.rmtree(copy / "mutants", ignore_errors=True)
    settings = (PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8")
    settings = re.sub(r"only_mutate = \[.*?\]", f'only_mutate = ["{module}"]', settings, flags=re.DOTALL)
    settings = re.sub(r"(test_selection = )\[.*?\]", rf'\1["{test}"]', settings, flags=re.DOTALL)
    (copy / "pyproject.toml").write_text(settings, encoding="utf-8")
    _mutmut(copy, "run", "--max-children", "1", *names)
    left = set(SURVIVED.findall(_mutmut(copy, "results"))) & set(names)
    return [_mutmut(copy, "show", name) for name in sorted(left)]


def _mutmut(folder: Path, *arguments: str) -> str:
    command = [str(Path(sys.executable).with_name("mutmut")), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    main()
