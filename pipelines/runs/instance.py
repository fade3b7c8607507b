"""The settings of a home's Dagster instance: those that are shipped today, or the home's own."""

from pipelines import settings
from pipelines.disk import written_whole
from pipelines.settings import Home

MADE = "# Written anew by each command. The home's own settings of Dagster, if any, are in dagster.yaml of the home.\n"


def write_instance(home: Home) -> None:
    """Lay ``dagster.yaml`` in DAGSTER_HOME, from that of the home or else the shipped one.

    A home of before held a copy, which stayed as it was whatever the program became: it is kept beside, as ``dagster.yaml.before``.
    """
    home.dagster.mkdir(parents=True, exist_ok=True, mode=0o700)
    own, laid = home.root / "dagster.yaml", home.dagster / "dagster.yaml"
    text = MADE + (own if own.is_file() else settings.shipped() / "dagster.yaml").read_text(encoding="utf-8")
    there = laid.read_text(encoding="utf-8") if laid.exists() else None
    if there == text:
        return
    if there is not None and not there.startswith(MADE):
        laid.rename(laid.with_name("dagster.yaml.before"))
    with written_whole(laid) as file:
        file.write(text)
