"""An organisation with tools, chapters and indicators of its own, all of them declarations of its home.

``tests/fixtures/organisation`` is that home, with its exports. Every expected figure is computed from these files in plain Python.
"""

import csv
import datetime as dt
import hashlib
import json
import re
import shutil
import subprocess
import zipfile
from collections import Counter
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import openpyxl
import pytest
import yaml

from demo import dsn
from pipelines.catalogue.load import load_catalogue
from pipelines.settings import PROJECT_ROOT, Home
from tests.end_to_end.conftest import millesime
from tests.ods import write_ods

FIXTURE = PROJECT_ROOT / "tests" / "fixtures" / "organisation"
EXPORTS = FIXTURE / "landing"
DECLARED = ("catalogue", "dbt_project", "expectations")
READ = (*DECLARED, "pipelines", "demo")
pytestmark = pytest.mark.campaign(minutes=1)
YEAR = 2024


# what the home receives ------------------------------------------------------------------------------------------------

MONTHS = ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.")
LIBRARIES = {"Montcelaigue": 310, "Saint-Ferriol-la-Roche": 140, "L’Hospitalet-d’Aubrelle": 25}
SUPPORTS = {"Livres": 10, "Revues": 3, "DVD": 1}


def loans(library: str, support: str) -> list[int | None]:
    """What a library lent of each kind, month by month; the smallest one is closed in August."""
    lent = [LIBRARIES[library] * SUPPORTS[support] // 10 + month for month in range(1, 13)]
    return [None if month == 8 and library.startswith("L’") else n for month, n in enumerate(lent, start=1)]


def sheet(library: str) -> list[list]:
    kinds = {support: loans(library, support) for support in SUPPORTS}
    total = [sum(filter(None, month)) for month in zip(*kinds.values(), strict=True)]
    lines = [[name, *lent, sum(filter(None, lent))] for name, lent in {**kinds, "Ensemble": total}.items()]
    return [[f"Prêts de l’exercice {YEAR}"], ["Support", *MONTHS, "Total de l’année"], *lines]


def agents() -> list[dict[str, str]]:
    lines = (EXPORTS / "2024/esedit_rh/agents_2024.csv").read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(lines[1:], delimiter=";"))


def day(text: str) -> dt.date:
    return dt.datetime.strptime(text, "%d/%m/%Y").date()


def declared(agent: dict[str, str]) -> dsn.Salarie:
    """An agent of the list as the payroll declares them: full months at their working-time share, from entry to exit."""
    share = Decimal(agent["Quotité"].removesuffix(" %")) / 100
    began, ended = day(agent["Entrée"]), day(agent["Sortie"]) if agent["Sortie"] else None
    first = began.month if began.year == YEAR else 1
    last = ended.month if ended else 12
    hours = {month: (dsn.TEMPS_COMPLET * share).quantize(Decimal("0.01")) for month in range(first, last + 1)}
    contract = dsn.Contrat(
        numero="00001",
        debut=began,
        nature={"CDI": "09", "CDD": "10"}.get(agent["Contrat"], "50"),
        statut={"TIT": "01", "STG": "08", "CNT": "02"}[agent["Position"]],
        libelle_emploi="AGENT",
        heures=hours,
        fin=ended,
        motif_fin="039" if ended else None,
    )
    sex, birth = f"0{agent['Sexe']}", day(agent["Né(e) le"])
    number = dsn.nir_invente(sex, birth, int(agent["Matricule"]))
    return dsn.Salarie(agent["Matricule"], number, agent["Nom"], agent["Prénom"], sex, birth, (contract,))


@cache
def declarations() -> bytes:
    """The social declarations of the year, in one file."""
    who = dsn.Employeur("254300916", "00012", "SILPHA", "43000", "MONTCELAIGUE")
    staff = [declared(agent) for agent in agents()]
    return dsn.fichier([(dsn.Declaration(dt.date(YEAR, m, 1)), staff) for m in range(1, 13)], employeur=who)


