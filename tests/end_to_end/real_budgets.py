"""A home that receives real budget documents."""

from pathlib import Path

from tests.end_to_end.conftest import millesime

DOCUMENTS = Path(__file__).parents[1] / "fixtures" / "budget"
OURS, MOHON = b"21560046100028", b"21560134500014"  # the former a SIRET of Crac’h’s SIREN that no document bears


def make_home(home: Path) -> None:
    """A home of one organisation that received each document in its year."""
    named = ("--name", "Communes réelles", "--sigle", "REEL", "--siren", "215600461")
    made = millesime(home, "init", str(home), *named, "--first", "2021", "--last", "2023", "--system", "budget")
    assert made.returncode == 0, made.stderr
    for path in DOCUMENTS.glob("*.xml"):
        year = path.stem.rsplit("_", 1)[1]
        if year.isdigit():
            folder = home / "landing" / year / "budget"
            folder.mkdir(parents=True, exist_ok=True)
            ours = path.read_bytes().replace(MOHON, OURS)  # one organisation for both
            (folder / path.name).write_bytes(ours)
