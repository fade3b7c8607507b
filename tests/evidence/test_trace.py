"""From a figure to its lines and back, on a small year whose rows are written by hand."""

from decimal import Decimal
from fractions import Fraction

import duckdb
import pytest

from pipelines.evidence.fate_of_line import AWAITED, COUNTS, members_of, trace_line
from pipelines.evidence.trace import Leaf, Line, Source, trace
from pipelines.evidence.traced_rows import NotTraceable, Version, open_rows, published_version, traced_columns
from tests.cli.conftest import FIGURES


def traced(year, code: str):
    bench, version = year
    with bench.ledger() as ledger, open_rows(version) as rows:
        return trace(bench.home, ledger, version, rows, code, 2019)


def test_an_exact_value_is_not_the_rounded_one_and_the_division_is_worked(year):
    found = traced(year, "essai.ventes.par_agent")
    assert found.exact == Fraction(29, 6) and found.chiffre["valeur"] == Decimal("4.83")
    (worked,) = found.calculs
    assert worked.calcul == "14,5 ÷ 3" and worked.exact == Fraction(29, 6)
    assert worked.termes == {"essai.ventes.total": "14,5", "essai.agents.nombre": "3"}
    assert found.agrees


def test_a_figure_that_its_exact_value_does_not_round_to_is_reported(year):
    _, version = year
    file = version.place / "rapport" / "chiffres.parquet"
    duckdb.sql(f"copy (select * replace (valeur + 0.01 as valeur) from '{file}') to '{file}.new' (format parquet)")
    file.with_name("chiffres.parquet.new").rename(file)
    assert not traced(year, "essai.ventes.par_agent").agrees


def test_a_double_names_its_line_and_a_refused_line_stands_in_the_trace(year):
    found = traced(year, "essai.ventes.total")
    assert [(line.ligne, line.motif, line.double_de) for line in found.feuilles[0].lignes if not line.compte] == [
        (4, "doublon", "a.csv:2")
    ]
    assert [(line.ligne, line.motif) for line in found.refusees] == [
        (3, "refusée : LIG-TYPE « Montant », attendu un nombre d’au plus 2 décimales (« , »)")
    ]


def test_a_trace_says_its_version_and_the_deliveries_that_it_rests_on(year):
    bench, version = year
    found = traced(year, "essai.ventes.total")
    assert (found.code, found.exercice, found.version) == ("essai.ventes.total", 2019, version.name)
    assert (found.exact, found.calculs, found.absence, found.reprise) == (Fraction(29, 2), [], None, None)
    (leaf,) = found.feuilles
    assert (leaf.agregat, leaf.valeur, leaf.recalcul, leaf.libelle) == (
        "somme",
        Decimal("14.5"),
        Decimal("14.5"),
        leaf.code,
    )
    (manifest,) = (one for one in version.manifests.values() if one.system == "ventes")
    with bench.ledger() as ledger:
        received = next(
            row["received_at"] for row in ledger.all_rows("deliveries") if row["delivery"] == manifest.delivery
        )
    files = [(file.name, file.sha256) for file in manifest.files]
    verdict = "acceptée, 1 ligne refusée"
    assert found.sources == [Source(manifest.delivery, "ventes/ventes", 2019, received, verdict, files)]
    (refused,) = found.refusees
    assert (refused.livraison, refused.fichier, refused.relation) == (
        manifest.delivery,
        "ventes_2019.csv",
        "ventes/ventes",
    )
    assert (refused.compte, refused.apport) == (False, 0)


def rewrite(version: Version, name: str, query: str) -> None:
    """Replace the rows of a relation of the version; ``{rows}`` are those that it has."""
    file = version.place / f"{name}.parquet"
    duckdb.sql(f"copy ({query.format(rows=repr(str(file)))}) to '{file}.new' (format parquet)")
    file.with_name(f"{file.name}.new").rename(file)


def named(version: Version, relation: str, columns: str, *rows: str) -> Version:
    """The version, with rows of a relation that name figures."""
    (delivery,) = (one.delivery for one in version.manifests.values() if one.system == "ventes")
    place = f"{delivery!r} as _livraison, 'rapport.csv' as _fichier, null::varchar as _feuille"
    values = f"(values {', '.join(rows)}) as t(exercice, _ligne, code, {columns})"
    rewrite(version, f"lignes/intermediate/{relation}", f"select {place}, * from {values}")
    return version