def follow_up(path: Path) -> None:
    """The workbook of the data protection officer: one action, no requests or violations."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for table in load_catalogue().registry.export_of("rgpd/suivi").export.tables:
        page = book.create_sheet(table.sheet)
        page.append([f"Suivi, exercice {YEAR}"])
        page.append(table.headings_of(YEAR))
        if table.name == "actions":
            page.append(["A2024-01", "15/03/2024", "sensibilisation", "Atelier", "Agents", 12, "réalisée"])
        if table.name == "sous_traitants":
            page.append(["Un prestataire", "Hébergement", "Oui", None, None, None, None])
    book.save(path)


def checkout() -> dict[str, str]:
    """File of the checkout that a home reads → hash of what it holds."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *READ]
    names = subprocess.run(listed, cwd=PROJECT_ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    paths = {name: PROJECT_ROOT / name for name in names if name}
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in paths.items() if path.is_file()}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2024 with all but two exports, 2023 with one, 2022 with none."""
    home = tmp_path_factory.mktemp("organisation") / "home"
    shutil.copytree(FIXTURE, home)
    (home.parent / "key").write_bytes(b"k" * 32)
    received = home / "landing" / str(YEAR)
    for system in ("nanook", "dsn", "rgpd"):
        (received / system).mkdir()
    sheets = {f"Médiathèque {library}": sheet(library) for library in LIBRARIES}
    write_ods(received / "nanook" / "prets_2024.ods", {**sheets, "Notice": [["À remplir avant le 31 janvier."]]})
    (received / "dsn" / "dsn_2024.dsn").write_bytes(declarations())
    follow_up(received / "rgpd" / "suivi_2024.xlsx")
    before = checkout()
    done = millesime(home, "run", "2023", "2024")
    assert done.returncode == 3, f"{done.stdout}\n{done.stderr}"  # incomplete, and published
    assert "publié sous" in done.stdout, f"{done.stdout}\n{done.stderr}"
    assert checkout() == before
    return home


def ask(home: Path, query: str) -> list[tuple]:
    with duckdb.connect() as db:
        db.execute(f"attach '{home}/published/millesime.duckdb' as publie (read_only); use publie")
        return db.execute(query).fetchall()


# what comes out of it --------------------------------------------------------------------------------------------------


def lines_of(name: str, delimiter: str = ",", skip: int = 0) -> list[dict[str, str]]:
    lines = (EXPORTS / name).read_text(encoding="utf-8-sig").splitlines()[skip:]
    return list(csv.DictReader(lines, delimiter=delimiter))


def tickets(year: int) -> list[dict[str, Any]]:
    text = (EXPORTS / f"{year}/zammad/tickets_{year}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def delays() -> list[Decimal]:
    """Hours from opening to closing."""
    closed = [ticket for ticket in tickets(YEAR) if ticket["close_at"]]
    ends = [(dt.datetime.fromisoformat(t["close_at"]), dt.datetime.fromisoformat(t["created_at"])) for t in closed]
    return [Decimal((end - begin).total_seconds()) / 3600 for end, begin in ends]


def mailboxes() -> list[dict[str, str]]:
    rows = lines_of("2024/microsoft_365/MailboxUsageDetail_2024.CSV")
    return [row for row in rows if row["Is Deleted"] == "False" and row["Recipient Type"] in ("User", "Shared")]


def peak() -> int:
    """The greatest number of users of the VPN at one instant, from the closings alone: each says how long it lasted."""
    sessions = []
    for line in (EXPORTS / "2024/fortigate/vpn_2024.log").read_text(encoding="utf-8").splitlines():
        said = dict(re.findall(r'(\w+)="?([^" ]+)"?', line))
        if said["action"] == "tunnel-down":
            end = dt.datetime.fromisoformat(f"{said['date']} {said['time']}")
            sessions.append((said["user"], end - dt.timedelta(seconds=int(said["duration"])), end))
    return max(len({user for user, begin, end in sessions if begin <= at < end}) for _, at, _ in sessions)


def prints() -> list[dict[str, str]]:
    return lines_of("2024/papercut/papercut_2024.csv", skip=1)


def pages(**where: str) -> int:
    return sum(int(p["Total Printed Pages"]) for p in prints() if all(p[name] == said for name, said in where.items()))


def paid_hours() -> Decimal:
    """The activities of type 01 of the declarations, line by line."""
    pairs = [line.split(",", 1) for line in declarations().decode("iso-8859-1").splitlines()]
    following = [(a, b) for a, b in pairwise(pairs) if a == ["S21.G00.53.001", "'01'"]]
    return sum((Decimal(measure.strip("'")) for _, (_, measure) in following), Decimal(0))


def users() -> Counter[str]:
    """Open accounts of the application, by collectivité."""
    rows = lines_of("2024/openads/openads_utilisateurs_2024.csv", ";")
    spelt = {"CC Sources de l'Aubrelle": "CCSA"}
    return Counter(spelt.get(r["Collectivité"], r["Collectivité"]) for r in rows if r["État"] == "Ouvert")


EXPECTED = {
    "rh.effectif.total": lambda: sum(not agent["Sortie"] for agent in agents()),
    "rh.heures_remunerees": paid_hours,
    "rh.etpr.total": lambda: paid_hours() / 1820,
    "assistance.tickets.nombre": lambda: len(tickets(YEAR)),
    "assistance.tickets.incidents": lambda: sum(ticket["kind"] == "incident" for ticket in tickets(YEAR)),
    "assistance.tickets.resolus": lambda: sum(ticket["state"] == "closed" for ticket in tickets(YEAR)),
    "assistance.tickets.delai_moyen": lambda: sum(delays()) / len(delays()),
    "assistance.tickets.delai_median": lambda: median(delays()),
    "infrastructure.messagerie.licences": lambda: len(mailboxes()),
    "infrastructure.messagerie.stockage": lambda: (
        Decimal(sum(int(box["Storage Used (Byte)"]) for box in mailboxes())) / 10**9
    ),
    "infrastructure.teletravail.pic_simultane": peak,
    "infrastructure.impression.pages": pages,
    "infrastructure.impression.pages_couleur": lambda: pages(Grayscale="NOT GRAYSCALE"),
    "infrastructure.impression.part_couleur": lambda: Decimal(100 * pages(Grayscale="NOT GRAYSCALE")) / pages(),
    "applications.openads.agents_utilisateurs": lambda: sum(users().values()),
    "applications.openads.collectivites_utilisatrices": lambda: len(users()),
    "rgpd.violations": lambda: 0,
    "rgpd.sous_traitants": lambda: 1,
}


@pytest.mark.parametrize("code", EXPECTED)
def test_a_figure_is_what_the_files_say(home: Path, code: str) -> None:
    found = f"select valeur, decimales, etat from rapport.chiffres where code = '{code}' and exercice = {YEAR}"
    ((value, decimals, etat),) = ask(home, found)
    expected = Decimal(EXPECTED[code]()).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    doubted = code.startswith("assistance.tickets.")  # there are more than twice those of the year before
    assert value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP) == expected
    assert etat == ("partiel" if doubted else "complet")


def by_code(rows: list[tuple[str, int]]) -> dict[str, int]:
    """Counts of spellings by the code of the member that they begin with, or else by the spelling."""
    codes = {
        "MTC": "43901",
        "SFR": "43902",
        "HOS": "43903",
        "CCSA": "200071439",
        "CC": "200071439",
        "SILPHA": "syndicat",
    }
    codes |= {"Montcelaigue": "43901", "Saint": "43902", "L": "43903", "Syndicat": "syndicat"}
    found: Counter[str] = Counter()
    for spelling, number in rows:
        found[codes[re.split(r"\W", spelling)[0]]] += number
    return dict(found)


def test_the_rows_of_each_member_are_found_whatever_the_spelling(home: Path) -> None:
    """From the organisation of a ticket, the domain of an address, the beginning of a printer's name or the name of a sheet."""

    def of(table: str, column: str) -> dict[str, int]:
        counted = f"select code_collectivite, cast(sum({column}) as bigint) from rapport.{table}"
        return dict(ask(home, f"{counted} where exercice = {YEAR} group by all having sum({column}) > 0"))

    asked = [(ticket["organization"]["name"], 1) for ticket in tickets(YEAR) if ticket["organization"]]
    assert of("rpt_assistance__tickets_collectivites", "nb_tickets") == by_code(asked) | {"non_repartie": 1}
    domains = {"montcelaigue.fr": "MTC", "saint-ferriol.fr": "SFR", "hospitalet-aubrelle.fr": "HOS"}
    domains |= {"sources-aubrelle.fr": "CCSA", "silpha.fr": "SILPHA"}
    boxes = [(domains[box["User Principal Name"].partition("@")[2]], 1) for box in mailboxes()]
    assert of("rpt_activite__licences_messagerie", "nb_licences") == by_code(boxes)
    assert of("rpt_activite__stockage_messagerie", "nb_boites") == by_code(boxes)
    printed = [(p["Printer"], int(p["Total Printed Pages"])) for p in prints()]
    assert of("rpt_impression__pages", "nb_pages") == by_code(printed)
    paid = lines_of("2024/esedit_rh/bulletins_2024.csv", ";", skip=1)
    totals = [(p["Collectivité"], int(p["Total général"].replace(" ", ""))) for p in paid[:-1]]
    assert of("rpt_rh__bulletins", "nb_bulletins") == by_code(totals)
    lent = [(library, n or 0) for library in LIBRARIES for support in SUPPORTS for n in loans(library, support)]
    assert of("rpt_mediatheques__prets", "nb_prets") == by_code(lent)


