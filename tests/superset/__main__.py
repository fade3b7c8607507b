"""Imports the bundles of a home into a real Superset, asks every chart, prints what came: ``make test-superset``.

Both profiles are tested with the published file and with the PostgreSQL copy.

python -m tests.superset HOME SUPERSET_BIN
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.organisation import load_organisation
from pipelines.publication import DATABASES, FOLDERS, PROFILES
from pipelines.settings import Home, Server
from pipelines.stages.publish import postgres
from pipelines.stages.publish.superset import Bundle, write_bundle
from tests.services import postgresql

INSIDE = Path(__file__).with_name("inside.py")
CONFIG = """
import os
SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = f"sqlite:///{os.environ['SUPERSET_HOME']}/superset.db"
WTF_CSRF_ENABLED = False
"""
ADMIN = "--username admin --firstname a --lastname a --email admin@example.org --password admin".split()


def superset(folder: Path, binaries: Path) -> dict[str, str]:
    """Make a Superset in ``folder``, with an account; return the environment that its commands need."""
    (folder / "superset_config.py").write_text(CONFIG, encoding="utf-8")
    environment = {
        **os.environ,
        "FLASK_APP": "superset",
        "PYTHONWARNINGS": "ignore",
        "SUPERSET_SECRET_KEY": secrets.token_hex(24),
        **placed(folder),
    }
    for command in (["db", "upgrade"], ["fab", "create-admin", *ADMIN], ["init"]):
        done = subprocess.run(
            [binaries / "superset", *command], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.exit(f"superset {command[0]}: {done.stderr[-2000:]}")
    return environment


def placed(folder: Path) -> dict[str, str]:
    """Where this Superset keeps its data."""
    return {"SUPERSET_HOME": str(folder), "SUPERSET_CONFIG_PATH": str(folder / "superset_config.py")}


def roads(published: Path) -> Iterator[tuple[str, str, str | None]]:
    """(profile, source, address): the published file, then a server that the profile was just copied to."""
    for profile in PROFILES:
        yield profile, "duckdb", None
    with postgresql() as server:
        for profile in PROFILES:
            postgres.serve(published, Server(server.url(), profile, "millesime_lecture", ""))
            yield profile, "postgresql", server.url().replace("postgresql:", "postgresql+psycopg2:")


def answer(bundle: Path, folder: Path, binaries: Path, environment: dict[str, str]) -> dict[str, Any]:
    """What a bundle becomes in Superset (see ``inside``)."""
    told = folder / "answer.json"
    command = [binaries / "python", INSIDE, bundle, told]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr[-2000:])
    return json.loads(told.read_text(encoding="utf-8"))


def wrong(said: dict[str, Any], made: Bundle, home: Home, profile: str) -> list[str]:
    """Why Superset does not show what the bundle contains."""
    found = [f"import: {status} {text[:300]}" for status, text in said["imported"] if status != 200]
    counts = [len(said[kind]) for kind in ("dashboard", "chart", "dataset")]
    if counts != [len(made.dashboards), made.charts, made.datasets]:
        found.append(f"dashboards, charts, datasets: {counts}")
    for one in said["answers"]:
        if one["status"] != 200 or one["error"]:
            found.append(f"{one['name']}: {one['status']} {one['error']}")
        elif one["measures"] and not one["filled"]:
            found.append(f"{one['name']}: no value")
    with duckdb.connect(str(home.published / FOLDERS[profile] / DATABASES[profile]), read_only=True) as db:
        comments = db.execute(
            "select schema_name || '.' || table_name, column_name, coalesce(comment, '') from duckdb_columns() "
            "where schema_name in ('marts', 'rapport')"
        ).fetchall()
    for table, column, comment in comments:
        if (said["descriptions"].get(table, {}).get(column) or "") != comment:
            found.append(f"{table}.{column}: described otherwise")
    return found


def main(root: Path, binaries: Path) -> int:
    home, found = Home(root.resolve()), []
    catalogue = load_catalogue(home)
    organisation = load_organisation(home, catalogue)
    with tempfile.TemporaryDirectory(prefix="millesime-superset-") as place:
        empty = Path(place) / "empty"
        empty.mkdir()
        environment = superset(empty, binaries)
        for profile, road, address in roads(home.published):
            folder, began = Path(place) / f"{profile}-{road}", time.monotonic()
            shutil.copytree(empty, folder)
            made = write_bundle(home, catalogue, organisation, profile, folder / "bundle.zip", address)
            said = answer(made.file, folder, binaries, environment | placed(folder))
            errors = wrong(said, made, home, profile)
            kinds = Counter(one["kind"] for one in said["answers"])
            rows = sum(one.get("rows", 0) for one in said["answers"])
            print(
                f"{profile}, {road}: {len(said['dashboard'])} dashboards, {len(said['dataset'])} datasets, {len(said['chart'])} charts "
                f"({', '.join(f'{n} {kind}' for kind, n in sorted(kinds.items()))}), {rows} rows, {len(errors)} errors, "
                f"{time.monotonic() - began:.0f} s",
                flush=True,
            )
            found += [f"{profile}, {road}: {error}" for error in errors]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
