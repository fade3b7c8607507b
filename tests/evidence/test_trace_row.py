"""From a row of a table to its lines, and from a line to the rows that it feeds, on a small year."""

import json
from decimal import Decimal

import duckdb
import pytest

from pipelines.address import Address, figure, of_row
from pipelines.evidence.fate_of_line import trace_line
from pipelines.evidence.trace_row import trace_row
from pipelines.evidence.traced_rows import NotTraceable, Version

TABLE = """\
select
    cast(exercice as integer) as exercice,
    case when grouping(nature) = 1 then 'toutes' else nature end as nature,
    cast(count(*) as bigint) as nb_ventes,
    cast(sum(montant_eur) as decimal(18, 2)) as montant_eur
from {{ ref('fct_factures') }}
group by grouping sets ((exercice, nature), (exercice))
"""
FACT = "select * from {{ ref('int_fct_factures') }} where poids = 1\n"
ROWS = "(2019, 'a', 1, 10.5), (2019, 'b', 1, 4), (2019, 'toutes', 2, 14.5)"


@pytest.fixture
def table(year, declared):
    """The year, with a table of its sales."""
    bench, version = year
    declared.write("dbt_project/models/marts/fct_factures.sql", FACT)
    declared.write("dbt_project/models/rapport/rpt_ventes.sql", TABLE)
    key = {"unique_combination_of_columns": {"arguments": {"combination_of_columns": ["exercice", "nature"]}}}
    entry = {"name": "rpt_ventes", "description": "Les ventes.", "data_tests": [key]}
    declared.write("dbt_project/models/rapport/_rapport__models.yml", {"version": 2, "models": [entry]})
    lay(version, ROWS)
    return bench, Version(version.name, version.place, bench.catalogue, version.manifests, 2019)


def lay(version: Version, rows: str) -> None:
    columns = "exercice, nature, nb_ventes::bigint as nb_ventes, montant_eur::decimal(18, 2) as montant_eur"
    values = f"select {columns} from (values {rows}) as t(exercice, nature, nb_ventes, montant_eur)"
    duckdb.sql(f"copy ({values}) to '{version.place / 'rapport' / 'rpt_ventes.parquet'}' (format parquet)")


def traced(table, **key: str):
    bench, version = table
    with bench.ledger() as ledger:
        return trace_row(ledger, version, Address("rpt_ventes", tuple(key.items()), 2019))


def test_a_row_is_given_back_by_its_lines_and_shows_those_set_aside(table):
    found = traced(table, nature="b")
    assert (found.cle, found.description, found.agrees) == ({"nature": "b"}, "Les ventes.", True)
    assert [(one.colonne, one.valeur, one.recalcul) for one in found.cellules if one.est_recalculee] == [
        ("nb_ventes", 1, 1),
        ("montant_eur", Decimal("4.00"), Decimal("4.00")),
    ]
    (behind,) = found.derriere
    assert (behind.relation, behind.colonne, behind.non_situees) == ("int_fct_factures", "montant_eur", [])
    assert [(line.ligne, line.compte, line.apport, line.double_de) for line in behind.lignes] == [
        (3, True, Decimal(4), None),
        (4, False, Decimal(0), "a.csv:2"),
    ]
    assert [source.export for source in found.sources] == ["ventes/ventes"]


def test_a_row_of_all_values_has_the_lines_of_all(table):
    found = traced(table, nature="toutes")
    assert [line.ligne for line in found.derriere[0].lignes if line.compte] == [2, 3] and found.agrees


def test_rows_that_one_address_names_are_added_up_and_each_given_back_by_its_lines(table):
    lay(table[1], "(2019, 'a', 1, 10.5), (2019, 'b', 1, 4)")
    found = traced(table, exercice="2019")
    assert (found.rangs, found.cle, found.agrees) == (2, {"exercice": "2019"}, True)
    assert [(one.valeur, one.recalcul) for one in found.cellules if one.est_recalculee] == [
        (2, 2),
        (Decimal("14.5"),) * 2,
    ]
    (behind,) = found.derriere
    assert [line.ligne for line in behind.lignes if line.compte] == [2, 3] and "' or '" not in behind.demande
    assert next(one for one in found.cellules if one.colonne == "nature").valeur is None
    lay(table[1], "(2019, 'a', 1, 10.5), (2019, 'b', 1, 5)")
    assert not traced(table, exercice="2019").agrees


