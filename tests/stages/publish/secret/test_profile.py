"""The public profile reveals nothing about fewer agents than the threshold."""

import json
import shutil
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.stages.publish.secret import profile as profile_module
from pipelines.stages.publish.secret.cells import SecrecyBroken
from tests.stages.publish.secret.office import (
    DECLARATION,
    FLOW_TABLES,
    FLOWS,
    KINDS,
    THRESHOLD,
    Publisher,
    count,
    office,
    possible,
    share,
)

ORDINARY = office(1, 8, 4, 7, 4, 3)  # one fonctionnaire in the administrative filière


@pytest.fixture
def publisher(tmp_path) -> Publisher:
    return Publisher(tmp_path)


def small(n: int) -> bool:
    return 0 < n < THRESHOLD


def attacked(publisher: Publisher, real: dict) -> None:
    """Nothing small is printed, and each hidden number keeps several possible values, enough when it is small."""
    offices = possible(publisher, sum(real.values()) + 2 * THRESHOLD)
    assert real in offices
    for key, printed in publisher.counts.items():
        true = count(real, *key)
        assert printed is None or (printed == true and not small(printed))
        if printed is None:
            values = {count(candidate, *key) for candidate in offices}
            assert len(values) > 1
            assert not small(true) or max(values) - min(values) >= THRESHOLD - 1, key
    for (service,) in [key for key in publisher.shares if len(key) == 1]:
        true, values = count(real, service=service), {count(candidate, service=service) for candidate in offices}
        assert not small(true) or max(values) - min(values) >= THRESHOLD - 1, service


@settings(max_examples=15)
@given(numbers=st.lists(st.integers(0, 4), min_size=len(KINDS), max_size=len(KINDS)))
def test_an_attacker_who_lists_every_possible_office_learns_nothing(tmp_path_factory, numbers):
    real = office(*numbers)
    publisher = Publisher(tmp_path_factory.mktemp("office"))
    publisher.publish(real)
    attacked(publisher, real)


def test_margins(publisher):
    publisher.publish(ORDINARY)
    assert publisher.counts == {
        ("tous", "total"): 27,
        ("fonctionnaire", "total"): 13,
        ("contractuel", "total"): 14,
        ("tous", "administrative"): 8,
        ("tous", "technique"): 19,
        **{(s, f): None for s in ("fonctionnaire", "contractuel") for f in ("administrative", "technique")},
    }
    assert {key: value for key, value in publisher.shares.items() if len(key) == 2} == {
        key: None if number is None else share(ORDINARY, key) for key, number in publisher.counts.items()
    }


def test_nothing_small_nothing_hidden(publisher):
    real = office(9, 8, 7, 6, 5, 4)
    profile = publisher.publish(real)
    assert profile.proofs == []
    assert None not in publisher.counts.values() and None not in publisher.shares.values()
    assert publisher.ask("select distinct est_secret from p.rapport.rpt_filieres") == [(False,)]


def test_a_percentage_of_a_known_total_is_a_number(publisher):
    publisher.publish(office(5, 10, 1, 5, 10, 0))
    assert publisher.shares["bureautique",] is None  # 3 % of 31: one agent
    assert publisher.shares["reseau",] is None  # else the technique filière, less reseau, would give it
    assert publisher.counts["tous", "technique"] == 21


def test_a_service_alone_in_its_filiere_is_that_filiere(publisher):
    publisher.publish(office(2, 10, 10, 0, 10, 10))
    assert publisher.shares["paie",] is None
    assert publisher.counts["tous", "administrative"] is None
    assert publisher.counts["tous", "technique"] is None or publisher.counts["tous", "total"] is None


def test_sentences_and_ranks_go_with_the_numbers(publisher):
    publisher.publish(office(5, 10, 1, 5, 10, 0))
    lines = publisher.ask("select service, part_pct, phrase, rang, est_secret from p.rapport.rpt_services order by 1")
    assert lines == [
        ("bureautique", None, None, None, True),
        ("paie", 32, "paie : 10 agents", None, False),
        ("reseau", None, None, None, True),
    ]


