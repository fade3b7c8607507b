"""Follows invented names, NIRs and matricules through every way a run can fail: none of them leaves the originals.

Each failure runs in a process of its own. Afterwards everything that was written is searched (lake, ledger, logs, Dagster's
storage, dbt's target, audit tables, publication, screen): Parquet and DuckDB files row by row, since their compression hides
a text from a search of bytes, and anything else as bytes. Only ``landing`` and ``archive`` may hold a canary.
"""

import datetime as dt
import io
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import xlsxwriter
import yaml

from demo import dsn
from pipelines import settings
from pipelines.catalogue.load import load_catalogue
from pipelines.settings import PROJECT_ROOT
from tests.end_to_end.conftest import millesime
from tests.end_to_end.homes import ALLOWED, holds_a_canary

pytestmark = pytest.mark.campaign(minutes=4)

NUMBER = 20
MARK = "ZZCANARI"  # in every name and matricule
FREE = "ZZLIBRE"  # in a free text that the lake keeps and nothing shows
KEPT = (*ALLOWED, "lake", "warehouse")  # where a free text may be
# what dbt and DuckDB say of a cell that they cannot read: in quotes of one kind, of the other, in none
QUOTING = {
    "texte_en_date": "select cast(cadre_emplois as date) as jour from {{ ref('stg_agents') }}",
    "texte_en_nombre": "select cast(cadre_emplois as decimal(9, 2)) as nombre from {{ ref('stg_agents') }}",
    "texte_lu": "select strptime(cadre_emplois, '%d/%m/%Y') as jour from {{ ref('stg_agents') }}",
    "texte_dit": "select error('cellule ' || cadre_emplois) as rien from {{ ref('stg_agents') }}",
    "texte_en_echec": "select cadre_emplois, matricule from {{ ref('stg_agents') }}",
}


@dataclass(frozen=True)
class Canary:
    """An invented person whose data must appear nowhere."""

    rank: int

    @property
    def matricule(self) -> str:
        return f"{MARK}M{self.rank:03d}"

    @property
    def nom(self) -> str:
        return f"{MARK}NOM{self.rank:03d}É"

    @property
    def prenom(self) -> str:
        return f"{MARK}PRENOM{self.rank:03d}"

    @property
    def birth(self) -> dt.date:
        return dt.date(1961 + self.rank, 3, 9)

    @property
    def nir(self) -> str:
        return dsn.nir_invente("01", self.birth, 700 + self.rank)


CANARIES = [Canary(rank) for rank in range(NUMBER)]
NEEDLES = [MARK, *(c.nir[:13] for c in CANARIES), *(c.birth.isoformat() for c in CANARIES)]
NEEDLES += [f"{c.birth:%d/%m/%Y}" for c in CANARIES] + [f"{c.birth:%d%m%Y}" for c in CANARIES]
NEEDLE = re.compile("|".join(map(re.escape, NEEDLES)))


def agent(canary: Canary, **changes: str) -> dict[str, str]:
    """A valid line of Cegid RH's list of agents, in its own words."""
    return {
        "matricule": canary.matricule,
        "nir": canary.nir,
        "nom": canary.nom,
        "prenom": canary.prenom,
        "sexe": "M",
        "tranche_age": f"{canary.birth:%d/%m/%Y}",
        "statut": "Titulaire",
        "cadre_emplois": "Ingénieurs territoriaux",
        "filiere": "Technique",
        "categorie": "A",
        "est_emploi_permanent": "O",
        "type_contrat": "",
        "est_temps_complet": "O",
        "quotite_pct": "100",
        "date_entree": "01/01/2015",
        "motif_entree": "Voie de mutation",
        "date_nomination_stagiaire": "",
        "date_sortie": "",
        "motif_sortie": "",
        "service": "",
        **changes,
    }


def agents_csv(year: int, rows: list[dict[str, str]], *raw: str) -> bytes:
    """The export, with lines added unchanged."""
    table = load_catalogue().registry.systems["cegid_rh"].exports[1].tables[0]
    headings = table.header_of(year)
    lines = [f"DÉMONSTRATION exercice {year}", ";".join(headings.values())]
    lines += [";".join(row[name] for name in headings) for row in rows]
    return "\r\n".join([*lines, *raw, ""]).encode("cp1252")


