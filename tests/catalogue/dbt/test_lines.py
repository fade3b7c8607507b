"""What line-grain models declare about their lines, and the lines reported to readers, on small invented tables."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.catalogue.dbt.lines import (
    ModelLines,
    flagged_lines_sql,
    line_sources,
    named_members_sql,
    outside_sql,
    series_sql,
)
from pipelines.catalogue.dbt.project import parsed_meta
from pipelines.catalogue.load import Catalogue, load_catalogue
from pipelines.catalogue.needs import check
from pipelines.catalogue.overlay import Thing
from pipelines.catalogue.source_grammar import Table
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.settings import shipped
from tests.catalogue.figures.sql import render


def entry(model: str, lignes: dict[str, Any] | None) -> Thing:
    """A model's entry in dbt's YAML, whose lines begin on line 7."""
    meta = {} if lignes is None else {"config": {"meta": {"lignes": lignes}}}
    places = {(): 3, ("config", "meta", "lignes"): 7, ("config", "meta", "lignes", "faits"): 9}
    return Thing("model entry", model, {"name": model, **meta}, Path("/maison/x/_x__models.yml"), places)


def declared_lines(entries: list[Thing]) -> dict[str, ModelLines]:
    return parsed_meta(entries, "lignes", ModelLines)


DECLARED = declared_lines(
    [
        entry(
            "int_a",
            {
                "source": "systeme || '/a'",
                "faits": {"fct_x": {"colonnes": {"nb_x": "1"}, "comptees": "poids = 1 and est_la"}},
                "signalees": {"motifs": {"mot inconnu": "manque"}, "sauf": ["dite ailleurs"], "par_collectivite": True},
            },
        ),
        entry(
            "int_b",
            {
                "source": "'s/b'",
                "faits": {"fct_x": {}, "fct_y": {"additives": True}},
                "signalees": {
                    "non_placees": {"à placer": "not est_place or est_place is null"},
                    "montant": "montant_eur",
                },
            },
        ),
        entry("int_c", {"source": "'s/c'", "signalees": False}),
        entry("int_d", None),
    ]
)
TABLES = """
create table int_a as select *, 'a.csv' as _fichier, null::varchar as _feuille, 7 as _ligne from (values
    (3001, 1, 'compté', 'k', '99001', true), (3001, 1, 'compté', 'k', 'inconnue', true),
    (3001, 0, 'mot inconnu', 'k', '99001', true), (3001, 0, 'mot inconnu', 'l', 'inconnue', true),
    (3001, 0, 'doublon', 'k', '99001', true), (3002, 0, 'dite ailleurs', 'k', '99001', true),
    (3002, 0, 'que rien ne déclare', 'k', '99001', true), (3003, 0, 'hors période', 'k', '99001', true)
) as t(exercice, poids, motif, systeme, code_collectivite, est_la);
create table int_b as select *, 'b.csv' as _fichier, null::varchar as _feuille, 8 as _ligne from (values
    (3001, 1, 'compté', true, 5), (3001, 1, 'compté', false, -2.5), (3001, 1, 'compté', null, 4),
    (3001, 0, 'doublon', false, null), (3003, 0, 'hors période', false, null)
) as t(exercice, poids, motif, est_place, montant_eur);
create table int_communs__hors_exercice as
select 'k/a' as source, 3003 as exercice, 'a.csv' as _fichier, null::varchar as _feuille, 7 as _ligne;
"""


def test_a_fact_has_the_lines_of_every_model_that_makes_it():
    sources = line_sources(DECLARED)
    assert {fact: [source.model for source in found] for fact, found in sources.items()} == {
        "fct_x": ["int_a", "int_b"],
        "fct_y": ["int_b"],
    }
    first, second = sources["fct_x"]
    assert (first.column("nb_x"), second.column("nb_x")) == ("1", "nb_x")


def test_readers_see_which_lines_do_not_count_or_have_no_place():
    db = duckdb.connect()
    db.execute(TABLES)
    flagged = f"select * exclude (est_illisible, nb_perdues, somme_numeros) from ({render(flagged_lines_sql(DECLARED))}) order by all"
    assert db.execute(
        flagged
    ).fetchall() == [  # source, exercice, motif, est_comptee, effet, nb_lignes, montant_eur, the first one
        ("k/a", 3001, "collectivité inconnue", True, "rien", 1, None, "a.csv", None, 7),
        ("k/a", 3001, "doublon", False, "rien", 1, None, "a.csv", None, 7),
        ("k/a", 3001, "mot inconnu", False, "manque", 1, None, "a.csv", None, 7),
        ("k/a", 3002, "que rien ne déclare", False, "réserve", 1, None, "a.csv", None, 7),
        ("k/a", 3003, "hors période", False, "rien", 1, None, "a.csv", None, 7),  # COL-EXERCICE says it
        ("l/a", 3001, "mot inconnu", False, "manque", 1, None, "a.csv", None, 7),
        ("s/b", 3001, "doublon", False, "rien", 1, None, "b.csv", None, 8),  # the amount of one of them is unknown
        (
            "s/b",
            3001,
            "à placer",
            False,
            "rien",
            2,
            Decimal("6.50"),
            "b.csv",
            None,
            8,
        ),  # a control says what it takes away
        ("s/b", 3003, "hors période", False, "réserve", 1, None, "b.csv", None, 8),
    ]


@pytest.mark.parametrize(
    ("lignes", "reason"),
    [
        ({"source": "'s/a'"}, "models.yml:7 signalees: cette clé manque"),  # nobody forgets to say it
        ({"source": "'s/a'", "signalees": True}, "models.yml:7 signalees"),
        ({"source": "'s/a'", "signalees": {"illisible": ["a"]}}, "illisible: cette clé n’existe pas ici"),
        (
            {"source": "'s/a'", "signalees": {}, "faits": {"f": {"columns": {}}}},
            "models.yml:9 faits.f.columns: cette clé n’existe pas ici",
        ),
    ],
)
def test_a_mistake_names_file_line_and_key(lignes, reason):
    with pytest.raises(DeclarationError) as error:
        declared_lines([entry("int_a", lignes)])
    assert reason in str(error.value)


def test_every_fact_of_a_figure_has_its_lines():
    catalogue = load_catalogue()
    facts = {one.figure.mesure.fait for one in catalogue.figures.by_code.values() if one.figure.mesure}
    assert len(facts) > 20 and facts <= catalogue.lines.keys()


def test_a_figure_of_which_no_model_keeps_the_lines_is_refused(tmp_path):
    """A home's figure over a mart that nothing can be traced through."""
    figures = tmp_path / "catalogue" / "figures"
    figures.mkdir(parents=True)
    (figures / "communs.yml").write_text(
        """\
domaine: communs
titre: Communs
chiffres:
  - code: communs.exports
    libelle: Exports attendus
    unite: exports
    decimales: 0
    sources: [glpi/tickets]
    mesure: {fait: fct_collecte, agregat: nombre}
""",
        encoding="utf-8",
    )
    with pytest.raises(DeclarationError) as error:
        check(Catalogue(shipped(), tmp_path))
    assert f"{figures}/communs.yml:4 demande les lignes de « fct_collecte »" in str(error.value)


