"""The shipped list of communes and groupements (``catalogue/reference/collectivites.csv.gz``): who the members of a body are.

It only proposes, to whoever writes ``organisation.yml``: nothing reads it afterwards. It holds communes and groupements à
fiscalité propre, and the établissements publics territoriaux; a syndicate is not in it, and its members are given one by one.
"""

from collections.abc import Iterable

from pipelines import settings
from pipelines.catalogue.organisation import Collectivite
from pipelines.sql import literal

SOURCE = "liste Etalab de 2026, population municipale de 2023"  # what the file says; its README how it was made
YEAR_OF_POPULATION = 2023


def members_of(siren: str) -> list[Collectivite]:
    """The communes of a groupement of the list, by code Insee; none when it is not in it."""
    return _bodies(f"list_contains(string_split(groupements, ' '), {literal(siren)})")


def bodies(codes: Iterable[str]) -> list[Collectivite]:
    """The communes and groupements of these SIREN or codes Insee, communes first; those that are not in the list are left out."""
    wanted = ", ".join(literal(code) for code in codes)
    return _bodies(f"siren in ({wanted}) or code_insee in ({wanted})") if wanted else []


def _bodies(condition: str) -> list[Collectivite]:
    import duckdb

    path = settings.shipped() / "catalogue" / "reference" / "collectivites.csv.gz"
    if not path.is_file():  # declarations of somebody's own, without the list
        return []
    with duckdb.connect() as db:
        rows = db.execute(
            f"select code_insee, siren, nom, type, cast(population as integer) from read_csv({literal(path)}, all_varchar = true) "
            f"where {condition} order by code_insee nulls last, siren"
        ).fetchall()
    found = []
    for code, siren, name, kind, population in rows:
        said = {"code_insee": code, "siren": siren, "nom": name, "type": kind}
        if population:
            said |= {"population": population, "annee_population": YEAR_OF_POPULATION}
        found.append(Collectivite.model_validate(said))
    return found
