"""The warehouse: what is loaded, what determines a build's name, and when the new one replaces the old."""

import re
from dataclasses import replace
from decimal import Decimal

import duckdb
import pytest

from pipelines.ledger.store import open_ledger
from pipelines.runs.frozen import frozen as frozen_of
from pipelines.stages.transform.build import BuildFailed, finish
from pipelines.stages.transform.dbt import ENGINE, NodeResult, environment
from tests.deliveries import FIELDS, HEADER, ORGANISATION
from tests.runs.collect.killing import FORMER
from tests.stages.transform.conftest import MODEL, Lab


def ask(path, query: str) -> list[tuple]:
    with duckdb.connect(str(path), read_only=True) as db:
        return db.execute(query).fetchall()


def test_every_declared_table_exists_typed_even_when_nothing_is_accepted(lab: Lab):
    lab.depot.declare(FIELDS, system="autre")
    lab.load()
    described = ask(
        lab.home.warehouse_next,
        "select table_name, column_name, data_type from duckdb_columns() where schema_name = 'lake' order by table_name, column_index",
    )
    columns = [
        ("code", "VARCHAR"),
        ("libelle", "VARCHAR"),
        ("montant", "DECIMAL(18,2)"),
        ("jour", "DATE"),
        ("exercice", "INTEGER"),
        ("_livraison", "VARCHAR"),
        ("_fichier", "VARCHAR"),
        ("_feuille", "VARCHAR"),
        ("_ligne", "BIGINT"),
    ]
    assert described == [(f"{s}__lignes", *column) for s in ("autre", "essai") for column in columns]
    assert ask(lab.home.warehouse_next, "select count(*) from lake.essai__lignes") == [(0,)]
    assert ask(
        lab.home.warehouse_next,
        "select exercice, est_attendue, est_acceptee, livraison from collecte.pieces "
        "where systeme = 'essai' order by 1",
    ) == [(2019, True, False, None), (2020, True, False, None)]
    assert ask(
        lab.home.warehouse_next, "select distinct est_attendue from collecte.pieces where systeme = 'autre'"
    ) == [(False,)]


def test_the_rows_of_the_accepted_deliveries_and_of_no_other(lab: Lab):
    former = lab.accept(FORMER.format(year=2019), 2019)
    lab.accept(HEADER + "B1;x;5,00;03/02/2020\n", 2020)
    latest = lab.accept(FORMER.format(year=2020) + "A3;;oups;\n", 2020)
    with open_ledger(lab.home) as ledger:
        lab.prepare(ledger)
    rows = ask(
        lab.home.warehouse_next,
        "select code, exercice, _livraison, _fichier, _ligne from lake.essai__lignes order by all",
    )
    assert rows == [
        (code, m.exercice, m.delivery, "export.csv", line)
        for code, line in (("A1", 2), ("A2", 3))
        for m in (former, latest)
    ]
    assert ask(
        lab.home.warehouse_next,
        "select exercice, livraison, nb_lues, nb_acceptees, nb_refusees, nb_ignorees from collecte.pieces order by 1",
    ) == [(2019, former.delivery, 3, 2, 0, 1), (2020, latest.delivery, 4, 2, 1, 1)]


def test_a_delivery_of_a_year_that_is_no_longer_declared_is_left_out(lab: Lab):
    for year in (2019, 2020):
        lab.accept(FORMER.format(year=year), year)
    organised = re.sub(r"premier: \d+", "premier: 2020", lab.home.organisation_file.read_text(encoding="utf-8"))
    lab.home.organisation_file.write_text(organised, encoding="utf-8")
    with open_ledger(lab.home) as ledger:
        lab.prepare(ledger)
    assert ask(lab.home.warehouse_next, "select distinct exercice from lake.essai__lignes") == [(2020,)]