def test_months_as_columns_are_rows_that_know_their_column_and_sheet(home: Path) -> None:
    with duckdb.connect() as db:
        db.execute(f"attach '{Home(home).warehouse}' as entrepot (read_only); use entrepot")
        prets = db.execute(
            "select _feuille, support, month(mois), _colonne, nb_prets from lake.nanook__prets order by _feuille, _ligne, mois"
        ).fetchall()
        paid = db.execute(
            "select count(*), count(distinct mois), sum(nb_bulletins) from lake.esedit_rh__bulletins"
        ).fetchone()
    assert sorted(prets) == sorted(
        (f"Médiathèque {library}", support, month, MONTHS[month - 1], lent or 0)
        for library in LIBRARIES
        for support in SUPPORTS
        for month, lent in enumerate(loans(library, support), start=1)
    )
    assert paid == (60, 12, 13_815)


def test_instants_are_those_of_paris(home: Path) -> None:
    """The ticket of 31 December, 23:30 in universal time, is of the first of January, half past midnight."""
    opened = f"select date_ouverture, mois from marts.fct_tickets where numero_ticket = '24001' and exercice = {YEAR}"
    assert ask(home, opened) == [(dt.date(YEAR, 1, 1), 1)]


def test_a_figure_of_its_own_is_traced_to_the_lines_that_count(home: Path) -> None:
    said = millesime(home, "trace", "infrastructure.impression.pages_couleur", str(YEAR))
    assert said.returncode == 0, said.stderr
    lines = dict(re.findall(r"papercut_2024\.csv:(\d+)\s+(\d+)\s+compté", said.stdout))
    coloured = [(rank, job) for rank, job in enumerate(prints(), start=3) if job["Grayscale"] == "NOT GRAYSCALE"]
    assert lines == {str(rank): job["Total Printed Pages"] for rank, job in coloured}