def test_lines_are_in_an_order_that_reveals_nothing(publisher):
    publisher.publish(office(5, 10, 1, 5, 10, 0))
    assert publisher.ask("from p.rapport.rpt_services") == publisher.ask("from p.rapport.rpt_services order by all")
    publisher.publish(office(5, 1, 10, 5, 0, 10))
    assert [row[0] for row in publisher.ask("select service from p.rapport.rpt_services where est_secret")] == [
        "bureautique",
        "reseau",
    ]


def test_figures_go_with_the_table_they_restate(publisher):
    publisher.publish(office(5, 10, 1, 2, 0, 0))
    figures = publisher.ask("select code, valeur, statut, code_manquant, nb_lignes from p.rapport.chiffres order by 1")
    hidden = ("manquant", "s", None)
    assert [f for f in figures if f[0] == "rh.service.bureautique"] == [("rh.service.bureautique", None, *hidden)]
    assert [f for f in figures if f[0] == "rh.effectif.contractuel"] == [("rh.effectif.contractuel", None, *hidden)]
    assert ("finances.dette", 2, "calculé", None, 1) in figures
    for code, value, *_, lines in figures:
        assert lines is None or code == "finances.dette"
        if code.startswith("rh.effectif."):
            assert value == publisher.counts[code.rpartition(".")[2], "total"]


def test_a_figure_that_nobody_gave_is_missing_and_not_secret(publisher):
    """To call it secret would say that there is a number."""
    missing = "('rh.service.bureautique', 'rh.effectif.contractuel')"
    publisher.publish(
        office(5, 10, 1, 2, 0, 0),
        f"update rapport.chiffres set valeur = null, statut = 'manquant', code_manquant = 'm' where code in {missing}",
    )
    found = publisher.ask(f"select code_manquant, valeur, nb_lignes from p.rapport.chiffres where code in {missing}")
    assert found == [("m", None, None)] * 2


def test_only_what_is_declared_public_is_there(publisher):
    publisher.publish(ORDINARY)
    tables = publisher.ask("select schema_name, table_name from duckdb_tables() where database_name = 'p' order by all")
    assert tables == [("rapport", t) for t in ("chiffres", "fraicheur", "rpt_budget", "rpt_filieres", "rpt_services")]
    parquet = sorted(path.relative_to(publisher.folder).as_posix() for path in publisher.folder.rglob("*.parquet"))
    assert parquet == [f"rapport/{table}.parquet" for _, table in tables]
    file = publisher.folder / "rapport" / "rpt_filieres.parquet"
    assert duckdb.sql(
        f"select nb_agents from '{file}' where filiere = 'administrative' and statut = 'tous'"
    ).fetchall() == [(8,)]
    assert publisher.ask(
        "select comment from duckdb_columns() where database_name = 'p' and table_name = 'rpt_services' "
        "and column_name = 'part_pct'"
    ) == [("Part des agents",)]
    keys = "select constraint_column_names from duckdb_constraints() where database_name = 'p' and constraint_type = 'PRIMARY KEY'"
    assert publisher.ask(f"{keys} and table_name <> 'fraicheur'") == [(["exercice", "statut", "filiere"],)]


def test_proofs_say_what_a_reader_may_believe(publisher):
    proofs = {p.cell.label: p for p in publisher.publish(ORDINARY).proofs}
    proof = proofs["effectif, filiere administrative, statut fonctionnaire"]
    assert proof.kind == "primaire" and proof.high - proof.low >= THRESHOLD - 1 and proof.is_safe
    assert proofs["effectif, filiere technique, statut fonctionnaire"].kind == "secondaire"


