"""The page for the data protection officer lists every personal column that is declared, and every retention."""

import re
from pathlib import Path

from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.organisation import Conservation
from pipelines.catalogue.sources import Registry
from pipelines.settings import PROJECT_ROOT, Home, Place

PAGE = PROJECT_ROOT / "docs" / "rgpd.md"
HEADING = "| système | table | originaux gardés | écartée | pseudonyme | tranche | membre | gardée |\n|---|---|---|---|---|---|---|---|\n"
KINDS = ("drop", "pseudonymise", "generalise", "member", "keep")
# nothing in their exports is about a person
FREE = {
    *("absences", "budget", "comparaison", "published_reports", "multifact", "projets"),
    *("journal_elections", "journal_formations"),
    *("editique", "reseau", "sauvegardes", "stockage", "teams"),
}
UNITS = {"Y": ("an", "ans"), "M": ("mois", "mois")}


def duration(text: str) -> str:
    """``P5Y`` → ``5 ans``."""
    number, unit = int(text[1:-1]), text[-1]
    return f"{number}\u00a0{UNITS[unit][number > 1]}"


def rows(registry: Registry) -> str:
    """The table, from the declarations."""
    lines = []
    for ref in registry.exports():
        for table in ref.export.tables:
            if table.has_personal_data:
                columns = [", ".join(f.title for f in table.fields if f.personal == kind) or "—" for kind in KINDS]
                kept = duration(ref.export.retention or ref.system.retention)
                lines.append(f"| {ref.system.title} | {table.name} | {kept} | {' | '.join(columns)} |\n")
    return HEADING + "".join(lines)


def test_the_list_of_personal_columns_is_that_of_the_declarations():
    text = PAGE.read_text(encoding="utf-8")
    assert HEADING in text
    assert text[text.index(HEADING) :] == rows(load_catalogue().registry)


def test_systems_without_personal_columns_are_few_and_known():
    registry = load_catalogue().registry
    personal = {ref.system.system for ref in registry.exports() for t in ref.export.tables if t.has_personal_data}
    free = set(registry.systems) - personal
    assert free == FREE


# retention ------------------------------------------------------------


def lines(start: str) -> list[list[str]]:
    """The cells of the rows of the table whose heading begins so."""
    text = PAGE.read_text(encoding="utf-8").partition(f"\n{start}")[2]
    table = text.partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def test_the_terms_are_those_of_the_rules_and_of_what_an_organisation_declares():
    rows_, rules = lines("| règle |"), load_catalogue().rules
    assert {code.strip("`") for code, _, _ in rows_} == {code for code in rules if code.startswith("CONS-")}
    usual = {name: field.default for name, field in Conservation.model_fields.items()}
    said = {}
    for _, _, term in rows_:
        if found := re.match(r"`(\w+)` : (\d+) (mois|ans?)", term):
            said[found[1]] = f"P{found[2]}{'M' if found[3] == 'mois' else 'Y'}"
    assert said == usual


def test_each_risk_has_a_test_that_is_there():
    proofs = [proof.strip("`") for _, _, proof in lines("| risque |")]
    assert len(proofs) > 10 and [one for one in proofs if not (PROJECT_ROOT / one).is_file()] == []


def test_the_places_of_a_home_are_listed():
    """Every file and folder of a home, as the program names them, is in the table of personal data."""
    home = Home(Path("/maison"))
    named = [name for name, member in vars(Home).items() if isinstance(member, Place)]
    places = {getattr(home, name).relative_to(home.root).parts[0] for name in named}
    told = " ".join(place for place, *_ in lines("| dossier | contenu |"))
    assert len(places) > 15 and [one for one in places if not re.search(rf"`{re.escape(one)}[/`]", told)] == []