def test_a_row_that_its_lines_do_not_give_is_reported(table):
    lay(table[1], "(2019, 'a', 1, 10.5), (2019, 'b', 1, 5)")
    assert not traced(table, nature="b").agrees and traced(table, nature="a").agrees


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            Address("rpt_vente", (), 2019),
            "aucune table « rpt_vente » dans rapport ; vouliez-vous dire « rpt_ventes » ?",
        ),
        (
            Address("rpt_ventes", (("natur", "a"),), 2019),
            "n’a pas de colonne « natur » ; vouliez-vous dire « nature » ?",
        ),
        (Address("rpt_ventes", (("nature", "z"),), 2019), "n’a nature=z en 2019 ; il y a a, b, toutes"),
        (Address("rpt_ventes", (("nature", "a"),), 2018), "n’a nature=a en 2018"),
        (Address("rpt_ventes", (("nature", "a"), ("nb_ventes", "2")), 2019), "aucune ligne de rpt_ventes ne répond"),
        (
            Address("rpt_ventes", (), 2019),
            "3 lignes de rpt_ventes répondent à cette demande ; en choisir une :\n  nature=a\n",
        ),
    ],
)
def test_what_names_no_row_or_several_is_refused_in_french(table, asked: Address, said: str):
    bench, version = table
    with bench.ledger() as ledger, pytest.raises(NotTraceable) as refused:
        trace_row(ledger, version, asked)
    assert said in str(refused.value).replace("\u202f", " ")


def test_an_address_says_its_command(table):
    assert figure("rh.effectif.total", 2020).command == "millesime trace rh.effectif.total 2020"
    row = {"exercice": 2019, "nature": "d’eau", "est_ouverte": True, "ville": None}
    address = of_row("rpt_ventes", row, ["exercice", "nature", "est_ouverte", "ville"], 2020)
    assert address.command == "millesime trace rpt_ventes 'nature=d’eau' est_ouverte=true ville= 2019"


def test_the_command_shows_a_row_and_answers_as_for_a_figure(table, monkeypatch):
    bench, version = table
    monkeypatch.setattr("pipelines.cli.tracing._version", lambda session, release: version)
    done = bench.millesime("trace", "rpt_ventes", "nature=b", "2019")
    assert done.exit_code == 0 and "retrouvé" in done.output and "ventes_2019.csv:3" in done.output
    assert json.loads(bench.millesime("trace", "rapport.rpt_ventes", "nature=b", "2019", "--format", "json").output)[
        "est_egal"
    ]
    assert (
        "int_fct_factures;ventes/ventes"
        in bench.millesime("trace", "rpt_ventes", "nature=b", "2019", "--format", "csv").output
    )
    refused = bench.millesime("trace", "rpt_ventes", "nature=z", "2019")
    assert refused.exit_code == 2 and "il y a a, b, toutes" in refused.output
    lay(version, "(2019, 'b', 1, 5)")
    done = bench.millesime("trace", "rpt_ventes", "nature=b", "2019")
    assert done.exit_code == 1 and "≠ Les lignes ne redonnent pas" in done.output


def test_a_line_names_the_rows_that_it_feeds(table):
    bench, version = table
    with bench.ledger() as ledger:
        (fed,) = trace_line(bench.home, ledger, version, "ventes_2019.csv", 2)
    assert [(one.table, one.cle, one.parmi) for one in fed.tableaux] == [
        ("rpt_ventes", {"nature": "a"}, 1),
        ("rpt_ventes", {"nature": "toutes"}, 1),
    ]
    assert fed.tableaux[0].commande == "millesime trace rpt_ventes nature=a 2019"


def test_a_line_that_does_not_say_which_row_it_feeds_says_among_how_many(table, declared):
    bench, version = table
    sql = "select exercice, nature, row_number() over () as rang, montant_eur from {{ ref('fct_factures') }}\n"
    declared.write("dbt_project/models/rapport/rpt_ventes.sql", sql)
    key = {
        "unique_combination_of_columns": {"arguments": {"combination_of_columns": ["exercice", "nature", "nb_ventes"]}}
    }
    entry = {"version": 2, "models": [{"name": "rpt_ventes", "data_tests": [key]}]}
    declared.write("dbt_project/models/rapport/_rapport__models.yml", entry)
    lay(version, "(2019, 'a', 1, 10.5), (2019, 'a', 2, 10.5)")
    ranked = Version(version.name, version.place, bench.catalogue, version.manifests, 2019)
    with bench.ledger() as ledger:
        (fed,) = trace_line(bench.home, ledger, ranked, "ventes_2019.csv", 2)
    assert [(one.cle, one.parmi) for one in fed.tableaux] == [({"nature": "a"}, 2)]


def test_the_command_of_a_line_lists_its_rows(table, monkeypatch):
    bench, version = table
    monkeypatch.setattr("pipelines.cli.tracing._version", lambda session, release: version)
    asked = ("trace", "--file", "ventes_2019.csv", "--line", "2")
    shown, told = bench.millesime(*asked).output, bench.millesime(*asked, "--format", "csv").output
    assert "rpt_ventes" in shown and "nature=toutes" in shown and "rpt_ventes;nature=a" in told
    fates = json.loads(bench.millesime(*asked, "--format", "json").output)["livraisons"]
    assert fates[0]["tableaux"][0]["commande"] == "millesime trace rpt_ventes nature=a 2019"