def test_each_month_of_a_period_is_a_piece_that_is_there_or_not(lab: Lab):
    lab.depot.declare(table={"period": {"column": "jour", "every": "month"}})
    organised = ORGANISATION + 'sources: {essai: {valid: {first: "2019-11"}}}\n'
    lab.home.organisation_file.write_text(organised, encoding="utf-8")
    lines = ["A;x;1,00;03/01/2020", "B;x;1,00;15/03/2020", "C;x;1,00;16/03/2020", "D;x;1,00;31/12/2019", "E;x;1,00;"]
    lab.accept(HEADER + "\n".join(lines) + "\n", 2020)
    with open_ledger(lab.home) as ledger:
        lab.prepare(ledger)
    rows = ask(
        lab.home.warehouse_next,
        "select exercice, piece, est_attendue, est_acceptee, nb_lues from collecte.pieces where nature = 'mois' order by all",
    )
    assert rows[:3] == [  # before its first use nothing is expected of a system
        (2019, "2019-11", True, False, None),
        (2019, "2019-12", True, False, None),
        (2020, "2020-01", True, True, 1),
    ]
    assert [row[1:] for row in rows[3:5]] == [("2020-02", True, False, None), ("2020-03", True, True, 2)]
    assert len(rows) == 2 + 12


def test_a_month_in_which_nothing_is_expected_is_no_piece_unless_it_has_lines(lab: Lab):
    lab.depot.declare(table={"period": {"column": "jour", "every": "month", "months": [1, 2, 9]}})
    lab.home.organisation_file.write_text(ORGANISATION, encoding="utf-8")
    lab.accept(HEADER + "A;x;1,00;03/01/2020\nB;x;1,00;15/07/2020\n", 2020)
    with open_ledger(lab.home) as ledger:
        lab.prepare(ledger)
    query = "select piece, est_attendue, est_acceptee from collecte.pieces where nature = 'mois' and exercice = 2020 order by all"
    assert ask(lab.home.warehouse_next, query) == [
        ("2020-01", True, True),
        ("2020-02", True, False),
        ("2020-07", False, True),
        ("2020-09", True, False),
    ]


def test_where_refused_lines_stand_is_loaded_and_not_what_they_hold(lab: Lab):
    accepted = lab.accept(HEADER + "A;x;un;oups\nB;x;1,00;03/02/2020\n;x;1,00;03/02/2020\n", 2020)
    with open_ledger(lab.home) as ledger:
        lab.prepare(ledger)
    rows = ask(lab.home.warehouse_next, "select * exclude (empreinte) from collecte.lignes_refusees order by ligne")
    place = ("essai", "lignes", 2020, accepted.delivery, "export.csv")
    assert rows == [(*place, 2, "LIG-TYPE", None, "Jour, Montant", 2), (*place, 4, "LIG-OBLIGATOIRE", None, "Code", 1)]


@pytest.mark.parametrize(("cells", "lost"), [("6,50", Decimal("19.00")), ("six", None)])
def test_what_was_refused_amounts_to_what_its_lines_hold_unless_one_does_not_say(lab: Lab, cells: str, lost):
    lab.depot.declare([*FIELDS[:2], {**FIELDS[2], "name": "montant_eur"}, FIELDS[3]])
    lab.accept(HEADER + f"A;x;-12,50;oups\nB;x;1,00;03/02/2020\nC;x;{cells};oups\n", 2020)
    with open_ledger(lab.home) as ledger:
        lab.prepare(ledger)
    query = "select nb_refusees, montant_perdu_eur from collecte.pieces where nature = 'livraison' and est_acceptee"
    assert ask(lab.home.warehouse_next, query) == [(2, lost)]


def test_an_older_file_and_its_log_are_replaced(lab: Lab):
    path = lab.home.warehouse_next
    path.parent.mkdir(parents=True)
    path.write_text("rubbish")
    path.with_suffix(".duckdb.wal").write_text("rubbish")
    lab.load()
    assert [p.name for p in path.parent.iterdir()] == ["warehouse.duckdb"]