def test_few_persons_are_hidden_outside_the_staff_chapter_too(publisher):
    declared = DECLARATION.replace(
        "rpt_budget: {free: comptes publics}",
        "rpt_acces: {plain: [mois], parts: [{free: connexions, persons: {nb_agents: agents}}]}\n  rpt_budget: {free: comptes publics}",
    ).replace("  columns:", '  persons: {"finances.{x}": rien ne les additionne}\n  columns:')
    publisher.layer.write("catalogue/secrecy.yml", declared)
    publisher.publish(
        ORDINARY,
        "create table rapport.rpt_acces as from (values (2020, 1, 2), (2020, 2, 0), (2020, 3, 9)) t (exercice, mois, nb_agents)",
    )
    assert publisher.ask("from p.rapport.rpt_acces order by mois") == [
        (2020, 1, None, True),
        (2020, 2, 0, False),
        (2020, 3, 9, False),
    ]
    figure = "select valeur, code_manquant, nb_lignes from p.rapport.chiffres where code = 'finances.dette'"
    assert publisher.ask(figure) == [(None, "s", None)]


INVOICES = [(2020, mois, nb) for mois, nb in enumerate((2, 900, 40, 31, 700), 1)] + [
    (2019, 1, 4),
    (2019, 2, 3),
    (2019, 3, 80),
]


def billed(publisher, invoices: list[tuple[int, int, int]], adds: str = ", adds: [nb]") -> list[tuple]:
    """What is public of invoices by month, whose total of the year is published."""
    part = f"{{free: factures, persons: {{nb: citizens}}{adds}, along: {{montant: nb}}}}"
    declared = DECLARATION.replace(
        "rpt_budget: {free: comptes publics}",
        f"rpt_factures: {{plain: [mois], parts: [{part}]}}\n  rpt_budget: {{free: comptes publics}}",
    )
    publisher.layer.write("catalogue/secrecy.yml", declared)
    rows = ", ".join(f"({exercice}, {mois}, {nb}, {nb * 10})" for exercice, mois, nb in invoices)
    publisher.publish(
        ORDINARY, f"create table rapport.rpt_factures as from (values {rows}) t (exercice, mois, nb, montant)"
    )
    return publisher.ask("select exercice, mois, nb, montant from p.rapport.rpt_factures order by exercice, mois")


@pytest.mark.parametrize(
    ("invoices", "hidden"),
    [
        (INVOICES, {(2020, 1), (2020, 4), (2019, 1), (2019, 2)}),  # the next one with a single one; two are enough
        (
            [(2020, 1, 1), (2020, 2, 1), (2020, 3, 9), (2020, 4, 8)],
            {(2020, 1), (2020, 2), (2020, 4)},
        ),  # 2 together: one each
        ([(2020, 1, 50), (2020, 2, 0)], set()),
    ],
)
def test_a_hidden_number_is_not_had_by_subtraction_from_the_total(publisher, invoices, hidden):
    seen = billed(publisher, invoices)
    assert {(exercice, mois) for exercice, mois, nb, _ in seen if nb is None} == hidden
    assert all((nb is None) == (montant is None) for *_, nb, montant in seen)
    for year in {exercice for exercice, *_ in invoices}:  # the attack: the total, less what is shown
        rest = sum(nb for exercice, _, nb in invoices if exercice == year) - sum(
            nb or 0 for e, _, nb, _ in seen if e == year
        )
        assert not 0 < rest < THRESHOLD


def test_a_number_that_a_total_gives_back_stops_the_public_profile(publisher, monkeypatch):
    monkeypatch.setattr(profile_module, "_few_persons", lambda lines, threshold: {
        (row, "nb") for row, (part, values) in lines.items() if part.adds and values["nb"] < threshold
    })  # fmt: skip
    with pytest.raises(SecrecyBroken, match="se déduit d’un total"):
        billed(publisher, INVOICES)


# what must fail ------------------------------------------------------------


def refused(publisher: Publisher, code: str, real: dict = ORDINARY, **kwargs) -> str:
    with pytest.raises(SecrecyBroken) as raised:
        publisher.publish(real, **kwargs)
    assert raised.value.code == code
    return f"{raised.value.where} {raised.value}"


