"""The main job on the demonstration: figures equal to the published ones, nothing lost, nothing mixed, same bytes."""

import csv
import hashlib
import json
import shutil
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import duckdb
import pytest

from demo.finances import EXERCICE_PIECE_OMISE, piece_omise
from tests.end_to_end.conftest import copied, millesime, opened
from tests.stages.publish.scdl import problems
from tests.stages.publish.secret.attacker import Reader
from tests.stages.publish.secret.body import Agent, Year

PUBLISHED = Path(__file__).parents[2] / "demo" / "published_figures.csv"
KNOWN_DIFFERENCES = {
    "finances.principal.fonctionnement.ecart_recettes": Decimal("0.71"),  # truncated in print: 222 255,71
    "finances.annexe.fonctionnement.resultat": Decimal("-0.62"),  # the report contradicts itself
}


def published_rows() -> list[dict]:
    with PUBLISHED.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="session")
def report(demonstration: Path) -> duckdb.DuckDBPyConnection:
    return opened(demonstration)


def test_every_computed_figure_equals_the_published_one_at_printed_precision(report) -> None:
    computed = {
        (code, year): (value, missing)
        for code, year, value, missing in report.execute(
            "select code, exercice, valeur, code_manquant from rapport.chiffres"
        ).fetchall()
    }
    rows, differences = published_rows(), {}
    assert len(rows) == 280
    for row in rows:
        value, missing = computed[(row["figure_id"], int(row["exercice"]))]
        if row["value"] == "":
            assert (value, missing) == (None, row["published_text"] or "—"), row  # a blank cell has no object
            continue
        printed = Decimal(row["value"])
        if value.quantize(Decimal(1).scaleb(printed.as_tuple().exponent), ROUND_HALF_UP) != printed:
            differences[row["figure_id"]] = value - printed
    assert differences == KNOWN_DIFFERENCES


def test_the_known_differences_and_no_other_are_findings(report) -> None:
    found = report.execute("select ou, ecart from audit.constats where code_regle = 'PUB-ECART'").fetchall()
    assert {code: Decimal(gap.replace(",", ".")) for code, gap in found} == KNOWN_DIFFERENCES


def test_read_equals_accepted_plus_refused_plus_ignored(report) -> None:
    unbalanced = report.execute(
        "select * from audit.tables_livrees where nb_lues <> nb_acceptees + nb_refusees + nb_ignorees"
    ).fetchall()
    tables, refused = report.execute("select count(*), sum(nb_refusees) from audit.tables_livrees").fetchone()
    assert not unbalanced
    assert tables >= 60
    assert (
        refused
        == report.execute(
            "select count(distinct (livraison, nom_table, fichier, ligne)) from audit.lignes_refusees"
        ).fetchone()[0]
        > 0
    )


def test_planted_defects_are_caught(report) -> None:
    codes = {code for (code,) in report.execute("select distinct code_regle from audit.constats").fetchall()}
    assert {"LIG-TYPE", "LIG-OBLIGATOIRE", "ATT-ALERTE", "CPT-INCONNU", "GOU-QUORUM"} <= codes
    assert "FIC-NON-LU" not in codes  # every sheet is read, or declared to be of no need


def test_the_ledger_the_documents_and_the_years_agree_except_for_the_piece_left_out(report) -> None:
    controls = report.execute(
        "select controle, count(*) filter (est_egal), count(*) filter (not est_egal) "
        "from rapport.rpt_finances__rapprochements group by controle order by controle"
    ).fetchall()
    assert {control: unequal for control, _, unequal in controls if unequal} == {"FIN-ECRITURES": 1}
    assert len(controls) == 9
    assert all(equal for _, equal, _ in controls)
    gap = f"-{piece_omise() // 100},{piece_omise() % 100:02d}"
    found = report.execute(
        "select code_regle, exercice, ecart from audit.constats where code_regle like 'FIN-%' order by all"
    ).fetchall()
    assert found == [("FIN-ECRITURES", EXERCICE_PIECE_OMISE, gap), ("FIN-ORGANISME", 2018, None)]


def test_a_corrected_document_takes_the_place_of_the_first(report) -> None:
    left_out = report.execute("select exercice, nature_decision, motif from marts.fct_documents_ecartes order by all")
    replaced = "document remplacé par une version plus récente"
    assert left_out.fetchall() == [
        (2018, "budget primitif", "document d’un autre organisme"),
        (2019, "budget primitif", replaced),
        (2019, "compte administratif", replaced),
    ]


def test_the_budget_is_valid_open_data(demonstration: Path) -> None:
    assert problems(demonstration / "published" / "scdl") == []


def test_refused_lines_never_show_a_cell_of_a_table_with_personal_columns(report) -> None:
    shown = report.execute(
        "select systeme, nom_table from audit.lignes_refusees where nom_table = 'comptes' and regle <> 'LIG-COLONNES' and recu is not null"
    ).fetchall()
    assert not shown