def personnel_xlsx(year: int) -> bytes:
    """Ciril RH's workbook, with a date that cannot be read in the first line."""
    table = load_catalogue().registry.systems["ciril_rh"].exports[1].tables[0]
    words = {
        "sexe": "M.",
        "statut": "Fonctionnaire titulaire",
        "categorie": "Cat. A",
        "motif_entree": "Mutation entrante",
    }
    words |= {
        "est_emploi_permanent": "Permanent",
        "est_temps_complet": "TC",
        "cadre_emplois": "INGENIEURS TERRITORIAUX",
    }
    headings, content = table.header_of(year), io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        sheet = book.add_worksheet(table.sheet)
        sheet.write_row(0, 0, [f"Personnel au 31 décembre {year}"])
        sheet.write_row(1, 0, list(headings.values()))
        for rank, canary in enumerate(CANARIES):
            row = agent(canary, **words) | ({"tranche_age": f"né le {canary.nom}"} if rank == 0 else {})
            sheet.write_row(2 + rank, 0, [row[name] for name in headings])
    return content.getvalue()


def declaration(year: int) -> Iterator[tuple[str, bytes]]:
    """Two months of social declarations, the second cut in the middle of a name."""
    hours = {month: Decimal("151.67") for month in range(1, 13)}
    staff = [
        dsn.Salarie(
            c.matricule,
            c.nir,
            c.nom,
            c.prenom,
            "01",
            c.birth,
            (dsn.Contrat("00001", dt.date(2015, 1, 1), "50", "01", "INGENIEUR", hours),),
        )
        for c in CANARIES
    ]
    files = list(dsn.livraisons(year, staff))
    for index, file in enumerate(files):
        cut = file.contenu.rindex(MARK.encode()) + 4 if index == len(files) - 1 else None
        yield file.chemin.rsplit("/", 1)[-1], file.contenu[:cut]