@pytest.mark.parametrize("number", range(3))
def test_one_secondary_number_left_readable_is_found(publisher, monkeypatch, number):
    suppress = profile_module.suppress

    def careless(*args):
        hidden = suppress(*args)
        secondary = [key for key in hidden if hidden[key] == "secondaire" and "effectif" in key and len(key[2]) == 2]
        assert len(secondary) == 3
        del hidden[secondary[number]]
        return hidden

    monkeypatch.setattr(profile_module, "suppress", careless)
    assert "se déduit" in refused(publisher, "SEC-AUDIT", office(1, 8, 4, 7, 7, 0))


def test_a_small_number_left_readable_is_found(publisher, monkeypatch):
    monkeypatch.setattr(profile_module, "suppress", lambda *_: {})
    said = refused(publisher, "SEC-AUDIT")
    assert "petit nombre" in said and "effectif, " in said  # which one


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ("create table rapport.rpt_nouvelle as select 1 as un", "rpt_nouvelle"),
        ("alter table rapport.rpt_services add column nb_agents bigint", "rpt_services.nb_agents"),
        ("alter table rapport.chiffres add column remarque varchar default 'x'", "chiffres.remarque"),
        (
            "insert into rapport.chiffres select * replace ('rh.autre.a.b' as code) from rapport.chiffres limit 1",
            "rh.autre",
        ),
        (
            "insert into rapport.chiffres select * replace ('nouveau' as domaine, 'n' as code) from rapport.chiffres",
            "n ",
        ),
    ],
)
def test_what_nobody_declared_is_withheld_and_stops_nothing(publisher, change, where):
    profile = publisher.publish(ORDINARY, change)
    (name,) = profile.undeclared
    assert name == where.strip() or name.startswith(where)
    there = publisher.ask("select table_name from duckdb_tables() where database_name = 'p'")
    assert ("rpt_nouvelle",) not in there and ("rpt_budget",) in there
    table, _, column = name.partition(".")
    assert table != "rpt_services" or ("rpt_services",) not in there
    if column == "remarque":
        assert publisher.ask("select count(remarque) from p.rapport.chiffres") == [(0,)]
    if table not in ("rpt_nouvelle", "rpt_services") and column != "remarque":
        assert publisher.ask(
            f"select distinct valeur, code_manquant from p.rapport.chiffres where code = '{name}'"
        ) == [(None, "s")]


@pytest.mark.parametrize(
    "change",
    [
        "update rapport.rpt_filieres set nb_agents = nb_agents + 1 where filiere = 'total'",
        "update rapport.rpt_services set part_pct = part_pct + 2",
        "update rapport.chiffres set valeur = valeur + 1 where code = 'rh.effectif.tous'",
        "alter table marts.fct_effectifs rename column service to bureau",
    ],
)
def test_a_table_that_is_not_what_is_declared_stops_the_publication(publisher, change):
    refused(publisher, "SEC-COHERENCE", change=change)


def test_a_line_that_no_part_covers_is_withheld(publisher):
    declared = DECLARATION.replace(
        "      - population: effectif\n        levels: {service: service}",
        "      - where: service <> 'paie'\n        population: effectif\n        levels: {service: service}",
    )
    publisher.layer.write("catalogue/secrecy.yml", declared)
    publisher.publish(ORDINARY)
    assert [s for (s,) in publisher.ask("select service from p.rapport.rpt_services order by 1")] == [
        "bureautique",
        "reseau",
    ]


# from one publication to the next ------------------------------------------------------------

CORRECTED = {**office(9, 8, 7, 6, 5, 4), ("contractuel", "paie"): 7}  # one more agent


def test_publishing_again_changes_nothing(publisher):
    publisher.publish(ORDINARY)
    counts, shares = publisher.counts, publisher.shares
    publisher.publish(ORDINARY)
    assert (publisher.counts, publisher.shares) == (counts, shares)