def test_who_asks_for_a_right_is_nowhere_in_what_is_published(demonstration: Path, report) -> None:
    from demo.rgpd import EXERCICE_DEMANDE_REFUSEE
    from tests.demo.exports import records

    names = [row["demandeur"] for _, row in records(demonstration, "rgpd/demandes", EXERCICE_DEMANDE_REFUSEE)]
    assert len(names) == 2  # one line is accepted, the other refused
    refused = "select recu from audit.lignes_refusees where nom_table = 'demandes'"
    assert report.execute(refused).fetchall() == [(None,)]
    ledger = (demonstration / "ledger.db").read_bytes()
    tables = report.execute(
        "select schema_name || '.' || table_name from duckdb_tables() where database_name = 'publie'"
    ).fetchall()
    for name in names:
        assert name.encode() not in ledger
        for (table,) in tables:
            [(found,)] = report.execute(
                f"select count(*) from {table} as lignes where contains(cast(lignes as varchar), ?)", [name]
            ).fetchall()
            assert not found, table


def test_elections_are_counted_from_the_logs_that_already_exist(report) -> None:
    [(work, training, agents)] = report.execute(
        "select sum(duree_jours) filter (where nb_agents_formes is null), "
        "sum(duree_jours) filter (where nb_agents_formes is not null), sum(nb_agents_formes) "
        "from rapport.rpt_elections__accompagnement where exercice = 2020"
    ).fetchall()
    assert (work, training, agents) == tuple(
        value
        for indicateur in ("jours_traitement_elections", "jours_formation", "agents_formes")
        for (value,) in report.execute(
            "select valeur from rapport.chiffres where exercice = 2020 and code = ?",
            [f"applications.ciril_elections.{indicateur}"],
        ).fetchall()
    )


def test_every_published_table_has_comments_and_a_parquet(demonstration: Path, report) -> None:
    tables = report.execute(
        "select schema_name, table_name, comment from duckdb_tables() where database_name = 'publie'"
    ).fetchall()
    assert {schema for schema, _, _ in tables} == {"marts", "rapport", "audit"}
    for schema, table, comment in tables:
        assert comment, f"{schema}.{table} has no comment"
        assert (demonstration / "published" / schema / f"{table}.parquet").exists()
    assert not report.execute(
        "select schema_name, table_name, column_name from duckdb_columns() where database_name = 'publie' and coalesce(comment, '') = ''"
    ).fetchall()


def test_no_published_column_is_a_double(report) -> None:
    assert not report.execute(
        "select table_name, column_name from duckdb_columns() where database_name = 'publie' and data_type in ('DOUBLE', 'FLOAT', 'HUGEINT')"
    ).fetchall()


