"""The budget as open data: what the schema requires, how a CFU is written, what is left out. Real files: tests/end_to_end."""

import csv
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines import settings
from pipelines.catalogue.organisation import Budget, Collectivite, Exercices, Organisation
from pipelines.stages.publish.scdl import SCHEMA, write_scdl
from tests.stages.publish.scdl import problems

COLUMNS = {
    "document_id": "2020/a.xml#1",
    "ligne_id": "2020/a.xml#1/1",
    "ligne": "1",
    "exercice": "2020",
    "siret": "21560046100010",
    "libelle_budget": "Budget, « principal »",
    "nature_decision": "budget primitif",
    "code_chapitre": "011",
    "libelle_chapitre": "Charges à caractère général",
    "compte": "6064",
    "libelle_compte": "Fournitures administratives",
    "code_fonction": None,
    "code_operation": None,
    "code_operation_tiers": None,
    "section": "fonctionnement",
    "type_operation": "réelle",
    "sens_budgetaire": "dépense",
    "realise_eur": None,
    "budget_precedent_eur": None,
    "restes_a_realiser_precedents_eur": None,
    "proposition_eur": None,
    "vote_eur": "1234.50",
    "credits_ouverts_eur": "1234.50",
    "restes_a_realiser_eur": None,
    "est_article_specialise": None,
    "est_compte_inconnu": "false",
}
TYPES = {"ligne": "bigint", "exercice": "integer", "est_article_specialise": "boolean", "est_compte_inconnu": "boolean"}


@pytest.fixture
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as db:
        yield db


def fill(db: duckdb.DuckDBPyConnection, *rows: dict[str, str | None]) -> None:
    kinds = [f"{name} {TYPES.get(name, 'decimal(18, 2)' if name.endswith('_eur') else 'varchar')}" for name in COLUMNS]
    db.execute(f"create schema marts; create table marts.fct_lignes_documents ({', '.join(kinds)})")
    for number, row in enumerate(rows):
        values = list((COLUMNS | {"ligne": str(number)} | row).values())
        db.execute(f"insert into marts.fct_lignes_documents values ({', '.join('?' * len(values))})", values)


def write(db: duckdb.DuckDBPyConnection, folder: Path) -> list[Path]:
    years = Exercices(premier=2020, dernier=2021)
    towns = [Collectivite(code_insee="94022", siren="219400223", nom="Choisy-le-Roi")]
    budgets = [Budget(siret="21560046100010", libelle="Budget, « principal »", nomenclature="M57")]
    organisation = Organisation(
        nom="Syndicat d’essai", sigle="SE", siren="123456782", exercices=years, collectivites=towns, budgets=budgets
    )
    return write_scdl(db, folder, organisation, "b1")


def lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_kind_of_document_is_one_of_the_schemas(db, tmp_path: Path) -> None:
    kinds = [
        "budget primitif",
        "décision modificative",
        "budget supplémentaire",
        "compte administratif",
        "compte financier unique",
    ]
    fill(db, *({"nature_decision": kind} for kind in kinds))
    write(db, tmp_path / "scdl")
    assert [line["BGT_NATDEC"] for line in lines(tmp_path / "scdl" / "budget_2020.csv")] == [
        *("budget primitif", "décision modificative", "budget supplémentaire"),
        *("compte administratif", "compte administratif"),  # the CFU, as the package says
    ]
    assert problems(tmp_path / "scdl") == []
    package = json.loads((tmp_path / "scdl" / "datapackage.json").read_text(encoding="utf-8"))
    assert "compte financier unique" in package["description"]


def test_amounts_have_a_point_a_missing_one_is_empty_and_text_is_quoted(db, tmp_path: Path) -> None:
    fill(db, {"realise_eur": "0", "est_article_specialise": "true", "type_operation": "ordre entre sections"})
    write(db, tmp_path / "scdl")
    (line,) = lines(tmp_path / "scdl" / "budget_2020.csv")
    assert (line["BGT_CREDOUV"], line["BGT_MTREAL"], line["BGT_MTRAR3112"]) == ("1234.50", "0.00", "")
    assert (line["BGT_NOM"], line["BGT_ARTSPE"], line["BGT_OPBUDG"]) == ("Budget, « principal »", "spécialisé", "ordre")
    assert (line["BGT_CONTNAT"], line["BGT_NATURE"]) == ("011", "6064")  # leading zeros stay


def test_it_holds_no_text_that_was_written_freely(db, tmp_path: Path) -> None:
    """Anybody may have the file: a name that nobody declared is not in it, nor a code that is none."""
    free = "Affaire Durand"
    fill(
        db,
        {
            "libelle_budget": free,
            "compte": free,
            "libelle_compte": None,
            "code_fonction": free,
            "code_operation": free,
            "code_operation_tiers": free,
        },
    )
    write(db, tmp_path / "scdl")
    (line,) = lines(tmp_path / "scdl" / "budget_2020.csv")
    assert "Durand" not in str(line)
    assert (line["BGT_NOM"], line["BGT_NATURE"], line["BGT_OPERATION"]) == (line["BGT_SIRET"], "", "")