class Lab:
    """A home that collects only personal data, and all the output of its runs."""

    def __init__(self, folder: Path):
        self.home = folder / "home"
        self.said = ""
        organisation = yaml.safe_load((PROJECT_ROOT / "demo" / "organisation.yml").read_text(encoding="utf-8"))
        organisation["exercices"] = {"premier": 2019, "dernier": 2022}
        organisation["applications"], organisation["systemes"] = [], ["cegid_rh", "ciril_rh", "dsn"]
        self.organisation = organisation
        self.home.mkdir(parents=True)
        (folder / "key").write_bytes(b"k" * 32)
        self.write_organisation()

    def write_organisation(self) -> None:
        text = yaml.safe_dump(self.organisation, allow_unicode=True, sort_keys=False)
        (self.home / "organisation.yml").write_text(text, encoding="utf-8")

    def drop(self, path: str, content: bytes) -> None:
        target = self.home / "landing" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)

    def millesime(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        done = millesime(self.home, *arguments, **environment)
        self.said += done.stdout + done.stderr
        return done

    def leaks(self, needle: re.Pattern = NEEDLE, allowed: tuple[str, ...] = ALLOWED) -> list[str]:
        """The places where a canary was found and must not be."""
        found = ["the screen"] if needle.search(self.said) else []
        places = [self.home, settings.shipped() / "dbt_project"]
        for path in (p for place in places for p in place.rglob("*") if p.is_file() and not p.is_symlink()):
            kept_aside = path.is_relative_to(self.home) and path.relative_to(self.home).parts[0] in allowed
            if not kept_aside and holds_a_canary(path, needle):
                found.append(str(path))
        return found


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    lab = Lab(tmp_path_factory.mktemp("canaris"))
    first, second = CANARIES[0], CANARIES[1]
    # 2019: lines that cannot be read: a date, a cell too many that shifts the names, a name as a number;
    # and a stray quote
    bad = [
        agent(first, tranche_age=f"31/02/{first.nom}"),
        agent(second, quotite_pct=second.nom),
        *(agent(c) for c in CANARIES[2:]),
    ]
    shifted = ";".join(["", *agent(first).values()])
    lab.drop("2019/cegid_rh/agents_2019.csv", agents_csv(2019, bad, shifted))
    swallowed = f'Matricule;Période;Statut;Heures payées\r\n"{first.matricule}" x;01/01/2019;{first.nom};1,00\r\n'
    lab.drop("2019/cegid_rh/heures_2019.csv", swallowed.encode("cp1252"))
    # 2020: a critical expectation fails: the same matricule twice; and a name where a word is expected
    twice = [*map(agent, CANARIES), agent(first, nom=second.nom), agent(second, sexe=second.prenom)]
    lab.drop("2020/cegid_rh/agents_2020.csv", agents_csv(2020, twice))
    # 2021, 2022: a workbook with an unreadable date; declarations, one of them cut in a name
    lab.drop("2021/ciril_rh/ciril_rh_personnel_2021.xlsx", personnel_xlsx(2021))
    for name, content in declaration(2022):
        lab.drop(f"2022/dsn/{name}", content)
    return lab


def test_bad_lines_failed_expectations_and_cut_files_show_no_canary(lab):
    done = lab.millesime("run", "2019", "2020", "2021", "2022")
    assert done.returncode == 1
    for year in ("2019", "2020", "2022"):
        for command in ("rejects", "findings"):
            lab.millesime(command, year)
    for code in ("LIG-TYPE", "LIG-OBLIGATOIRE", "LIG-MOTIF", "FIC-GUILLEMETS", "ATT-CRITIQUE", "FIC-TRONQUE"):
        assert code in lab.said, code
    assert lab.leaks() == []


def test_a_file_judged_aside_shows_no_canary(lab):
    for path in sorted((lab.home / "landing").rglob("*.csv")):
        lab.millesime("check", str(path))
    assert lab.leaks() == []


@pytest.mark.parametrize(
    "step", [pytest.param("lake.parquet_written", marks=pytest.mark.long), "transform.lake_loaded"]
)
def test_a_crash_leaves_no_canary(lab, step):
    """Everything that the killed process had begun to write is searched before it is removed."""
    rows = [agent(c) for c in CANARIES]
    lab.drop("2020/cegid_rh/agents_2020.csv", agents_csv(2020, rows[: 10 + len(step)]))
    killed = lab.millesime("run", "2020", MILLESIME_FAILPOINT=step)
    assert killed.returncode == -9
    assert lab.leaks() == []


def test_rules_that_quote_a_free_text_leave_none_in_dbt_nor_dagster(lab):
    """DuckDB's error quotes the cell that it cannot compute with: no log, target or event keeps that message."""
    rows = [agent(c, cadre_emplois=f"{FREE} {c.rank}", motif_entree=f"{FREE} entrée") for c in CANARIES]
    lab.drop("2020/cegid_rh/agents_2020.csv", agents_csv(2020, rows))
    tests = lab.home / "dbt_project" / "tests"
    tests.mkdir(parents=True, exist_ok=True)
    for name, sql in QUOTING.items():
        (tests / f"{name}.sql").write_text(f"{sql}\n", encoding="utf-8")
    done = lab.millesime("run", "2020")
    lab.millesime("findings", "2020")
    for name in QUOTING:
        (tests / f"{name}.sql").unlink()
    assert done.returncode == 1 and [name for name in QUOTING if name not in lab.said] == []
    assert (
        "texte_en_echec, à cause de agents_2020.csv:" in lab.said
    )  # its failing rows are persons: only their places are shown
    assert lab.leaks(re.compile(FREE), KEPT) == [] == lab.leaks()


def test_a_right_run_publishes_without_a_canary(lab):
    lab.drop("2020/cegid_rh/agents_2020.csv", agents_csv(2020, [agent(c) for c in CANARIES]))
    done = lab.millesime("run", "2019", "2020", "2021", "2022")
    assert (lab.home / "published" / "millesime.duckdb").exists(), done.stderr
    counted = duckdb.execute(
        f"select valeur from '{lab.home}/published/rapport/chiffres.parquet' "
        "where code = 'rh.effectif.total' and exercice = 2020"
    ).fetchone()
    assert counted == (NUMBER,)
    assert lab.leaks() == []


def test_the_search_itself_finds_a_canary_wherever_one_is_put(lab, tmp_path):
    place = lab.home / "essai"
    place.mkdir()
    duckdb.execute(f"copy (select '{CANARIES[3].nom}' as nom) to '{place}/un.parquet'")
    with duckdb.connect(str(place / "deux.duckdb")) as db:
        db.execute(f"create table t as select repeat('{CANARIES[4].nom}', 3) as nom from range(1000)")
    (place / "trois.log").write_text(f"erreur : {CANARIES[5].birth:%d/%m/%Y}", encoding="utf-8")
    leaks = lab.leaks()
    shutil.rmtree(place)
    assert {Path(leak).name for leak in leaks} == {"un.parquet", "deux.duckdb", "trois.log"}
