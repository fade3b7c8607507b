"""A file whose name may contain a person's is shown by its pattern and the beginning of its SHA-256."""

import pytest

from pipelines.catalogue.shown_name import anonymous_name, shown_name, shown_names
from pipelines.catalogue.source_grammar import Export

SHA = "0123456789abcdef" * 4


def export(files: str, *, nominative: bool = True) -> Export:
    table = {"name": "t", "title": "T", "header": {2020: {"a": "A"}}, "fields": [{"name": "a", "title": "A"}]}
    kind = {"type": "csv", "encoding": "utf-8", "delimiter": ";"}
    return Export.model_validate(
        {"name": "e", "title": "E", "files": files, "nominative": nominative, "format": kind, "tables": [table]}
    )


@pytest.mark.parametrize(
    ("pattern", "shown"),
    [
        ("fiche_*.pdf", "fiche_0123456789ab.pdf"),
        ("*", "0123456789ab"),
        ("/*_paie_*.csv", "0123456789ab_paie_.csv"),
        ("agent_[0-9]?*_2020.csv", "agent_0123456789ab_2020.csv"),
        ("liste.csv", "liste.csv"),
    ],
)
def test_the_shown_name_has_nothing_of_the_name(pattern, shown):
    assert shown_name(export(pattern), "fiche_DURAND Anne_paie_2020.csv", SHA) == shown
    assert shown_name(export(pattern), shown, SHA) == shown  # a name that is shown already stays
    assert shown_name(export(pattern, nominative=False), "fiche.csv", SHA) == "fiche.csv"


def test_two_files_with_the_same_bytes_get_different_names():
    files = [("a_DURAND.csv", SHA), ("a_MARTIN.csv", SHA), ("a_X.csv", "f" * 64)]
    assert shown_names(export("a_*.csv"), files) == [
        "a_0123456789ab.csv",
        "a_0123456789ab.csv (2)",
        "a_ffffffffffff.csv",
    ]


def test_what_no_declaration_takes_keeps_its_extension():
    assert anonymous_name("Durand Anne.xlsx", SHA) == "0123456789ab.xlsx"
    for name in ("Durand.Éa", "Fiche de M. Durand", "Fiche Mme.Petit", "paie.Paul", ".csv"):
        assert anonymous_name(name, SHA) == "0123456789ab"


def test_no_field_is_read_from_a_name_that_may_bear_a_person():
    header = {2020: {"a": {"file": "(.*)"}, "b": "B"}}
    fields = [{"name": "a", "title": "A"}, {"name": "b", "title": "B"}]
    table = {"name": "t", "title": "T", "header": header, "fields": fields}
    kind = {"type": "csv", "encoding": "utf-8", "delimiter": ";"}
    with pytest.raises(ValueError, match="nominative: aucune colonne"):
        Export.model_validate(
            {"name": "e", "title": "E", "files": "*", "nominative": True, "format": kind, "tables": [table]}
        )