def test_what_nobody_needs_to_know_is_not_kept(home: Path) -> None:
    kept = b"".join(path.read_bytes() for path in (home / "published").rglob("*") if path.is_file())
    for secret in ("essai@montcelaigue.fr", "Salle des mariages", "affiche.pdf", "Réveillon", "ESSAI-A", "a.essai"):
        assert secret.encode() not in kept


# its report ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model(home: Path) -> dict[str, Any]:
    return json.loads((home / "published/report/2024/interne/modele.json").read_text(encoding="utf-8"))


def texts(part: Any) -> Iterator[str]:
    """Every text of a model."""
    if isinstance(part, str):
        yield part.replace("\u00a0", " ").replace("\u202f", " ")
    for one in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from texts(one)


def blocks(model: dict[str, Any]) -> list[dict[str, Any]]:
    return [block for chapter in model["chapitres"] for section in chapter["sections"] for block in section["blocs"]]


def empty(model: dict[str, Any]) -> dict[str, str]:
    """Title of each block without rows → its sentence."""
    return {b["titre"]: b["texte"].replace("\u00a0", " ") for b in blocks(model) if b["genre"] == "vide"}


def test_it_has_its_own_title_and_chapters(model: dict[str, Any], home: Path) -> None:
    """Shipped chapters are kept or switched off; those of systems that it does not use are left out."""
    assert model["titre"] == "Bilan des services rendus 2024"
    assert [(c["numero"], c["id"]) for c in model["chapitres"]] == list(
        enumerate(
            [
                "annee-en-une-page",
                "comite",
                "rgpd",
                "agents",
                "support",
                "outils",
                "mediatheques",
                "bibliobus",
                "metiers",
                "conseil",
            ],
            start=1,
        )
    )
    page = (home / "published/report/2024/interne/rapport_activite_2024.html").read_text(encoding="utf-8")
    contents = re.search(r'<nav class="sommaire" aria-label="Dans ce bilan">.*?</nav>', page, re.DOTALL)
    listed = [f"{c['numero']}. {c['titre']}" for c in model["chapitres"]]
    assert contents and re.findall(r"<a [^>]*>(.*?)</a>", contents[0]) == [*listed, "D’où viennent les chiffres"]
    assert (home / "published/report/2024/interne/rapport_activite_2024.pdf").is_file()


