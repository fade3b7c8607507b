"""The demonstration's exports as files: their totals, the homes in which they may be written, the same bytes each time."""

import csv
import re
import shutil
import unicodedata
from collections import defaultdict
from decimal import Decimal
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest
import yaml

from demo import chiffres, collectivites, journaux
from demo.home import CONNUS, EXERCICES, make_home
from demo.outils import OUTILS
from pipelines.catalogue.organisation import load_organisation
from pipelines.settings import Home
from tests.demo.exports import CATALOGUE, LIGNES_REFUSEES, REGISTRY, declared, number, planted, readable, records, sound

DEMO = Path(__file__).parents[2] / "demo"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("demonstration") / "home"
    make_home(root)
    return root


def published() -> list[dict]:
    with (DEMO / "published_figures.csv").open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["figure_id"].startswith("applications.")]


def files(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def plain(name: str) -> str:
    """A name without case, accents, hyphens and spaces."""
    decomposed = unicodedata.normalize("NFKD", name).lower()
    return re.sub("[^a-z0-9]", "", decomposed)


@cache
def applications() -> dict[str, str]:
    organisation = yaml.safe_load((DEMO / "organisation.yml").read_text(encoding="utf-8"))
    return {
        plain(name): a["code"]
        for a in organisation["applications"]
        for name in (a["code"], a["libelle"], *a.get("alias", []))
    }


@cache
def sums(home: Path, key: str, column: str, exercice: int) -> dict[str, list[Decimal | None]]:
    """Application → the values of ``column``, None where the cell is blank."""
    found = defaultdict(list)
    for row in sound(home, key, exercice):
        found[applications()[plain(row["application"])]].append(number(row[column]) if row[column] else None)
    return found


def users(home: Path, application: str, exercice: int) -> int:
    """Distinct people who have an open account."""
    key = f"{application}/comptes"
    _, table = declared(key)
    flag = next(field for field in table.fields if field.name == "est_actif")
    return len(
        {
            unicodedata.normalize("NFKC", row["identifiant"]).strip().upper()
            for row in sound(home, key, exercice)
            if row["est_actif"] in flag.trueValues
        }
    )


JOURNALS = {
    "agents_formes": ("journal_formations/sessions", "nb_participants"),
    "jours_formation": ("journal_formations/sessions", "duree_jours"),
    "jours_assistance": ("journal_assistance/interventions", "duree_jours"),
    "jours_traitement_elections": ("journal_elections/traitements", "duree_jours"),
}


def test_the_201_figures_come_out_of_the_exports(home: Path) -> None:
    rows = published()
    assert len(rows) == 201
    for row in rows:
        _, application, indicator = row["figure_id"].split(".")
        exercice = int(row["exercice"])
        if indicator == "agents_utilisateurs":
            assert users(home, application, exercice) == Decimal(row["value"]), row
            continue
        values = sums(home, *JOURNALS[indicator], exercice)[application]
        known = [value for value in values if value is not None]
        if row["value"]:
            assert sum(known) == Decimal(row["value"]), row
            assert len(known) == len(values), f"{row} has a blank cell among its lines"
        else:  # ? and NC are not zeros: no line says a number
            assert known == [], row


def test_absences_are_declared_for_every_mark_and_nothing_else(home: Path) -> None:
    declared = set()
    for exercice in EXERCICES:
        path = home / "landing" / str(exercice) / "absences.csv"
        if path.exists():
            with path.open(encoding="utf-8") as file:
                declared |= {(r["code"], exercice, r["code_manquant"]) for r in csv.DictReader(file, delimiter=";")}
    marks = {(r["figure_id"], int(r["exercice"]), r["published_text"]) for r in published() if not r["value"]}
    assert declared == marks
    assert len(marks) == 6
    assert not (home / "landing" / "2018" / "journal_elections").exists()


def test_same_bytes_at_every_run_and_for_any_choice_of_exercices(home: Path, tmp_path: Path) -> None:
    make_home(tmp_path / "again")
    assert files(tmp_path / "again") == files(home)
    make_home(tmp_path / "one", [2019])
    whole = {
        name: content
        for name, content in files(home).items()
        if name.startswith(("landing/2019/", "contenu/2019/", "contenu/images/"))
    }
    one = files(tmp_path / "one")
    assert one.pop("organisation.yml") == files(home)["organisation.yml"]
    assert one == whole


def test_made_again_it_repairs_what_changed_and_touches_nothing_else(tmp_path: Path) -> None:
    make_home(tmp_path, [2019])
    path = tmp_path / "landing/2019/kolok/kolok_demonstration_2019.xlsx"
    other = tmp_path / "landing/2019/gma/gma_demonstration_2019.xlsx"
    content, stamp = path.read_bytes(), other.stat().st_mtime_ns
    path.write_bytes(b"")
    make_home(tmp_path, [2019])
    assert path.read_bytes() == content
    assert other.stat().st_mtime_ns == stamp
    assert {p.name for p in tmp_path.iterdir()} == {"landing", "contenu", "organisation.yml"}


def foreign_organisation(root: Path) -> None:
    (root / "organisation.yml").write_text("nom: Autre\nsigle: AUTRE\n", encoding="utf-8")


def deliveries_without_organisation(root: Path) -> None:
    (root / "landing" / "2020" / "kolok").mkdir(parents=True)
    (root / "landing" / "2020" / "kolok" / "kolok.xlsx").write_bytes(b"x")


def foreign_delivery(root: Path) -> None:
    (root / "landing" / "2020" / "kolok" / "kolok_du_service.xlsx").write_bytes(b"x")


def foreign_budget(root: Path) -> None:
    (root / "landing" / "2020" / "budget" / "CA_2020.xml").write_bytes(b"x")


@pytest.mark.parametrize(
    "prepare", [foreign_organisation, deliveries_without_organisation, foreign_delivery, foreign_budget]
)
def test_refuses_a_home_that_is_somebody_elses(home: Path, tmp_path: Path, prepare) -> None:
    if prepare in (foreign_delivery, foreign_budget):  # beside the demonstration's own
        shutil.copytree(home, tmp_path, dirs_exist_ok=True)
    prepare(tmp_path)
    before = files(tmp_path)
    with pytest.raises(ValueError, match=r"autre (organisation|dossier)"):
        make_home(tmp_path, [2018])
    assert files(tmp_path) == before


def test_refuses_an_exercice_that_it_does_not_know(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="2023"):
        make_home(tmp_path / "home", [2020, 2023])
    assert not (tmp_path / "home").exists()


def test_organisation_is_sound_and_prints_exactly_the_published_indicators(home: Path) -> None:
    organisation = load_organisation(Home(home), CATALOGUE)
    assert organisation.demonstration
    assert tuple(organisation.years) == EXERCICES
    printed = defaultdict(list)
    for row in published():
        _, application, indicator = row["figure_id"].split(".")
        if indicator not in printed[application]:
            printed[application].append(indicator)
    reported = [a for a in organisation.applications if a.debut is None or a.debut <= EXERCICES[-1]]
    assert {a.code: a.indicateurs for a in reported} == printed
    assert [a.code for a in reported] == list(printed)
    for application in organisation.applications:
        assert REGISTRY.systems[application.code].exports[0].tables[0].shape == "comptes"


def test_every_file_is_claimed_by_exactly_one_declared_export(whole: Path) -> None:
    organisation = load_organisation(Home(whole), CATALOGUE)
    for name in files(whole / "landing"):
        exercice, rest = name.split("/", 1)
        claims = [
            ref.key
            for ref in organisation.exports(REGISTRY, int(exercice))
            if fnmatch(f"/{rest}", f"/{ref.system.system}/{ref.export.files}") or f"/{rest}" == ref.export.files
        ]
        assert len(claims) == 1, (name, claims)


def test_every_account_export_can_tell_another_exercice() -> None:
    for outil in OUTILS:
        ref, table = declared(f"{outil.code}/comptes")
        rule = table.exercice
        assert "{exercice}" in (ref.export.format.title or "") or (rule and rule.rule == "within"), outil.code


def test_every_spelling_leads_to_its_collectivite_and_application(home: Path) -> None:
    organisation = load_organisation(Home(home), CATALOGUE)
    known = {plain(name): c.code_insee for c in organisation.collectivites for name in (c.nom, *c.alias)}
    for member in collectivites.COLLECTIVITES:
        for style in collectivites.STYLES:
            assert known[plain(member.ecrite(style))] == member.code_insee
    for code, spellings in journaux.GRAPHIES.items():
        assert {applications()[plain(spelling)] for spelling in spellings} == {code}


def test_layouts_differ_and_cover_what_the_readers_must_read() -> None:
    formats = [REGISTRY.systems[outil.code].exports[0].format for outil in OUTILS]
    texts = [f for f in formats if f.type == "csv"]
    assert len(formats) - len(texts) == 7
    assert {f.encoding for f in texts} == {"utf-8", "cp1252", "iso-8859-15", "utf-16"}
    assert {f.delimiter for f in texts} == {";", ",", "\t", "|"}
    headers = [tuple(declared(f"{o.code}/comptes")[1].header_of(o.dernier or 2022).values()) for o in OUTILS]
    assert len(set(headers)) == len(headers) == 19
    finances = REGISTRY.systems["ciril_finances"].exports[0].tables[0]
    assert finances.header_of(2019) != finances.header_of(2020)


def test_planted_defects_are_where_they_are_declared(whole: Path) -> None:
    defects = [d for exercice in CONNUS for d in planted(exercice)]
    assert len(set(defects)) == len(defects)
    for defect in defects:
        headings = declared(defect.table)[1].header_of(defect.exercice)
        (field,) = [name for name, heading in headings.items() if heading == defect.colonne]
        row = dict(records(whole, defect.table, defect.exercice))[defect.ligne]
        is_blank = defect.regle in ("LIG-OBLIGATOIRE", "sortie_sans_motif")
        assert (row[field].strip() == "") == is_blank, defect


def test_every_kind_of_defect_and_every_table_of_the_applications_has_one() -> None:
    defects = [d for exercice in CONNUS for d in planted(exercice)]
    refused_tables = {d.table for d in defects if d.regle in LIGNES_REFUSEES}
    assert refused_tables >= {f"{outil.code}/comptes" for outil in OUTILS}
    assert refused_tables >= {key for key, _ in JOURNALS.values()}
    assert refused_tables >= {f"{s}/{t}" for s in ("cegid_rh", "ciril_rh") for t in ("agents", "heures", "bulletins")}
    assert {d.regle for d in defects} == {
        *("LIG-TYPE", "LIG-OBLIGATOIRE", "TOTAL", "doublon", "connexion_avant_creation", "minimum"),
        *("sortie_sans_motif", "cadre_inconnu", "categorie_du_cadre"),
        "resolution_avant_ouverture",
    }
    assert len([d for d in defects if d.regle == "TOTAL"]) == 1


def total_lines(home: Path) -> list[tuple[int, str, str, Decimal, Decimal]]:
    """(exercice, table, column, announced, ours) of every total that a file announces."""
    found = []
    for system, table in REGISTRY.tables():
        key = f"{system.system}/{table.name}"
        for rule in table.ignore:
            for exercice in filter(system.covers, CONNUS):
                lines = [row for _, row in records(home, key, exercice)]
                totals = [row for row in lines if re.fullmatch(rule.pattern, row[rule.column].strip())]
                others = [row for row in lines if row not in totals]
                for total in totals:
                    for name in rule.counts:
                        found.append((exercice, key, name, number(total[name]), Decimal(len(others))))
                    for name in rule.sums:
                        ours = sum((readable(row[name]) for row in others), Decimal(0))
                        found.append((exercice, key, name, number(total[name]), ours))
    return found


def test_total_lines_are_right_except_for_the_planted_one(whole: Path) -> None:
    totals = total_lines(whole)
    assert len({(table, name) for _, table, name, _, _ in totals}) == 21
    wrong = [(exercice, table, said - ours) for exercice, table, _, said, ours in totals if said != ours]
    (defect,) = [d for exercice in EXERCICES for d in planted(exercice) if d.regle == "TOTAL"]
    assert wrong == [(defect.exercice, defect.table, 1)]


def test_published_reports_hold_every_figure_of_their_exercice(home: Path) -> None:
    with (DEMO / "published_figures.csv").open(encoding="utf-8") as file:
        expected = list(csv.DictReader(file))
    found = []
    for exercice in EXERCICES:
        path = home / "landing" / str(exercice) / "published_reports" / "published_figures.csv"
        with path.open(encoding="utf-8") as file:
            found += list(csv.DictReader(file))
    assert sorted(found, key=str) == sorted(expected, key=str)


def test_generated_files_say_that_they_are_a_demonstration(whole: Path) -> None:
    found = files(whole / "landing")
    assert {int(path.split("/")[0]) for path in found} == {*CONNUS}
    for path, content in found.items():
        name = path.rsplit("/", 1)[-1]
        said = "demonstration" in name or (name.endswith((".dsn", ".xml")) and b"monstration" in content.lower())
        assert said or name in ("absences.csv", "published_figures.csv")


def test_exercices_after_the_last_report_come_on_top_and_change_nothing_before(home: Path, whole: Path) -> None:
    before, after = files(home), files(whole)
    assert {name: content for name, content in after.items() if "/2021/" not in name and "/2022/" not in name} == (
        before | {"organisation.yml": after["organisation.yml"]}
    )
    make_home(home.parent / "one by one", [2022])
    make_home(home.parent / "one by one")
    assert files(home.parent / "one by one") == {n: c for n, c in after.items() if "/2021/" not in n}


def test_organisation_ends_with_the_last_exercice_ever_made(tmp_path: Path) -> None:
    def last() -> int:
        return load_organisation(Home(tmp_path), CATALOGUE).exercices.dernier

    make_home(tmp_path, [2018])
    assert last() == 2020
    make_home(tmp_path, [2021])
    assert last() == 2021
    make_home(tmp_path, [2018])  # the exports of 2021 are still there
    assert last() == 2021


@pytest.mark.campaign(minutes=1)
def test_an_application_is_replaced_and_every_other_one_goes_on(whole: Path) -> None:
    for exercice in (2021, 2022):
        folders = {path.name for path in (whole / "landing" / str(exercice)).iterdir()}
        assert "cegid_rh" not in folders
        assert "published_reports" not in folders
        assert folders >= {outil.code for outil in OUTILS if outil.sert(exercice)} | {"ciril_rh", "budget"}
        for application in chiffres.applications(exercice):
            assert users(whole, application, exercice) == chiffres.valeur(application, "agents_utilisateurs", exercice)
            for indicator, (key, column) in JOURNALS.items():
                if chiffres.est_publie(application, indicator, exercice):
                    values = sums(whole, key, column, exercice).get(application, [])
                    assert sum(values) == chiffres.valeur(application, indicator, exercice)