def proofs(profile: profile_module.PublicProfile) -> list[tuple]:
    return [(proof.cell.label, proof.kind, proof.low, proof.high) for proof in profile.proofs]


def test_the_solver_is_not_asked_the_same_question_twice(tmp_path, monkeypatch):
    first, again = Publisher(tmp_path / "a"), Publisher(tmp_path / "b")
    found = proofs(first.publish(ORDINARY))
    shutil.copy(tmp_path / "a" / "secret.json", tmp_path / "b")
    monkeypatch.setattr("pipelines.stages.publish.secret.attack.milp", lambda *_, **__: pytest.fail("asked again"))
    assert proofs(again.publish(ORDINARY)) == found
    assert (tmp_path / "b" / "secret.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "edited",
    [
        lambda answer: [[place, 7.0] for place in range(3)],  # it does not add up
        lambda answer: [],  # nothing moves: the number to hide would not
        lambda answer: None,  # no world is possible: then nothing may be published
    ],
    ids=["wrong", "still", "none"],
)
def test_answers_that_somebody_edited_reveal_nothing(tmp_path, edited):
    first, publisher = Publisher(tmp_path / "a"), Publisher(tmp_path / "b")
    first.publish(ORDINARY)
    answers = json.loads((tmp_path / "a" / "secret.json").read_text(encoding="utf-8"))
    assert any(answers.values())
    others = json.dumps({question: edited(answer) for question, answer in answers.items()})
    (tmp_path / "b" / "secret.json").write_text(others, encoding="utf-8")
    try:
        publisher.publish(ORDINARY)
    except SecrecyBroken:
        return
    attacked(publisher, ORDINARY)


def test_the_correction_of_one_agent_is_not_revealed_by_the_difference(publisher):
    first = office(9, 8, 7, 6, 5, 4)
    publisher.publish(first)
    before = publisher.counts
    for _ in range(2):  # and still not, the next time
        assert publisher.publish(CORRECTED).held == [2020]
        assert publisher.counts == before
    assert publisher.publish(first).held == []  # nobody differs any more


def test_a_correction_of_many_agents_is_published(publisher):
    publisher.publish(office(9, 8, 7, 6, 5, 4))
    publisher.publish(office(9, 8, 7, 12, 5, 4))
    assert publisher.counts["contractuel", "administrative"] == 12


def test_what_was_published_cannot_be_hidden_any_more(publisher):
    publisher.publish(office(9, 8, 7, 6, 5, 4))
    assert "déjà été publié" in refused(publisher, "SEC-DEJA-PUBLIE", office(9, 8, 7, 6, 5, 4), threshold=8)


# movements ------------------------------------------------------------


@pytest.fixture
def flows(publisher) -> Publisher:
    publisher.layer.write("catalogue/secrecy.yml", FLOWS)
    publisher.tables = FLOW_TABLES
    return publisher


def test_movements_are_not_revealed_by_the_head_counts(flows):
    flows.publish({}, threshold=5)
    lines = {
        (year, statut): numbers
        for year, statut, *numbers in flows.ask(
            "select exercice, statut, nb_agents, nb_arrivees, nb_departs, nb_theorique from p.rapport.rpt_variations"
        )
    }
    for statut in ("f", "c", "tous"):
        stock, arrivals, leavings, theoretical = lines[2020, statut]
        assert arrivals is None
        # stock − arrivals + departures = theoretical: two of the other three at most can be read
        assert None in (stock, leavings, theoretical)
        # and the theoretical number of the year is the head count of the year before
        assert theoretical is None or lines[2019, statut][0] in (None, theoretical)
        assert theoretical is not None or leavings is None or lines[2019, statut][0] is None


def test_hours_of_few_agents_are_hidden_and_not_the_difference_of_others(flows):
    flows.publish({}, threshold=5)
    lines = {s: (h, e) for s, h, e in flows.ask("select statut, heures, etpr from p.rapport.rpt_etpr")}
    assert lines["np"] == (None, None)
    assert [lines[s][0] for s in ("f", "c", "tous")].count(None) >= 1
    assert all((hours is None) == (etpr is None) for hours, etpr in lines.values())