def test_a_figure_that_only_a_printed_report_gives_names_its_line(year):
    """Of its own code and year, whatever the lines add up to."""
    _, version = year
    rows = "(2018, 2, 'essai.ventes.total', 1.5), (2019, 3, 'essai.autre', 2.5), (2019, 4, 'essai.ventes.total', 14.2)"
    named(version, "int_communs__chiffres_publies", "valeur_publiee", rows)
    rewrite(version, "rapport/chiffres", "select * replace ('publié' as statut, 14.2 as valeur) from {rows}")
    found = traced(year, "essai.ventes.total")
    (source,) = found.sources
    assert found.reprise == Line(
        source.livraison,
        "rapport.csv",
        None,
        4,
        None,
        "int_communs__chiffres_publies",
        True,
        "chiffre imprimé, repris faute d’export",
        Decimal("14.2"),
    )
    assert found.agrees and found.absence is None


def test_a_figure_that_is_declared_absent_names_the_line_that_says_so(year):
    _, version = year
    rows = "(2019, 4, 'essai.agents.nombre', 'pas de régie'), (2018, 2, 'essai.ventes.total', 'autre')"
    named(version, "int_communs__absences", "motif", rows)
    assert traced(year, "essai.ventes.total").absence is None
    absence = traced(year, "essai.agents.nombre").absence
    assert (absence.ligne, absence.relation, absence.motif, absence.apport) == (
        4,
        "int_communs__absences",
        "pas de régie",
        Decimal(0),
    )


def leaf_of(how: str, value: str | None, *counts: tuple[bool, str | None]) -> Leaf:
    lines = [
        Line("d", "f", None, n, None, "r", counted, "", None if said is None else Decimal(said))
        for n, (counted, said) in enumerate(counts)
    ]
    return Leaf("a.b", "A", how, "", "marts", None if value is None else Decimal(value), lines, [])


@pytest.mark.parametrize(
    ("leaf", "found", "agrees"),
    [
        (leaf_of("somme", "4.5", (True, "1"), (True, "3.5"), (False, "9")), "4.5", True),
        (leaf_of("somme", "4.6", (True, "1"), (True, "3.5")), "4.5", False),
        (leaf_of("mediane", "2", (True, "1"), (True, "2"), (True, "9"), (False, "50")), "2", True),
        (leaf_of("maximum", "9", (True, "1"), (True, "9"), (False, "50")), "9", True),
        (leaf_of("maximum", "0"), "0", True),
        (leaf_of("somme", None), "0", True),
        (leaf_of("somme", None, (True, None), (True, "1")), "1", True),
        (leaf_of("somme", None, (True, "1")), "1", False),
        (leaf_of("somme", None, (False, "1")), "0", True),
    ],
)
def test_the_lines_that_count_are_put_together_as_the_measure_does(leaf: Leaf, found: str, agrees: bool):
    assert (leaf.recalcul, leaf.agrees) == (Decimal(found), agrees)


def test_a_line_that_the_figure_s_own_filter_leaves_out_says_what_it_asks(declared, year, tmp_path):
    declared.write("catalogue/figures/essai.yml", FIGURES.replace("montant_eur}", "montant_eur, filtre: {nature: a}}"))
    bench, version = year
    kept = Version(version.name, version.place, bench.catalogue, version.manifests, 2019)
    (leaf,) = traced((bench, kept), "essai.ventes.total").feuilles
    assert [(line.ligne, line.apport) for line in leaf.lignes] == [(2, Decimal("10.5"))]
    assert [(line.ligne, line.motif) for line in leaf.hors_filtre] == [(3, "hors du chiffre, qui demande : nature : a")]


def test_lines_of_a_table_that_is_not_of_the_figure_are_not_left_out_of_it(declared, year):
    """A fact may be made from several tables of one delivery: those that the figure does not name were never its own."""
    declared.write("catalogue/figures/essai.yml", FIGURES.replace("montant_eur}", "montant_eur, filtre: {nature: a}}"))
    entry = {"source": "'ventes/' || case nature when 'a' then 'ventes' else 'avoirs' end"}
    models = [
        {
            "name": "int_fct_factures",
            "config": {"meta": {"lignes": entry | {"faits": {"fct_factures": {}}, "signalees": False}}},
        }
    ]
    declared.write("dbt_project/models/intermediate/int_fct_factures.yml", {"version": 2, "models": models})
    bench, version = year
    kept = Version(version.name, version.place, bench.catalogue, version.manifests, 2019)
    (leaf,) = traced((bench, kept), "essai.ventes.total").feuilles
    assert ([line.ligne for line in leaf.lignes], leaf.hors_filtre) == ([2], [])