def test_none_not_received_and_not_followed_are_three_sentences(model: dict[str, Any]) -> None:
    said = empty(model)
    assert said["Violations de données"] == "Aucune violation de données en 2024."
    doubt = "Aucune ligne retenue pour 2024, ce qui ne prouve rien : un contrôle les met en doute (Tickets de Zammad)."
    assert said["Tickets de priorité majeure"] == doubt  # there are more than twice those of the year before
    assert said["Membres du comité"].startswith("Non reçu pour 2024 : Membres du comité")
    assert said["Registres des activités de traitement"].startswith("Non reçu pour 2024 : Registre du responsable")
    claims = [text for text in texts(model["chapitres"]) if re.match(r"Aucune?\b", text)]
    assert sorted(claims) == sorted(text for text in said.values() if text.startswith("Aucun"))
    printed, asked = (next(b for b in blocks(model) if b.get("id") == name) for name in ("pages", "tickets"))
    assert printed["entete"] == ["2023", "2024"]  # nobody counted the pages of 2023
    assert {line["cellules"][0]["texte"] for line in printed["lignes"]} == {"ns"}
    assert printed["legende"] == [{"code": "ns", "sens": "non suivi"}]
    assert asked["entete"] == ["2022", "2023", "2024"]  # the tickets of 2022 did not come
    assert {line["cellules"][0]["texte"] for line in asked["lignes"]} == {"m"}
    assert asked["legende"] == [{"code": "m", "sens": "non reçu, non accepté ou non fourni par l’outil"}]


def test_a_chart_of_its_own_table_shows_its_loans(model: dict[str, Any]) -> None:
    (chart,) = [block for block in blocks(model) if block.get("id") == "prets"]
    assert (chart["genre"], chart["forme"], chart["source"]) == (
        "graphique",
        "barres",
        "rapport.rpt_mediatheques__prets",
    )
    shown = {line["titre"]: int(line["cellules"][0]["valeur"]) for line in chart["lignes"]}
    lent = {library: sum(n or 0 for kind in SUPPORTS for n in loans(library, kind)) for library in LIBRARIES}
    assert shown == lent | {"Ensemble": sum(lent.values())}


def test_the_sentence_of_a_figure_of_its_own_is_printed(home: Path) -> None:
    """What docs/new-organisation.md says that its reader sees, of the very files of that page."""
    lent = sum(int(line["Documents prêtés"]) for line in lines_of("2024/bibliobus/tournees_2024.csv", delimiter=";"))
    printed = (home / "published/report/2024/interne/rapport_activite_2024.html").read_text(encoding="utf-8")
    page = (PROJECT_ROOT / "docs/new-organisation.md").read_text(encoding="utf-8")
    (promised,) = re.findall(r"^> (.*)$", page, re.MULTILINE)
    assert promised.replace("**", "") in " ".join(re.sub(r"<[^>]+>", "", printed).split())
    assert f" **{lent} documents**." in promised
    traced = millesime(home, "trace", "bibliobus.prets", str(YEAR))
    assert traced.returncode == 0 and f"somme {lent}, égal à la valeur exacte" in traced.stdout


def test_the_annex_holds_the_figures_that_it_follows(model: dict[str, Any]) -> None:
    domains = {one["code"].partition(".")[0] for one in model["chiffres"]}
    assert domains == {"applications", "assistance", "bibliobus", "gouvernance", "infrastructure", "rgpd", "rh"}
    figures = {one["code"]: one for one in model["chiffres"]}
    assert (figures["rgpd.violations"]["affichage"], figures["rgpd.registres"]["affichage"]) == ("0\xa0violation", "m")
    assert {code for code in figures if code.startswith("applications.")} == {
        "applications.openads.agents_utilisateurs",
        "applications.openads.collectivites_utilisatrices",
    }
    own = yaml.safe_load((FIXTURE / "organisation.yml").read_text(encoding="utf-8"))
    used = {*own["systemes"], "openads"}
    named = {system for one in figures.values() for system in re.findall(r"\b([a-z_0-9]+)/[a-z_]+\b", one["formule"])}
    assert named & set(load_catalogue().registry.systems) <= used