def test_the_organisation_and_the_reference_are_tables(lab: Lab):
    lab.load()
    assert ask(lab.home.warehouse_next, "from organisation.profil") == [
        ("Syndicat d’essai", "SE", "123456782", False, Decimal("0.005"))  # half a per cent, unless it says otherwise
    ]
    assert ask(lab.home.warehouse_next, "from organisation.exercices") == [(2019,), (2020,)]
    assert ask(lab.home.warehouse_next, "from reference.plan") == [("0101", "Dépôts, divers"), ("102", None)]


@pytest.mark.parametrize(
    ("fields", "rows"),
    [
        (FIELDS[:2], 2),  # fewer columns need no new reading
        ([{**FIELDS[0], "constraints": {}}, FIELDS[1], {**FIELDS[2], "decimals": 4}], 2),  # nor does a wider type
        ([*FIELDS, {"name": "nouveau", "title": "Nouveau"}], 0),
        ([{**FIELDS[0], "type": "integer", "title": "Code"}, *FIELDS[1:]], 0),
        ([FIELDS[0], {**FIELDS[1], "personal": "pseudonymise"}, *FIELDS[2:]], 0),  # what was read in clear stays out
    ],
)
def test_a_delivery_of_an_older_declaration_serves_if_its_columns_suffice_and_never_stops_a_build(
    lab: Lab, fields, rows
):
    manifest = lab.accept(FORMER.format(year=2020), 2020)
    lab.depot.declare(fields)
    lab.load(manifest)
    assert ask(lab.home.warehouse_next, "select count(*) from lake.essai__lignes") == [(rows,)]
    came = "select est_recue, est_acceptee from collecte.pieces where nature = 'livraison' and exercice = 2020"
    assert ask(lab.home.warehouse_next, came) == [(True, rows > 0)]


@pytest.mark.parametrize(
    ("changed", "rows"),
    [
        (
            {"header": {2000: {"code": "Code", "libelle": "Intitulé", "montant": "Montant", "jour": "Jour"}}},
            0,
        ),  # a corrected heading
        ({"header": {2000: {"code": "Code", "montant": "Montant", "jour": "Jour"}}}, 2),  # one that is read no more
    ],
)
def test_rows_that_were_read_from_another_column_are_not_those_of_today(lab: Lab, changed, rows):
    manifest = lab.accept(FORMER.format(year=2020), 2020)
    lab.depot.declare(FIELDS, table=changed)
    lab.load(manifest)
    assert ask(lab.home.warehouse_next, "select count(*) from lake.essai__lignes") == [(rows,)]
    came = "select est_recue, est_acceptee from collecte.pieces where nature = 'livraison' and exercice = 2020"
    assert ask(lab.home.warehouse_next, came) == [(True, rows > 0)]


def test_a_date_in_another_format_is_read_again_or_missing(lab: Lab):
    manifest = lab.accept(FORMER.format(year=2020), 2020)
    lab.depot.declare([*FIELDS[:3], {**FIELDS[3], "format": "%m/%d/%Y"}])
    lab.load(manifest)
    assert ask(lab.home.warehouse_next, "select count(*) from lake.essai__lignes") == [(0,)]


WORDS = {"premier": ["x", "X"], "second": ["y"]}


@pytest.mark.parametrize(
    ("before", "after", "rows"),
    [
        (WORDS, {**WORDS, "tiers": ["z"]}, 2),  # no line has it
        (WORDS, {"premier": ["x"], "second": ["y"]}, 2),
        (WORDS, {"premier": ["X", "y"], "second": ["x"]}, 0),  # two were taken one for the other
        ({}, WORDS, 0),  # what was kept as it is written has a word
        ({}, {"premier": ["X"]}, 2),
    ],
)
def test_rows_whose_words_had_another_sense_are_not_those_of_today(lab: Lab, before, after, rows):
    def declare(words):
        lab.depot.declare([FIELDS[0], {**FIELDS[1], "values": words}, *FIELDS[2:]])

    declare(before)
    manifest = lab.accept(FORMER.format(year=2020), 2020)
    declare(after)
    lab.load(manifest)
    assert ask(lab.home.warehouse_next, "select count(*) from lake.essai__lignes") == [(rows,)]


