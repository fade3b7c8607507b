"""A debtor that is a member is replaced by its code, and no other debtor's name is in the lake."""

from collections.abc import Iterator

import pytest

from pipelines.catalogue.sources import ExportRef
from pipelines.stages.ingest.delivery import delivery_id
from tests.deliveries import KEY, ORGANISATION, Depot

FIELDS = [
    {"name": "numero", "title": "Numéro", "constraints": {"required": True}},
    {"name": "code_collectivite", "title": "Débiteur", "personal": "member"},
]
MEMBERS = """\
collectivites:
  - {siren: "123456790", nom: Le Faou, type: syndicat, alias: [Faou], debiteur: ["Commune du Faou", "Cté d’Œuvres"]}
  - {siren: "123456808", nom: Plouër, type: syndicat}
"""
CELLS = [
    "COMMUNE DU FAOU",
    "commune  du faou",
    "Cte d'oeuvres",
    "Faou",
    "Le Faou",
    "Mme ZZCANARI",
    "",
    "Plouër",
    "\x07ZZ",
]


@pytest.fixture
def declared(depot: Depot) -> Iterator[ExportRef]:
    depot.declare(FIELDS)
    depot.organise()
    depot.home.organisation_file.write_text(ORGANISATION + MEMBERS, encoding="utf-8")
    yield _applied(depot)


def _applied(depot: Depot) -> ExportRef:
    depot.ref = depot.organisation.applied(depot.registry()).export_of("essai/export")
    return depot.ref


def test_only_the_spellings_of_debtors_name_a_member(depot: Depot, declared: ExportRef) -> None:
    read = depot.csv("Numéro;Débiteur\n" + "".join(f"{n};{cell}\n" for n, cell in enumerate(CELLS)))
    member, others = "123456790", "autres"
    assert read.column("code_collectivite") == [*[member] * 3, *[others] * 3, None, others, others]
    kept = b"".join(depot.lake_files().values())
    assert b"ZZCANARI" not in kept and b"FAOU" not in kept.upper()


def test_another_spelling_is_another_reading_and_another_alias_is_not(depot: Depot, declared: ExportRef) -> None:
    def identity(members: str) -> str:
        depot.home.organisation_file.write_text(ORGANISATION + members, encoding="utf-8")
        return delivery_id(_applied(depot), 2020, [], KEY)

    first = identity(MEMBERS)
    assert identity(MEMBERS.replace("[Faou]", "[Fao]")) == first
    assert identity(MEMBERS.replace("Commune du", "Mairie du")) != first


def test_where_no_member_is_named_all_are_others(depot: Depot) -> None:
    depot.declare(FIELDS)
    assert depot.csv("Numéro;Débiteur\n1;Commune du Faou\n").column("code_collectivite") == ["autres"]
