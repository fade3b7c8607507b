"""The page for the data protection officer lists every personal column that is declared, and every retention."""

from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.registry import Registry
from pipelines.settings import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "rgpd.md"
HEADING = (
    "| système | table | originaux gardés | écartée | pseudonyme | tranche | gardée |\n|---|---|---|---|---|---|---|\n"
)
KINDS = ("drop", "pseudonymise", "generalise", "keep")
# nothing in their exports tells of a person
FREE = {
    *("absences", "budget", "published_reports", "multifact", "projets"),
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