def test_a_refusal_of_which_nothing_counts_names_the_build_and_is_loaded(lab: Lab):
    refusal = (
        "essai/export",
        2020,
        [{"name": "export.csv", "sha256": "0" * 64}],
        {
            "code": "FIC-ENTETE",
            "titre": "En-tête",
            "attendu": "",
            "recu": None,
            "aide": "",
            "fichier": "",
            "ligne": None,
        },
    )
    with open_ledger(lab.home) as ledger:
        before = frozen_of(lab.work(ledger)).build
        ledger.record_refusal(*refusal)
        assert frozen_of(lab.work(ledger)).build != before
        lab.prepare(ledger)
    loaded = "select * from collecte.refus"
    assert ask(lab.home.warehouse_next, loaded) == [("essai/lignes", 2020, "FIC-ENTETE")]
    lab.accept(FORMER.format(year=2020), 2020)
    with open_ledger(lab.home) as ledger:
        ledger.record_refusal(*refusal)  # what was accepted before goes on counting
        lab.prepare(ledger)
    assert ask(lab.home.warehouse_next, loaded) == []


def test_a_new_column_that_the_files_of_the_exercice_never_had_is_empty(lab: Lab):
    manifest = lab.accept(FORMER.format(year=2020), 2020)
    header = {field["name"]: field["title"] for field in FIELDS}
    lab.depot.declare(
        [*FIELDS, {"name": "nouveau", "title": "Nouveau"}],
        table={"header": {2019: header, 2021: {**header, "nouveau": "Nouveau"}}},
    )
    lab.load(manifest)
    assert ask(lab.home.warehouse_next, "select count(*), count(nouveau) from lake.essai__lignes") == [(2, 0)]


def test_columns_that_become_rows_are_distinguished(lab: Lab):
    lab.depot.declare(
        [
            {"name": "commune", "title": "Commune"},
            {"name": "mois", "title": "Mois", "type": "date", "format": "%m/%Y"},
            {"name": "nombre", "title": "Nombre", "type": "integer"},
        ],
        table={"header": {2019: {"commune": "C", "mois": {"heading": "(.+)"}, "nombre": {"under": "mois"}}}},
    )
    lab.load(lab.accept("C;02/2020;01/2020\nOrly;2;1\n", 2020))
    rows = ask(lab.home.warehouse_next, "select _ligne, _colonne, commune, month(mois), nombre from lake.essai__lignes")
    assert rows == [(2, "01/2020", "Orly", 1, 1), (2, "02/2020", "Orly", 2, 2)]


def test_what_names_a_build(lab: Lab, monkeypatch):
    monkeypatch.setenv("MILLESIME_SHIPPED", str(lab.depot.layer.root))
    seen = []

    def frozen():
        with open_ledger(lab.home) as ledger:
            seen.append(frozen_of(lab.work(ledger)).build)

    frozen()
    lab.accept(FORMER.format(year=2020), 2020)
    frozen()
    lab.home.organisation_file.write_text(ORGANISATION + "demonstration: true\n", encoding="utf-8")
    frozen()
    lab.depot.layer.write("requirements.lock", "others")
    frozen()
    lab.depot.layer.reference("plan", "compte,libelle\n")
    frozen()
    assert len(set(seen)) == 5
    lab.accept(FORMER.format(year=2020), 2020)
    frozen()
    assert seen[-1] == seen[-2]


def test_a_good_build_replaces_the_warehouse(lab: Lab):
    lab.accept(FORMER.format(year=2020), 2020)
    with open_ledger(lab.home) as ledger:
        built = lab.build(ledger)
        assert ledger.last_build()["build"] == built.build
        assert ledger.findings_of(built.build) == built.findings
    assert not lab.home.warehouse_next.exists()
    assert ask(lab.home.warehouse, "select valeur from rapport.chiffres") == [(3,)]
    (finding,) = built.findings
    assert finding.message == "Chiffre publié différent du chiffre recalculé"
    assert (finding.code, finding.attendu, finding.recu, finding.ecart) == (
        "PUB-ECART",
        "1,5 (recalculé)",
        "2,5 (publié)",
        "1",
    )