def test_the_number_of_an_operation_is_kept_be_it_for_others(db, tmp_path: Path) -> None:
    fill(db, {"code_operation": "93"}, {"compte": "45411", "code_operation_tiers": "002"})
    write(db, tmp_path / "scdl")
    assert [line["BGT_OPERATION"] for line in lines(tmp_path / "scdl" / "budget_2020.csv")] == ["93", "002"]
    assert problems(tmp_path / "scdl") == []


def test_a_line_of_unknown_account_is_left_out_and_counted(db, tmp_path: Path) -> None:
    unknown = {"est_compte_inconnu": "true", "section": None, "code_chapitre": None, "libelle_chapitre": None}
    fill(db, {}, unknown)
    write(db, tmp_path / "scdl")
    assert len(lines(tmp_path / "scdl" / "budget_2020.csv")) == 1
    package = json.loads((tmp_path / "scdl" / "datapackage.json").read_text(encoding="utf-8"))
    assert package["resources"][0]["description"] == "Lignes de compte inconnu, non publiées : 1."


def test_documents_that_are_not_there_are_counted(db, tmp_path: Path) -> None:
    fill(db, {})
    db.execute(
        "create table marts.fct_collecte as select * from (values "
        "('budget/lignes', 2020, 'document', true, true, true), ('budget/lignes', 2020, 'document', false, true, false), "
        "('budget/lignes', 2020, 'document', true, false, null), ('budget/emprunts', 2020, 'document', true, false, false), "
        "('budget/lignes', 2020, 'livraison', true, false, false)) "
        "as pieces(source, exercice, nature_morceau, est_attendue, est_recue, est_acceptee)"
    )
    write(db, tmp_path / "scdl")
    package = json.loads((tmp_path / "scdl" / "datapackage.json").read_text(encoding="utf-8"))
    assert package["resources"][0]["description"] == "Documents attendus ou reçus qui n’y sont pas : 2."


def test_the_package_is_as_complete_as_that_of_an_export(db, tmp_path: Path) -> None:
    fill(db, {}, {"exercice": "2021"})
    write(db, tmp_path / "scdl")
    package = json.loads((tmp_path / "scdl" / "datapackage.json").read_text(encoding="utf-8"))
    assert package["$schema"].endswith("/2.0/datapackage.json") and package["licenses"][0]["name"] == "etalab-2.0"
    assert package["temporal"] == {"start": "2020-01-01", "end": "2021-12-31"} and package["frequency"] == "annual"
    assert package["spatial"]["zones"] == ["fr:commune:94022"] and package["keywords"] == [
        "budget",
        "comptes publics",
        "SCDL",
        "SE",
    ]
    assert package["contributors"] == [{"title": "Syndicat d’essai", "roles": ["publisher"]}]
    assert [one["title"] for one in package["resources"]] == ["Budget de l’exercice 2020", "Budget de l’exercice 2021"]
    for resource in package["resources"]:
        content = (tmp_path / "scdl" / resource["path"]).read_bytes()
        assert resource["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert (resource["bytes"], resource["rows"]) == (len(content), 1)
    assert problems(tmp_path / "scdl") == []


def test_an_account_that_its_vote_placed_is_labelled_by_its_number(db, tmp_path: Path) -> None:
    fill(db, {"compte": "651", "libelle_compte": None})
    write(db, tmp_path / "scdl")
    (line,) = lines(tmp_path / "scdl" / "budget_2020.csv")
    assert (line["BGT_NATURE"], line["BGT_NATURE_LABEL"]) == ("651", "651")
    assert problems(tmp_path / "scdl") == []


def test_one_file_an_exercice_and_none_without_budget(db, tmp_path: Path) -> None:
    assert write(db, tmp_path / "none") == []
    fill(db)
    assert write(db, tmp_path / "none") == []
    assert not (tmp_path / "none").exists()
    db.execute("drop schema marts cascade")
    fill(db, {"exercice": "2021"}, {"exercice": "2020"})
    written = write(db, tmp_path / "scdl")
    assert [path.name for path in written] == ["budget_2020.csv", "budget_2021.csv", "schema.json", "datapackage.json"]
    assert (tmp_path / "scdl" / "schema.json").read_bytes() == (settings.shipped() / SCHEMA).read_bytes()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"libelle_chapitre": None}, "BGT_CONTNAT_LABEL"),
        ({"siret": "21560046100011"}, "BGT_SIRET"),  # a wrong check digit
        ({"section": "Investissement"}, "BGT_SECTION"),
    ],
)
def test_the_validation_sees_what_is_wrong(db, tmp_path: Path, fault: dict, said: str) -> None:
    fill(db, fault)
    write(db, tmp_path / "scdl")
    assert any(said in problem for problem in problems(tmp_path / "scdl"))