def test_lines_are_counted_by_month_of_their_member_or_else_of_their_file():
    db = duckdb.connect()
    db.execute("""
        create table int_a as from (values (3001, 1, 'k', 5), (3001, 1, 'k', 5), (3001, 0, 'k', 6), (3001, 1, null, 6))
            as t(exercice, poids, code_collectivite, mois);
        create table int_b as from (values (3001, 1, 'z.zip/a.csv', null, 5), (3001, 1, 'z.zip/b.xlsx', 'mai', 5))
            as t(exercice, poids, _fichier, _feuille, mois);
    """)
    declared = declared_lines([
            entry("int_a", {"source": "'s/a'", "signalees": False,
                            "series": {"ville": {"mois": "mois", "membre": "code_collectivite", "une_par_mois": True}}}),
            entry("int_b", {"source": "'s/b'", "signalees": False, "series": {"fichier": {"mois": "mois"}}}),
        ]
    )  # fmt: skip
    rows = db.execute(f"select * from ({render(series_sql(declared))}) order by all").fetchall()
    assert rows == [  # source, exercice, serie, membre, est_fichier, est_une_par_mois, mois, nb_lignes
        ("s/a", 3001, "ville", "k", False, True, 5, 2),
        ("s/b", 3001, "fichier", "z.zip/a.csv", True, False, 5, 1),
        ("s/b", 3001, "fichier", "z.zip/b.xlsx, mai", True, False, 5, 1),
    ]
    assert db.execute(f"select * from ({render(series_sql({}))})").fetchall() == []


DATED = {"name": "jour", "title": "Jour", "type": "date"}
LOANS = {"name": "prets", "title": "Prêts", "fields": [DATED], "exercice": {"column": "jour", "rule": "within"}}


