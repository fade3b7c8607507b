"""An unreadable cell that no figure needs never causes a refusal, since a sealed budget document cannot be corrected."""

from pathlib import Path

import pytest

from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.organisation import Organisation
from pipelines.catalogue.source_grammar import Field
from pipelines.evidence.findings import gather
from pipelines.ledger.store import open_ledger
from pipelines.ledger.workspace import Workspace
from pipelines.runs.collect import collect
from pipelines.settings import Home
from pipelines.sql import parquet_scan
from tests.deliveries import FIELDS, Depot
from tests.stages.ingest.budget_documents import SIRET, budget, document, line, loan

ORGANISATION = Organisation(
    nom="Essai", sigle="E", siren="210000006", exercices={"premier": 2020, "dernier": 2020}, systemes=["budget"]
)
HEADER = "Code;Libellé;Montant;Jour\n"


def test_a_cell_that_no_figure_needs_is_reported_and_refuses_nothing(depot: Depot) -> None:
    import duckdb

    fields = [FIELDS[0], FIELDS[1] | {"constraints": {"pattern": "[a-z]+"}}, *FIELDS[2:]]
    depot.declare([fields[0], *({**field, "informative": True} for field in fields[1:])])
    read = depot.csv(HEADER + "A1;UN;douze;32/01/2020\nA2;deux;2,00;01/02/2020\n;trois;3,00;\n")
    assert read.counts == (4, 2, 1, 1)  # with the header
    assert next((row["libelle"], row["montant"], row["jour"]) for row in read.rows) == ("UN", None, None)
    assert [row["regle"] for row in read.refused] == ["LIG-OBLIGATOIRE"]
    counts = read.manifest.tables["lignes"]
    assert sorted(counts.compagnons) == [".ignores.parquet", ".illisibles.parquet", ".refus.parquet"]
    unread = (depot.home.lake / counts.parquet).with_suffix(".illisibles.parquet")
    assert duckdb.sql(f"select _ligne, colonne, recu from {parquet_scan(unread)} order by position").fetchall() == [
        (2, "Libellé", "UN"),
        (2, "Montant", "douze"),
        (2, "Jour", "32/01/2020"),
    ]


@pytest.mark.parametrize("more", [{"constraints": {"required": True}}, {"personal": "drop"}])
def test_what_is_needed_is_not_informative(more: dict) -> None:
    with pytest.raises(ValueError, match="informative"):
        Field.model_validate({"name": "code", "title": "Code", "informative": True, **more})


def test_a_declaration_without_such_a_field_keeps_the_identity_of_its_deliveries(depot: Depot) -> None:
    ref = depot.declare(FIELDS)
    assert all("informative" not in field for field in ref.layout(2020)["tables"][0]["fields"])


def test_a_sealed_budget_document_counts_whatever_its_heading_says(tmp_path: Path) -> None:
    content = (
        document(budget("09", 2020, [line("6064", "D", MtReal="8.50", MtPropNouv="à voir")], kind="A", loans=[loan()]))
        .replace(b'<LibelleEtab V="Essai A"/>', b'<LibelleEtab V="Essai A"/><CodInseeColl V="210000006"/>')
        .replace(b'<CodTypBud V="A"/>', b'<CodTypBud V="A"/><IdEtabPal V="2100000060001"/>')
        .replace(b'<DteStr V="2020-01-01"/>', b'<DteStr V="01/01/2020"/>')
        .replace(b'<CodTypEmpr V="01"/>', b'<CodTypEmpr V="01"/><TxActua V="1,5 %"/>')
        .replace(
            b"<Annexes>",
            b'<Annexes><DATA_CONSOLIDATION><CONSOLIDATION><CodInvFonc V="T"/><CodRD V="D"/><MtCredOuv V="-"/>'
            b"</CONSOLIDATION></DATA_CONSOLIDATION>",
        )
    )
    home = Home(tmp_path / "home")
    folder = home.landing / "2020" / "budget"
    folder.mkdir(parents=True)
    (folder / "ca.xml").write_bytes(content)
    with open_ledger(home) as ledger:
        work = Workspace(home, ledger, load_catalogue(), ORGANISATION)
        done = collect(work, work.registry.export_of("budget/documents"), 2020)
        assert done.status == "accepted"
        tables = ledger.current()["budget/documents", 2020].manifest.tables
        assert {name: (t.acceptees, t.refusees) for name, t in tables.items()} == {
            "documents": (1, 0),
            "lignes": (1, 0),
            "emprunts": (1, 0),
            "consolidations": (1, 0),
        }
        found = {
            (one.ou, one.cle): (one.severity, one.fichier, one.recu)
            for one in gather(work)
            if one.code == "LIG-INFORMATIF"
        }
    assert found == {
        ("budget/documents", "CodInseeColl"): ("alerte", "ca.xml", "210000006"),
        ("budget/documents", "IdEtabPal"): ("alerte", "ca.xml", "2100000060001"),
        ("budget/documents", "DteStr"): ("alerte", "ca.xml", "01/01/2020"),
        ("budget/lignes", "MtPropNouv"): ("alerte", "ca.xml", "à voir"),
        ("budget/emprunts", "TxActua"): ("alerte", "ca.xml", "1,5 %"),
        ("budget/consolidations", "MtCredOuv"): ("alerte", "ca.xml", "-"),
    }


@pytest.mark.parametrize("heading", ["IdEtab", "Nomenclature", "NatDec"])
def test_what_the_computation_needs_still_refuses(tmp_path: Path, heading: str) -> None:
    content = document(budget("09", 2020, [line("6064", "D", MtReal="8.50")]))
    value = {"IdEtab": SIRET, "Nomenclature": "M14-M14_COM_SUP3500", "NatDec": "09"}[heading]
    home = Home(tmp_path / "home")
    folder = home.landing / "2020" / "budget"
    folder.mkdir(parents=True)
    (folder / "ca.xml").write_bytes(
        content.replace(f'<{heading} V="{value}"/>'.encode(), f'<{heading} V=""/>'.encode())
    )
    with open_ledger(home) as ledger:
        work = Workspace(home, ledger, load_catalogue(), ORGANISATION)
        assert collect(work, work.registry.export_of("budget/documents"), 2020).refused
