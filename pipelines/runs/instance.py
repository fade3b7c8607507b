"""The settings of a home's Dagster instance: those shipped today, or the home's own."""

import os
from pathlib import Path

from pipelines import settings
from pipelines.disk import written_whole
from pipelines.settings import Home

MADE = "# Réécrit par chaque commande. Les réglages propres à ce dossier, s’il en a, sont dans son dagster.yaml.\n"


def point_at(home: Home) -> None:
    """Have Dagster work on the instance of this home, in this process and its children."""
    os.environ["DAGSTER_HOME"] = str(home.dagster)
    if address := settings.dagster_database():
        os.environ[settings.DAGSTER_URL] = address  # its settings read a variable, not a file


def write_instance(home: Home) -> None:
    """Put ``dagster.yaml`` in DAGSTER_HOME, from the home's own or else the shipped one.

    Older homes held a copy, which upgrades did not change: it is kept beside, as ``dagster.yaml.before``.
    """
    home.dagster.mkdir(parents=True, exist_ok=True, mode=0o700)
    own, laid = home.root / "dagster.yaml", home.dagster / "dagster.yaml"
    text = MADE + (own.read_text(encoding="utf-8") if own.is_file() else _shipped(settings.shipped() / "dagster.yaml"))
    there = laid.read_text(encoding="utf-8") if laid.exists() else None
    if there == text:
        return
    if there is not None and not there.startswith(MADE):
        laid.rename(laid.with_name("dagster.yaml.before"))
    with written_whole(laid) as file:
        file.write(text)


def _shipped(file: Path) -> str:
    """The shipped settings, with PostgreSQL storage instead of files when it is configured."""
    text = file.read_text(encoding="utf-8")
    if not settings.dagster_database():
        return text
    import yaml

    said = yaml.safe_load(text)
    del said["event_log_storage"]
    said["storage"] = {"postgres": {"postgres_url": {"env": settings.DAGSTER_URL}}}
    return yaml.safe_dump(said, sort_keys=False)