def test_a_table_of_the_lake_is_counted_by_month_of_its_parts_unless_a_model_says_whose_its_lines_are():
    sql = series_sql({}, [("nanook", Table(**LOANS)), ("autre", Table(**LOANS | {"exercice": None}))])
    assert "source('lake', 'nanook__prets')" in sql and "autre" not in sql
    db = duckdb.connect()
    db.execute("""
        create table lake as from (values (3001, 'z.zip/a.csv', null, date '3001-05-02'), (3001, 'b.xlsx', 'Orly', date '3001-06-02'))
            as t(exercice, _fichier, _feuille, jour)
    """)
    rows = db.execute(
        sql.replace("{{ source('lake', 'nanook__prets') }}", "lake").replace("as string", "as varchar")
    ).fetchall()
    assert sorted(rows) == [
        ("nanook/prets", 3001, "partie", "b.xlsx, Orly", True, False, 6, 1),
        ("nanook/prets", 3001, "partie", "z.zip/a.csv", True, False, 5, 1),
    ]
    every = Table(**LOANS | {"period": {"column": "jour", "every": "month"}})
    assert "true as est_une_par_mois" in series_sql({}, [("nanook", every)])
    declared = declared_lines(
        [entry("int_b", {"source": "'nanook/prets'", "signalees": False, "series": {"commune": {"mois": "mois"}}})]
    )
    assert "lake" not in series_sql(declared, [("nanook", every)])


def test_a_line_of_another_year_counts_there_only_by_a_line_that_is_of_that_year():
    key = {"name": "cote", "title": "Cote"}
    rule = {"column": "jour", "rule": "within", "overlaps": True}
    table = Table(**LOANS | {"fields": [DATED, key], "primaryKey": ["cote"], "exercice": rule})
    db = duckdb.connect()
    db.execute("""
        create schema lake;
        create table lake.nanook__prets as from (values
            (3001, 'a.csv', null, 2, 'A', date '3000-12-31'), (3000, 'b.csv', null, 3, 'A', date '3000-12-31'),
            (3001, 'a.csv', null, 4, 'B', date '3000-12-31'), (3000, 'b.csv', null, 5, 'B', date '3001-01-01')
        ) as t(exercice, _fichier, _feuille, _ligne, cote, jour);
    """)
    found = (
        f"select exercice, annee, annee_comptee, _ligne from ({render(outside_sql([('nanook', table)]))}) order by all"
    )
    # B is dated in the year of the other export on both sides: it counts in none
    assert db.execute(found).fetchall() == [(3000, 3001, None, 5), (3001, 3000, 3000, 2), (3001, 3000, None, 4)]


def test_whose_the_lines_of_a_table_are_by_the_field_that_names_a_member():
    named = {"name": "ville", "title": "Ville", "member": True}
    table = Table(**LOANS | {"fields": [DATED, named]})
    sql = named_members_sql(
        [
            ("nanook", table),
            ("parc", table),
            ("autre", Table(**LOANS)),
            ("forme", table.model_copy(update={"shape": "tickets"})),
        ]
    )
    db = duckdb.connect()
    db.execute("""
        create schema lake;
        create table lake.nanook__prets as from (values
            (3001, 'a.csv', null, 2, 'L’Haÿ-les-Roses'), (3001, 'b.ods', 'Nord', 3, 'Ailleurs'), (3001, 'b.ods', 'Nord', 4, null)
        ) as t(exercice, _fichier, _feuille, _ligne, ville);
        create table lake.parc__prets as from lake.nanook__prets limit 1;
        create table int_communs__orthographes_collectivites as from (values ('lhaylesroses', '94038')) as t(orthographe, code_collectivite)
    """)
    assert db.execute(f"from ({render(sql)}) order by all").fetchall() == [
        ("nanook/prets", 3001, "a.csv", None, 2, "94038"),
        ("nanook/prets", 3001, "b.ods", "Nord", 3, "inconnue"),
        ("parc/prets", 3001, "a.csv", None, 2, "94038"),
    ]
    assert db.execute(f"from ({render(named_members_sql([]))})").fetchall() == []


@pytest.mark.parametrize("wrong", [{"type": "integer"}, {"personal": "drop"}])
def test_what_names_a_member_is_a_text_that_is_kept(wrong: dict[str, str]):
    with pytest.raises(ValueError, match="member: un texte gardé tel quel"):
        Table(**LOANS | {"fields": [DATED, {"name": "ville", "title": "Ville", "member": True} | wrong]})


@pytest.mark.parametrize(
    ("table", "apart"),
    [
        ({}, False),
        ({"sheet": "Prêts"}, False),
        ({"sheet": "Commune *"}, True),
        ({"sheet": ["Orly", "Thiais"]}, True),
        ({"member": "prets_*.csv"}, True),
        ({"header": {3001: {"jour": "Jour", "titre": {"file": "(.+)[.]csv"}}}}, True),
    ],
)
def test_a_table_says_when_it_is_read_in_parts(table: dict, apart: bool):
    fields = [DATED, {"name": "titre", "title": "Titre"}]
    assert Table(**LOANS | {"fields": fields} | table).tells_parts_apart == apart