def test_a_rule_that_completes_lines_is_in_the_formula_and_on_the_lines(declared, year):
    entry = {
        "source": "'ventes/ventes'",
        "faits": {"fct_factures": {}},
        "signalees": False,
        "completees": {"vente sans jour, comptée au 31 décembre": "_ligne = 3"},
    }
    models = [{"name": "int_fct_factures", "config": {"meta": {"lignes": entry}}}]
    declared.write("dbt_project/models/intermediate/int_fct_factures.yml", {"version": 2, "models": models})
    bench, version = year
    catalogue = bench.catalogue
    said = "lignes complétées : vente sans jour, comptée au 31 décembre ; arrondi"
    assert said in catalogue.figures.formula("essai.ventes.total") and said in catalogue.figures.formula(
        "essai.ventes.par_agent"
    )
    kept = Version(version.name, version.place, catalogue, version.manifests, 2019)
    (leaf,) = traced((bench, kept), "essai.ventes.total").feuilles
    assert [(line.ligne, line.complement) for line in leaf.lignes] == [
        (2, None),
        (3, "vente sans jour, comptée au 31 décembre"),
        (4, None),
    ]


def test_what_lines_already_count_is_added_whatever_the_measure(declared, year):
    bench, version = year
    (leaf,) = traced(year, "essai.agents.nombre").feuilles
    assert (leaf.agregat, leaf.agrees) == ("nombre", True)
    entry = {"source": "'personnel/agents'", "faits": {"fct_effectifs": {"additives": True}}, "signalees": False}
    models = [{"name": "int_fct_effectifs", "config": {"meta": {"lignes": entry}}}]
    declared.write("dbt_project/models/intermediate/int_fct_effectifs.yml", {"version": 2, "models": models})
    kept = Version(version.name, version.place, bench.catalogue, version.manifests, 2019)
    (leaf,) = traced((bench, kept), "essai.agents.nombre").feuilles
    assert (leaf.agregat, leaf.agrees) == ("somme", True)


def test_a_line_reaches_its_figures_and_those_computed_from_them(year):
    bench, version = year
    with bench.ledger() as ledger:
        (fate,) = trace_line(bench.home, ledger, version, "ventes_2019.csv", 2)
    assert [(one.code, one.apport, one.par) for one in fate.chiffres] == [
        ("essai.ventes.total", Decimal("10.5"), None),
        ("essai.ventes.par_agent", None, "essai.ventes.total"),
    ]
    assert fate.statut == COUNTS


def test_a_delivery_that_is_accepted_and_not_published_is_shown_apart(year):
    bench, version = year
    before = Version(version.name, version.place, version.catalogue, {}, 2019)
    with bench.ledger() as ledger:
        (fate,) = trace_line(bench.home, ledger, before, "ventes_2019.csv", 2)
    assert (fate.statut, fate.chiffres) == (AWAITED, [])


def test_nothing_published_is_nothing_to_trace(bench):
    with bench.ledger() as ledger, pytest.raises(NotTraceable, match="rien n’est encore publié"):
        published_version(bench.home, ledger, bench.catalogue)


def test_a_family_is_traced_by_its_members():
    from pipelines.catalogue.load import load_catalogue

    figures = load_catalogue().figures
    declared = figures.by_code["rh.filiere.{filiere}.tous"].figure
    codes = ["rh.filiere.technique.tous", "rh.filiere.total.tous", "rh.effectif.total", "rh.filiere.police.tous"]
    assert members_of(figures, declared, codes) == ["rh.filiere.technique.tous", "rh.filiere.police.tous"]
    assert members_of(figures, declared, codes, "police") == ["rh.filiere.police.tous"]


def test_what_is_kept_of_a_year_is_what_a_trace_reads(bench):
    kept = traced_columns(bench.catalogue)
    assert kept["marts.fct_factures"] == {"exercice", "montant_eur"}
    assert {"montant_eur", "poids", "motif", "_ligne"} <= kept["intermediate.int_fct_factures"]
    assert "intermediate.int_communs__absences" in kept


def test_a_frozen_year_keeps_no_identifier_of_a_person():
    from pipelines.catalogue.load import load_catalogue

    kept = traced_columns(load_catalogue())
    persons = {"identifiant", "matricule", "login", "nom_elu", "prenom_elu"}
    assert {relation: names for relation, columns in kept.items() if (names := persons & columns)} == {}


@pytest.mark.parametrize("schema", ["marts", "restreint"])
def test_a_query_reads_the_fact_where_the_version_has_it(year, schema: str):
    """A year frozen before a fact left the marts keeps it there; the query says which schema, and so whose right it needs."""
    _, version = year
    (version.place / "lignes" / schema).mkdir(exist_ok=True)
    (version.place / "lignes" / "marts" / "fct_effectifs.parquet").rename(
        version.place / "lignes" / schema / "fct_effectifs.parquet"
    )
    (leaf,) = traced(year, "essai.agents.nombre").feuilles
    assert leaf.schema == schema and f" from {schema}.fct_effectifs " in leaf.sql
    assert leaf.agrees and leaf.valeur == 3