def parquet_digests(home: Path) -> dict[str, str]:
    published = home / "published"
    return {
        str(path.relative_to(published)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(published.rglob("*.parquet"))
    }


def test_the_public_profile_holds_the_report_and_no_small_number_of_agents(demonstration: Path, report) -> None:
    public = demonstration / "published" / "public"
    with duckdb.connect() as db:
        db.execute(f"attach '{public / 'rapport_public.duckdb'}' as p (read_only); use p")
        found = db.execute("select schema_name, table_name from duckdb_tables() where database_name = 'p'").fetchall()
        assert {schema for schema, _ in found} == {"rapport", "marts"}
        assert {path.stem for path in public.rglob("*.parquet")} == {table for _, table in found}
        assert not {t for _, t in found} & {
            *("rpt_collecte", "rpt_manques", "rpt_rapprochement_publie", "rpt_rh__rapprochements")
        }
        counts = db.execute(
            "select table_name, column_name from duckdb_columns() where database_name = 'p' "
            "and regexp_matches(table_name, '^rpt_rh__') and regexp_matches(column_name, '^nb_(agents|arrivees|departs|nommes)')"
        ).fetchall()
        assert len(counts) >= 5
        for table, column in counts:
            assert not db.execute(f"select * from rapport.{table} where {column} between 1 and 4").fetchall(), table
        figures = dict(db.execute("select code, valeur from rapport.chiffres where exercice = 2020").fetchall())
        hidden = {c for (c,) in db.execute("select code from rapport.chiffres where code_manquant = 's'").fetchall()}
    kept = {"rh.effectif.total": 27, "rh.effectif.fonctionnaire": 13, "rh.filiere.technique.tous": 70}
    assert {code: figures[code] for code in kept} == kept
    assert figures["rh.etpr.total"] == Decimal("26.24") and figures["rh.age_moyen.ensemble_permanent"] == Decimal(
        "46.94"
    )
    assert {"rh.mouvement.departs", "rgpd.demandes"} <= hidden
    assert not {"rh.filiere.administrative.titulaire", "rh.cadre_emplois.adjoints_techniques"} & figures.keys()
    assert figures["infrastructure.editique.bulletins_imprimes"] == 37235  # each member has many agents
    alone = "select * from audit.secret where borne_basse > 0 and borne_haute < 5"
    assert not report.execute(alone).fetchall()
    assert report.execute("select count(*) from audit.secret where exercice = 2020").fetchone()[0] > 20


def test_the_public_tables_about_persons_are_those_that_hold_together(demonstration: Path) -> None:
    with duckdb.connect(str(demonstration / "published" / "public" / "rapport_public.duckdb"), read_only=True) as db:

        def counted(columns: str, table: str) -> dict:
            asked = f"select {columns}, nb_agents from rapport.{table} where exercice = 2020 and nb_agents > 0"
            return {tuple(row[:-1]): row[-1] for row in db.execute(asked).fetchall()}

        assert counted("code_statut", "rpt_rh__effectifs") == {
            ("fonctionnaire",): 13,
            ("contractuel_permanent",): 14,
            ("tous",): 27,
        }
        assert counted("code_statut, sexe", "rpt_rh__genres") == {
            ("fonctionnaire", "F"): 5,
            ("fonctionnaire", "M"): 8,
            ("contractuel_permanent", "F"): 7,
            ("contractuel_permanent", "M"): 7,
            ("tous", "F"): 12,
            ("tous", "M"): 15,
        }
        assert counted("libelle_categorie", "rpt_rh__categories") == {
            ("Catégorie A",): 18,
            ("Catégories B et C",): 9,
        }
        assert counted("libelle_tranche", "rpt_rh__pyramide") == {("Moins de 50 ans",): 16, ("50 ans et plus",): 11}
        assert counted("code_filiere", "rpt_rh__filieres") == {
            ("administrative",): 8,
            ("technique",): 19,
            ("total",): 27,
        }


def test_an_attacker_learns_nothing_of_few_agents(demonstration: Path) -> None:
    warehouse = demonstration / "warehouse" / "published" / "warehouse.duckdb"
    public = demonstration / "published" / "public"
    years: dict[int, Year] = {}
    with duckdb.connect(str(warehouse), read_only=True) as db:
        for exercice, nb_agents, *agent in db.execute(
            "select exercice, nb_agents, code_statut, est_cdi, code_cadre_emplois, sexe, tranche_age_ans, est_temps_complet "
            "from restreint.fct_effectifs order by all"
        ).fetchall():
            years.setdefault(exercice, Year([], [])).agents.extend([Agent(*agent)] * nb_agents)
    withheld = json.loads((public / "manifest.json").read_text(encoding="utf-8"))["withheld"]
    reader = Reader(public / "rapport_public.duckdb", withheld, years)
    assert len(reader.printed) > 20
    assert reader.shown(most=120) == []


def test_summary_names_what_arrived_and_where_to_look(demonstration: Path) -> None:
    summary = (demonstration.parent / "summary.txt").read_text(encoding="utf-8")
    for expected in (
        "DÉMONSTRATION",
        "reçus",
        "refusés",
        "+ refusées",
        "millesime.duckdb",
    ):
        assert expected in summary, expected


def test_its_end_writes_the_report_the_export_and_the_documentation_and_says_where(demonstration: Path) -> None:
    summary = (demonstration.parent / "summary.txt").read_text(encoding="utf-8")
    for written in (
        demonstration / "published" / "report" / "2020" / "interne" / "rapport_activite_2020.html",
        demonstration / "published" / "report" / "2020" / "interne" / "rapport_activite_2020.pdf",
        demonstration / "exports" / "2020" / "public",
        demonstration / "docs" / "dbt.html",
    ):
        assert written.exists() and str(written) in summary, written


@pytest.fixture(scope="session")
def own_demonstration(demonstration: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that a test may change."""
    return copied(demonstration, tmp_path_factory.mktemp("copie"))


@pytest.mark.long
def test_deleted_warehouse_is_rebuilt_with_the_same_bytes_then_a_correction_moves_its_figure(
    own_demonstration: Path,
) -> None:
    before = parquet_digests(own_demonstration)
    shutil.rmtree(own_demonstration / "warehouse")
    shutil.rmtree(own_demonstration / "builds")
    (own_demonstration / "published").unlink()
    done = millesime(own_demonstration, "run", "2018", "2019", "2020")
    assert done.returncode == 0, done.stderr
    assert parquet_digests(own_demonstration) == before

    held = opened(own_demonstration)
    export = own_demonstration / "landing" / "2020" / "journal_elections"
    (path,) = export.iterdir()
    path.write_bytes(b"pas un export\n")
    refused = millesime(own_demonstration, "run", "2020", "--source", "journal_elections")
    assert refused.returncode == 1
    assert parquet_digests(own_demonstration)["rapport/chiffres.parquet"] == before["rapport/chiffres.parquet"]
    assert held.execute("select count(*) from rapport.chiffres").fetchone()[0] > 200
