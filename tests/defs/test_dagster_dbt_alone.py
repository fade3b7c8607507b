"""Without dbt-core, dagster-dbt gives the assets and checks that it gives with it."""

import json
import os
import subprocess
import sys

from pipelines.settings import PROJECT_ROOT, Home

SCRIPT = """
import json, sys
from pipelines.definitions import defs

made = next(one for one in defs().assets if getattr(one, "node_def", None) and one.node_def.name == "entrepot")
assets = [(str(s.key), sorted(str(d.asset_key) for d in s.deps), s.description, s.group_name) for s in made.specs]
checks = [(str(c.key), c.description, sorted(str(d.asset_key) for d in c.additional_deps)) for c in made.check_specs]
print(json.dumps(["dbt.adapters" in sys.modules, sorted(assets), sorted(checks)]))
"""


def defined(home: Home, first: str = "") -> list:
    """Whether dbt is loaded, and what dagster-dbt makes of the project, in a process of its own."""
    environment = {**os.environ, "MILLESIME_HOME": str(home.root)}
    done = subprocess.run(
        [sys.executable, "-c", first + SCRIPT],
        env=environment,
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_dagster_does_not_need_dbt_to_know_its_assets_and_checks(dbt_home: Home):
    loaded, assets, checks = defined(dbt_home)
    assert not loaded and assets and checks
    assert defined(dbt_home, "import dbt.adapters.base\n") == [True, assets, checks]
