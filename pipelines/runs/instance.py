"""The settings of a home's Dagster instance: those shipped today, or the home's own."""

import json
import re

import yaml

from pipelines import settings
from pipelines.disk import written_whole
from pipelines.settings import Home

MADE = "# Réécrit par chaque commande. Les réglages propres à ce dossier, s’il en a, sont dans son dagster.yaml.\n"
FOLDER = re.compile(r"\{ *env: *DAGSTER_HOME *\}|env: *DAGSTER_HOME\b")


def write_instance(home: Home) -> None:
    """Put ``dagster.yaml`` in DAGSTER_HOME, from the home's own or else the shipped one."""
    laid, text = home.dagster / "dagster.yaml", MADE + _settings(home)
    home.dagster.mkdir(parents=True, exist_ok=True, mode=0o700)
    if laid.exists() and laid.read_text(encoding="utf-8") == text:
        return
    with written_whole(laid) as file:
        file.write(text)


def _settings(home: Home) -> str:
    """With the folder itself instead of the variable that names it, which a command does not have."""
    own, shipped = home.root / "dagster.yaml", settings.shipped() / "dagster.yaml"
    text = (own if own.is_file() else shipped).read_text(encoding="utf-8")
    if settings.dagster_database() and not own.is_file():
        said = yaml.safe_load(text)
        del said["event_log_storage"]
        said["storage"] = {"postgres": {"postgres_url": {"env": settings.DAGSTER_URL}}}
        text = yaml.safe_dump(said, sort_keys=False)
    return FOLDER.sub(lambda _: json.dumps(str(home.dagster)), text)