def test_each_member_has_its_page(home: Path, model: dict[str, Any]) -> None:
    pages_of = {path.stem for path in (home / "published/report/2024/interne/collectivites").glob("*.html")}
    assert pages_of == {
        "montcelaigue",
        "saint-ferriol-la-roche",
        "lhospitalet-daubrelle",
        "communaute-de-communes-des-sources-de-laubrelle",
    }
    (page,) = [section for section in model["collectivites"] if section["id"].endswith("-200071439")]
    shown = {one["libelle"]: one["valeur"] for block in page["blocs"] for one in block["chiffres"]}
    assert {label: Decimal(value) for label, value in shown.items()} == {
        "Tickets ouverts": 3,
        "Boîtes aux lettres": 2,
        "Pages imprimées": pages(Printer="CCSA-SIEGE"),
    }


def test_nothing_is_claimed_of_a_year_of_which_nothing_came(home: Path, tmp_path: Path) -> None:
    done = millesime(home, "report", "2022", "--formats", "html", "--output", str(tmp_path))
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    model = json.loads((tmp_path / "modele.json").read_text(encoding="utf-8"))
    assert all(sentence.startswith("Non reçu pour 2022 : ") for sentence in empty(model).values())
    assert {block["genre"] for block in blocks(model)} <= {"vide", "texte", "chiffres"}
    assert not [text for text in texts(model["chapitres"]) if re.search(r"\b[Aa]ucune?\b|\b0\b", text)]
    assert {one["affichage"] for one in model["chiffres"]} == {"m"}


# nothing of the demonstration ------------------------------------------------------------------------------------------


def words_of_the_demonstration() -> set[str]:
    """What it calls itself, its members and its applications, and the proper nouns of the titles of its systems.

    A capitalised word that the catalogue also writes without its capital is a noun of everybody, and one that a tool of this
    organisation bears too (Microsoft) is its own.
    """
    other = yaml.safe_load((PROJECT_ROOT / "demo" / "organisation.yml").read_text(encoding="utf-8"))
    own = yaml.safe_load((FIXTURE / "organisation.yml").read_text(encoding="utf-8"))
    named = [other, *other["collectivites"], *other["applications"]]
    words = {
        name for one in named for name in (one.get("sigle"), one.get("nom"), one.get("libelle"), *one.get("alias", []))
    }
    used = {*other["systemes"], *(application["code"] for application in other["applications"])} - {*own["systemes"]}
    catalogue, mine = load_catalogue(), load_catalogue(Home(FIXTURE)).registry.systems
    said = [entry.said.get("description", "") for entry in catalogue.registry.fields.entries.values()]
    said += [one.figure.libelle for one in catalogue.figures.by_code.values()]
    printed = [text for chapter in catalogue.chapters for text in texts(chapter.model_dump(mode="json"))]
    said += [text for text in printed if " " in text]  # a sentence, and no name of a table
    common = {word.casefold() for text in said for word in re.findall(r"\b[a-zà-ÿœ]+\b", text)}
    common |= {word.casefold() for name in own["systemes"] for word in mine[name].title.split()}
    titles = [system.title for name, system in catalogue.registry.systems.items() if name in used]
    words |= {w for title in titles for w in re.findall(r"\b[A-ZÀ-Ý]\w+", title) if w.casefold() not in common}
    return {word for word in filter(None, words) if not word.isdigit()}


def test_no_word_of_the_demonstration_is_printed(home: Path) -> None:
    """Not in the report or its public edition, including the pages of members: page, PDF and data."""
    words = words_of_the_demonstration()
    assert {"SICIO", "Orly", "Zimbra", "GLPI", "Citrix", "Teams", "Cegid", "Maelis", "Cart@ds"} <= words
    assert not words & {"Projets", "Sauvegardes", "Stockage"}
    files = sorted((home / "published" / "report" / str(YEAR)).rglob("*.*"))
    read = {path: path.read_text(encoding="utf-8") for path in files if path.suffix in (".html", ".json")}
    read |= {path: text_of(path) for path in files if path.suffix == ".pdf"}
    read |= {path: text_of_parts(path) for path in files if path.suffix in (".docx", ".odt", ".xlsx")}
    kinds = Counter((path.parent.parent.name, path.suffix) for path in read if path.parent.name != "site")
    assert {path.parent.parent.name for path in read if path.parent.name == "site"} == {"interne", "public"}
    assert kinds == {("2024", f".{kind}"): 2 for kind in ("html", "json", "pdf", "docx", "odt", "xlsx")} | {
        (edition, suffix): 4 for edition in ("interne", "public") for suffix in (".html", ".pdf")
    }
    assert list(said(words, "Les agents d’Orly, infrastructure.zimbra.licences")) == ["Orly", "Zimbra"]
    assert [(path, word) for path, text in read.items() for word in said(words, without_data(text))] == []