HOURS_ALONE = """
populations:
  effectif:
    {fact: marts.fct_effectifs, measure: nb_agents, axes: {statut: {statut: statut}, age: {age: age}},
     groups: {statut: {tous: "*"}}}
  heures:
    {fact: marts.fct_heures, measure: heures, per_person: 1820, follows: effectif, axes: {statut: {statut: statut}},
     groups: {statut: {tous: "*"}}}
tables:
  rpt_ages:
    parts:
      - {population: effectif, levels: {age: age}, counts: {nb_agents: }}
  rpt_etpr:
    parts:
      - {population: heures, levels: {statut: statut}, counts: {heures: }, scaled: {etpr: 1820}}
"""
HOURS_ALONE_TABLES = """
create schema marts; create schema rapport;
create table marts.fct_effectifs (exercice integer, statut varchar, age varchar, nb_agents bigint);
create table marts.fct_heures (exercice integer, statut varchar, heures decimal(18, 2));
insert into marts.fct_heures values (2020, 'f', 23478), (2020, 'c', 22768), (2020, 'np', 1511);
create table rapport.rpt_ages as from marts.fct_effectifs select exercice, age, nb_agents;
create table rapport.rpt_etpr as""" + FLOW_TABLES.partition("create table rapport.rpt_etpr as")[2]


def test_hours_are_published_where_no_head_count_was_ever_received(publisher):
    publisher.layer.write("catalogue/secrecy.yml", HOURS_ALONE)
    publisher.tables = HOURS_ALONE_TABLES
    publisher.publish({}, threshold=5)
    lines = {s: (h, e) for s, h, e in publisher.ask("select statut, heures, etpr from p.rapport.rpt_etpr")}
    assert lines["np"] == (None, None)
    assert lines["tous"] == (47757, Decimal("26.24"))


def test_a_corrected_head_count_may_leave_its_hours_as_they_were_published(flows):
    flows.publish({}, threshold=5)
    hours = "select statut, heures from p.rapport.rpt_etpr where heures is not null order by statut"
    before = flows.ask(hours)
    assert before
    corrected = FLOW_TABLES.replace("(2020, 'c', 14)", "(2020, 'c', 15)")  # one more agent, paid the same hours
    flows.tables = corrected
    flows.publish({}, threshold=5)
    [(agents,)] = flows.ask("select nb_agents from p.rapport.rpt_variations where exercice = 2020 and statut = 'tous'")
    assert agents == 27
    assert flows.ask(hours) == before


def test_the_next_year_does_not_tell_what_the_former_tables_keep(flows):
    """The theoretical head count of a year is that of the year before: one agent corrected there would show in it."""
    only_2019 = FLOW_TABLES.replace(", (2020, 'f', 13), (2020, 'c', 14)", "")
    flows.tables = only_2019
    flows.publish({}, threshold=5)
    rows = "select exercice, statut, nb_agents, nb_theorique from p.rapport.rpt_variations order by 1, 2"
    was = flows.ask(rows)
    assert (2019, "c", 12) in [row[:3] for row in was]
    corrected = FLOW_TABLES.replace("(2019, 'c', 12)", "(2019, 'c', 13)").replace("(2020, 'c', 14)", "(2020, 'c', 15)")
    flows.tables = corrected
    assert flows.publish({}, threshold=5).held == [2019]
    after = flows.ask(rows)
    assert [row for row in after if row[0] == 2019] == was
    theoretical = {row[1]: row[3] for row in after if row[0] == 2020}
    assert theoretical["c"] is theoretical["tous"] is None


def test_a_proof_is_data(publisher):
    proofs = publisher.publish(ORDINARY).proofs
    json.dumps([(p.cell.exercice, p.cell.label, p.kind, str(p.cell.value), p.low, p.high) for p in proofs])