FAILURES = [
    [replace(MODEL, status="error")],
    [MODEL, NodeResult("t", "test", "fail", 3, "bad")],
    [MODEL, NodeResult("t", "unit_test", "fail", 1, "bad")],
    [MODEL, NodeResult("t", "test", "error", None, "broken")],
    [MODEL, replace(MODEL, name="n", status="runtime error")],
    [NodeResult("dbt", ENGINE, "error", None, "dbt ne s’est pas exécuté")],
]


@pytest.mark.parametrize("results", FAILURES)
def test_a_failed_build_leaves_the_former_warehouse_and_says_why(lab: Lab, results):
    lab.home.warehouse.parent.mkdir(parents=True)
    lab.home.warehouse.write_bytes(b"the former one")
    with open_ledger(lab.home) as ledger:
        with pytest.raises(BuildFailed):
            lab.build(ledger, results)
        last = ledger.last_build()
        assert not last["succeeded"]
        code = "DBT-MOTEUR" if results[0].kind == ENGINE else "DBT-ECHEC"
        assert [f.code for f in ledger.findings_of(last["build"])] == [code]
    assert lab.home.warehouse.read_bytes() == b"the former one"


def test_after_a_failed_build_the_same_inputs_may_succeed(lab: Lab):
    with open_ledger(lab.home) as ledger:
        good = lab.build(ledger)
        with pytest.raises(BuildFailed):
            lab.build(ledger, FAILURES[0])
        assert not ledger.last_build()["succeeded"]
        assert lab.build(ledger).build == good.build == ledger.last_build()["build"]
        assert ledger.last_build()["succeeded"]


def test_warnings_and_skipped_models_do_not_stop_a_build(lab: Lab):
    with open_ledger(lab.home) as ledger:
        built = lab.build(ledger, [MODEL, NodeResult("t", "test", "warn", 2, "look")])
        assert [test["status"] for test in ledger.build(built.build)["tests"]] == ["warn"]


def test_a_warehouse_with_a_write_ahead_log_is_not_swapped_in(lab: Lab):
    with open_ledger(lab.home) as ledger:
        frozen = lab.prepare(ledger)
        lab.models()
        lab.home.warehouse_next.with_suffix(".duckdb.wal").write_bytes(b"")
        with pytest.raises(BuildFailed, match="journal d’écriture"):
            finish(lab.work(ledger), frozen, [MODEL])
    assert not lab.home.warehouse.exists()


@pytest.mark.parametrize(
    ("lines", "months", "silent"),
    [
        (10, range(1, 13), []),
        (10, [1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12], [8]),
        (10, [4, 5, 6, 7, 8, 9, 10], [1, 2, 3, 11, 12]),
        (9, range(2, 13), []),  # rare events may spare a month
        (100, range(1, 7), []),  # an export that stops in June, or a source of a season, is no gap
    ],
)
def test_a_month_without_a_line_among_full_ones_is_silent_in_a_source_of_which_nobody_asked_it(
    lab: Lab, lines: int, months, silent: list[int]
):
    lab.depot.declare(table={"exercice": {"column": "jour", "rule": "within"}})
    rows = [f"A;x;1,00;03/{month:02}/2020\n" * lines for month in months]
    lab.load(lab.accept(HEADER + "".join(rows), 2020))
    said = ask(lab.home.warehouse_next, "select source, exercice, mois from collecte.mois_muets order by mois")
    assert said == [("essai/lignes", 2020, month) for month in silent]


def test_no_variable_of_dbt_passes_over_the_tests(monkeypatch):
    monkeypatch.setenv("DBT_EXCLUDE_RESOURCE_TYPES", "test unit_test")
    monkeypatch.setenv("MILLESIME_THREADS", "1")
    said = environment()
    assert "DBT_EXCLUDE_RESOURCE_TYPES" not in said and said["MILLESIME_THREADS"] == "1"