def said(words: set[str], text: str) -> Iterator[str]:
    """The words that are whole words of a text, ignoring case; ``_`` separates two words."""
    folded = text.casefold()
    for word in sorted(words):
        if word.casefold() in folded and re.search(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])", text, re.IGNORECASE):
            yield word


def without_data(text: str) -> str:
    """A page without its fonts and images, whose base64 may hold anything."""
    return re.sub(r"data:[\w/+.-]+;base64,[A-Za-z0-9+/=]+", "", text)


def text_of(path: Path) -> str:
    from pypdf import PdfReader

    return "\n".join(page.extract_text() for page in PdfReader(path).pages)


def text_of_parts(path: Path) -> str:
    """The text of a document or a workbook, with headers, footers and properties."""
    parts = re.compile(
        r"word/(document|header\d*|footer\d*)\.xml|(content|meta)\.xml|xl/(sharedStrings|workbook)\.xml|docProps/core\.xml"
    )
    with zipfile.ZipFile(path) as file:
        read = "\n".join(file.read(name).decode() for name in file.namelist() if parts.fullmatch(name))
    return re.sub(r"</?[\w:]+|[\w:]+=(?=\")", " ", read)  # the names of elements and attributes are nobody's words


# what it took ----------------------------------------------------------------------------------------------------------


def files_that_name(*words: str) -> set[str]:
    """The declarations of the home that hold one of these words."""
    files = [path for folder in DECLARED for path in (FIXTURE / folder).rglob("*") if path.is_file()]
    return {
        str(path.relative_to(FIXTURE))
        for path in files
        if any(word in path.read_text(encoding="utf-8") for word in words)
    }


def test_an_account_source_is_one_file() -> None:
    assert files_that_name("openads", "openADS") == {"catalogue/systems/openads.yml"}


def test_a_tool_joins_a_shape_by_one_file() -> None:
    for system in ("zammad", "microsoft_365", "fortigate", "papercut"):
        assert files_that_name(system) == {f"catalogue/systems/{system}.yml"}


def test_a_control_of_its_own_finds_words_and_waits_for_a_decision(home: Path) -> None:
    (one,) = ask(
        home,
        "select constat, severite, exercice, ou, message, attendu, recu, fichier from audit.constats where code_regle = 'MED-FERMEE'",
    )
    assert one[1:] == (
        *("alerte", YEAR, "nanook/prets", "Médiathèque sans aucun prêt de tout un mois : L’Hospitalet-d’Aubrelle"),
        *("des prêts en août", "0\u00a0prêt", "prets_2024.ods, feuille « Médiathèque L’Hospitalet-d’Aubrelle »"),
    )
    shown = millesime(home, "findings", str(YEAR))
    assert one[0] in shown.stdout and "Vérifier les compteurs de la médiathèque" in shown.stdout
    decided = millesime(
        home, "decide", one[0], "--because", "fermée en août", "--by", "Jean Ferriol", "--missing", "rien"
    )
    assert decided.returncode == 0, decided.stderr


def test_a_table_of_its_own_up_to_a_chart_is_five_files_and_a_control_one_more() -> None:
    assert files_that_name("nanook", "rpt_mediatheques__prets") == {
        "catalogue/systems/nanook.yml",
        "catalogue/secrecy.yml",
        "catalogue/report/40_mediatheques.yml",
        "dbt_project/models/rapport/rpt_mediatheques__prets.sql",
        "dbt_project/models/rapport/mediatheques.yml",
        "dbt_project/models/controles/ctl_mediatheques.sql",
    }


def test_a_home_holds_no_python_and_no_system_that_is_shipped() -> None:
    assert not list(FIXTURE.rglob("*.py"))
    own = {path.stem for path in (FIXTURE / "catalogue/systems").glob("*.yml")}
    assert own and not own & set(load_catalogue().registry.systems)
