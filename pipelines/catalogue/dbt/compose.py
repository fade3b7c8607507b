"""Writes a home's single dbt project into its own folder: shipped files, the home's, which replace them, and generated ones.

    <home>/dbt/dbt_project.yml  profiles.yml  models/  macros/  tests/  target/

Only files whose bytes differ are written, each with a distinct time: dbt does not read a YAML file again if its time is
that of its last full reading, and loses the description of a model that is removed, then put back. That is why its
memory (``partial_parse.msgpack``) is deleted when the set of files changes.
"""

import importlib.metadata
import json
from pathlib import Path
from typing import Any

from pipelines.catalogue.dbt.generated import generated, yaml_text
from pipelines.catalogue.dbt.project import COMPOSED, PROJECT_FILE
from pipelines.catalogue.diff import note_upstream
from pipelines.catalogue.fields import described
from pipelines.catalogue.fingerprint import engine_version, fingerprint
from pipelines.catalogue.load import Catalogue, load_catalogue
from pipelines.catalogue.needs import check
from pipelines.catalogue.overlay import Thing
from pipelines.disk import files_below, read_json, written_whole
from pipelines.locking import one_at_a_time
from pipelines.settings import Home, memory, shipped

MARK = "composed"  # in target/: what the project was composed from
NOT_OURS = {"target", "logs", ".user.yml", ".lock"}  # what dbt writes beside the files
PROFILE = "rapport_activite"
# dbt's targets: the warehouse being built, an analyst's own, and the tables that Spark makes for the first
ENTREPOT, ANALYSTE, SPARK = "entrepot", "analyste", "spark"


def compose(catalogue: Catalogue, home: Home) -> str:
    """Bring the home's dbt project up to date with its catalogue; return the hash of its files. Raises DeclarationError.

    Nothing is done when neither its inputs nor any of its files have changed since. The hash is the same wherever the
    home is: the profile, which names its folders, changes nothing of what dbt reads.
    """
    mark = home.dbt / "target" / MARK
    with one_at_a_time(home.dbt):
        versions = [catalogue.fingerprint, engine_version(), importlib.metadata.version("dbt-core")]
        identity = fingerprint([*versions, str(home.root)])
        try:
            known: dict[str, str] = read_json(mark)
        except (OSError, ValueError):
            known = {}
        if known.get("identity") == identity and known.get("stamp") == _stamp(home.dbt):
            return known["files"]
        check(catalogue)
        mark.unlink(missing_ok=True)
        files = project_files(catalogue)
        _bring(home.dbt, {**files, "profiles.yml": yaml_text(_profile(home))})
        note_upstream(catalogue, home)
        made = {"identity": identity, "stamp": _stamp(home.dbt), "files": fingerprint(files)}
        with written_whole(mark) as file:
            json.dump(made, file)
    return made["files"]


def complete() -> None:
    """Write in the shipped folder what follows from the shipped catalogue: for ``make setup``, and never for a run."""
    _bring(shipped() / "dbt_project", generated(load_catalogue()), COMPOSED)


def _stamp(folder: Path) -> str:
    """A stamp that changes if somebody touches a file of the composed project."""
    files = ((path, path.stat()) for path in _present(folder))
    return fingerprint([(str(path), stat.st_mtime_ns, stat.st_size) for path, stat in files])


def project_files(catalogue: Catalogue) -> dict[str, str]:
    """Path in the project → text of every file but the profile."""
    project, fields = catalogue.project, catalogue.fields
    written = {PROJECT_FILE: project.project_file, **generated(catalogue)}
    for overlay in (project.models, project.tests, project.macros):
        written |= {project.folder_of[thing.path].as_posix(): thing.data for thing in overlay}
    files: dict[str, dict[str, Any]] = {}  # a home's file adds to the shipped one of the same name

    def file_of(thing: Thing) -> dict[str, Any]:
        return files.setdefault(project.folder_of[thing.path].as_posix(), {})

    for thing in project.said:
        file_of(thing).setdefault("models", []).append(described(thing.data, fields))
    for thing in project.sources:
        sources = file_of(thing).setdefault("sources", {})
        sources.setdefault(thing.data["source"]["name"], {**thing.data["source"], "tables": []})["tables"].append(
            described(thing.data["table"], fields)
        )
    for thing in project.others:
        file_of(thing).setdefault(thing.name.partition(".")[0], []).append(thing.data)
    for path, content in files.items():
        if "sources" in content:
            content["sources"] = list(content["sources"].values())
        written[path] = yaml_text({"version": 2, **content})
    return written


def _profile(home: Home) -> dict[str, Any]:
    """The files are written out: a changing variable would make dbt read the whole project again."""

    threads = "{{ env_var('MILLESIME_THREADS', '2') | as_number }}"

    def output(path: Path) -> dict[str, Any]:
        limit = f"{{{{ env_var('MILLESIME_MEMORY', '{memory.usual}') }}}}MB"
        return {
            "type": "duckdb",
            "path": str(path),
            "threads": threads,
            "keep_open": True,
            # a reader that briefly holds the file makes dbt wait, not fail
            "retries": {"connect_attempts": 5, "retryable_exceptions": ["IOException"]},
            # when the file is opened, and not again for each node; no network, ever
            "config_options": {
                "threads": threads,
                "memory_limit": limit,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
        }

    outputs = {
        ANALYSTE: output(home.warehouse_analyst),
        ENTREPOT: output(home.warehouse_next),
        SPARK: {"type": "spark", "method": "session", "host": "NA", "schema": "main", "threads": threads},
    }
    return {PROFILE: {"target": ANALYSTE, "outputs": outputs}}


def _bring(folder: Path, files: dict[str, str], below: str = "") -> None:
    """Make a project, or the part of it that is ``below``, contain exactly these files."""
    former = {path.relative_to(folder).as_posix() for path in _present(folder / below)}
    for name, text in files.items():
        path = folder / name
        content = text.encode()
        if name not in former or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    for name in former - files.keys():
        (folder / name).unlink()
    if former != files.keys():
        for parsed in (folder / "target").rglob("partial_parse.msgpack"):
            parsed.unlink()


def _present(folder: Path) -> list[Path]:
    places = [path for path in folder.iterdir() if path.name not in NOT_OURS] if folder.exists() else []
    below = (Path(file) for place in places for file in files_below(place))
    return sorted([*filter(Path.is_file, places), *below])
