"""``source new``, ``catalogue diff`` and ``dbt``."""

import subprocess
import types
import zipfile
from pathlib import Path

import duckdb
import pytest
import xlsxwriter
from click.testing import Result

from pipelines.catalogue.dbt.compose import ANALYSTE, ENTREPOT
from pipelines.catalogue.needs import check as check_catalogue
from pipelines.catalogue.rules import DeliveryRefused
from pipelines.catalogue.sources import ExportRef
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.settings import Home
from pipelines.stages.ingest.delivery import ingest
from pipelines.stages.ingest.draft import source as draft
from pipelines.stages.ingest.draft.sample import guess_delimiter, guess_encoding
from tests.cli.conftest import VENTES, VENTES_2019, Bench, check
from tests.layers import Layer

INTERVENTIONS = (
    "Journal des interventions – exercice 2019;;;;;\n"
    "N° ticket;Date;Commune;Intervenant;Durée (jours);Clos ?\n"
    "T1;02/01/2019;Orly;É. Martin;0,25;Oui\n"
    "T2;14/03/2019;Choisy;A. Petit;1,5;Non\n"
    "T3;28/11/2019;Valenton;É. Martin;;Oui\n"
    "\n"
    "Total;;;;1,75;\n"
)
COMPTES = (
    "Identifiant;Nom;Prénom;Collectivité;Compte actif;Créé le;Couleur\n"
    "adurand;Durand;Anne;Orly;Oui;15/02/2010;bleu\n"
    "bpetit;Petit;Bob;Choisy;Non;28/02/2015;vert\n"
)


def sample(folder: Path, name: str, text: str, encoding: str = "cp1252") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def book(path: Path, sheets: dict[str, list[list]]) -> Path:
    with xlsxwriter.Workbook(path) as workbook:
        for name, rows in sheets.items():
            sheet = workbook.add_worksheet(name)
            for row, cells in enumerate(rows):
                sheet.write_row(row, 0, cells)
    return path


def zipped(path: Path, members: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def declaration(bench: Bench, system: str) -> Path:
    return bench.home.root / "catalogue" / "systems" / f"{system}.yml"


def new(bench: Bench, path: Path, system: str, *more: str) -> Result:
    """Draft a source from a sample, which must succeed."""
    result = bench.millesime("source", "new", "--from", path, "--system", system, *more)
    assert result.exit_code == 0, result.output
    return result


def drafted(bench: Bench, system: str) -> ExportRef:
    check_catalogue(bench.catalogue)  # the draft fits in at once
    found = bench.registry.systems[system]
    return ExportRef(found, found.exports[0])


def read(bench: Bench, ref: ExportRef, path: Path, year: int = 2019):
    """What collection makes of the sample under the drafted declaration."""
    (counts,) = ingest(bench.home, ref, year, [path], b"k" * 32).tables.values()
    return counts


# source new -------------------------------------------------------------------------------------------------


def test_a_csv_sample_becomes_a_source_that_loads_and_reads_it(bench, tmp_path) -> None:
    path = sample(tmp_path, "interventions_2019.csv", INTERVENTIONS)
    new(bench, path, "gmao", "--title", "GMAO", "--owner", "Pôle")
    text = declaration(bench, "gmao").read_text(encoding="utf-8")
    assert 'files: "interventions*.csv"' in text
    assert 'format: {type: csv, encoding: cp1252, delimiter: ";", title: "exercice {exercice}"}' in text
    ref = drafted(bench, "gmao")
    (table,) = ref.export.tables
    fields = {field.name: (field.type, field.personal) for field in table.fields}
    assert fields == {
        "numero_ticket": ("string", None),
        "date": ("date", None),
        "commune": ("string", None),
        "intervenant": ("string", "drop"),
        "duree_jours": ("number", None),
        "clos": ("boolean", None),
    }
    assert table.primaryKey == ["numero_ticket"]
    assert (table.exercice.column, table.exercice.rule) == ("date", "within")
    assert (table.ignore[0].column, table.ignore[0].pattern) == ("numero_ticket", "(?i)total.*")
    assert "Ajouter sums: [champs dont elle donne la somme]" in text
    counts = read(bench, ref, path)
    assert (counts.lues, counts.acceptees, counts.refusees, counts.ignorees) == (7, 3, 0, 4)


def test_the_next_steps(bench, tmp_path) -> None:
    path = sample(tmp_path, "interventions_2019.csv", INTERVENTIONS)
    said = bench.millesime("source", "new", "--from", path, "--system", "gmao").stdout
    for step in ("systemes: [..., gmao]", "check", "--source gmao/interventions --exercice 2019"):
        assert step in said
    assert "gmao.yml:3  le nom du système" in said
    assert f"landing/2019/gmao/, puis : millesime --home {bench.home.root} run 2019 --source gmao" in said
    assert "figure new gmao.NOM --table gmao/interventions" in said


def test_units_and_french_dates_are_drafted_as_collection_reads_them(bench, tmp_path) -> None:
    text = "Libellé;Coût;Taux;Volume;Mois;Relevé le;Vu le;Lu UTC;Janvier;Février\n"
    text += "A;4 000 €;12,3 %;1,5 Go;janvier 2019;1er août 2019;2019-03-01T10:00:00Z;2019-03-01T10:00:00Z;1;2\n"
    text += "B;12,50 €;7 %;0,5 Go;mai 2019;3 mars 2019;2019-03-02T10:00:00Z;2019-03-02T10:00:00Z;3;4\n"
    text += "Total;4 012,50 €;;;;;;;;\n"
    path = sample(tmp_path, "couts_2019.csv", text)
    new(bench, path, "couts")
    ref = drafted(bench, "couts")
    (table,) = ref.export.tables
    kinds = {field.name: (field.type, field.suffix, field.format) for field in table.fields}
    assert kinds["cout"][:2] == ("number", "€") and kinds["taux"][:2] == ("number", "%")
    assert kinds["volume"] == ("number", "Go", "default")
    assert (kinds["mois"][2], kinds["releve_le"][2]) == ("%B %Y", "%d %B %Y")
    assert [table.field(name).timezone for name in ("vu_le", "lu_utc")] == ["Europe/Paris", "UTC"]
    counts = read(bench, ref, path)
    assert (counts.acceptees, counts.refusees) == (2, 0)


def test_a_shape_maps_headings_and_says_what_it_does_not_know(bench, tmp_path) -> None:
    path = sample(tmp_path, "comptes_gmao_2019.csv", COMPTES)
    result = new(bench, path, "gmao", "--shape", "comptes")
    ref = drafted(bench, "gmao")
    (table,) = ref.export.tables
    layout = table.header_of(2019)
    assert layout["identifiant"] == "Identifiant"
    assert layout["est_actif"] == "Compte actif"
    assert layout["date_creation"] == "(à compléter : Date de création)"  # « Créé le » is unknown so far
    text = declaration(bench, "gmao").read_text(encoding="utf-8")
    assert "# TODO laissé de côté : [Créé le, Couleur]" in text
    assert "TODO quelle colonne, parmi [Créé le, Couleur] ?" in text
    assert "indicateurs: []" in result.stdout  # this catalogue declares no figure of applications
    with pytest.raises(Exception, match="FIC-ENTETE"):
        read(bench, ref, path)  # refused, never read wrongly


def test_a_shape_learns_from_the_systems_that_are_declared(bench, tmp_path) -> None:
    path = sample(tmp_path, "comptes_gmao_2019.csv", COMPTES)
    bench.millesime("source", "new", "--from", path, "--system", "gmao", "--shape", "comptes")
    first = declaration(bench, "gmao")
    learnt = first.read_text(encoding="utf-8").replace('"(à compléter : Date de création)"', "Créé le")
    first.write_text(learnt, encoding="utf-8")
    new(bench, path, "autre", "--shape", "comptes")
    ref = drafted(bench, "autre")
    assert ref.export.tables[0].header_of(2019)["date_creation"] == "Créé le"
    assert ref.export.tables[0].exercice.rule == "not_after"
    assert read(bench, ref, path).acceptees == 2


def test_a_workbook_sample(bench, tmp_path) -> None:
    path = tmp_path / "parc.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        workbook.add_worksheet("Lisez-moi").write(0, 0, "Mode d’emploi")
        sheet, day = workbook.add_worksheet("Parc 2019"), workbook.add_format({"num_format": "dd/mm/yyyy"})
        sheet.write_row(0, 0, ["État du parc au 31 décembre 2019"])
        sheet.write_row(2, 0, ["Référence", "Mise en service", "Valeur"])
        for row, (reference, serial, value) in enumerate([("A1", 43500, 10.5), ("A2", 43510, 3), ("A3", 43520, 0.25)]):
            sheet.write_row(3 + row, 0, [reference])
            sheet.write_number(3 + row, 1, serial, day)
            sheet.write_number(3 + row, 2, value)
    new(bench, path, "parc")
    ref = drafted(bench, "parc")
    (table,) = ref.export.tables
    assert table.sheet == "Parc 2019"
    assert {f.name: f.type for f in table.fields} == {
        "reference": "string",
        "mise_en_service": "date",
        "valeur": "number",
    }
    assert ref.export.format.title == "31 décembre {exercice}"
    assert ref.export.unread == ["Lisez-moi"]
    assert "aucune ligne sous l’en-tête" in declaration(bench, "parc").read_text(encoding="utf-8")
    assert read(bench, ref, path).acceptees == 3


def test_every_sheet_is_a_table_and_those_alike_are_one(bench, tmp_path) -> None:
    lent_in = [["Mois", "Prêts", "Retours"], ["janvier", 10, 9], ["février", 20, 18], ["mars", 30, 27]]
    sheets = {"Orly": lent_in, "Choisy": lent_in, "Fonds": [["Support", "Documents"], ["Livres", 1200]]}
    path = book(tmp_path / "mediatheque_2019.xlsx", sheets)
    new(bench, path, "mediatheque")
    lent, fonds = drafted(bench, "mediatheque").export.tables
    assert (lent.sheets, fonds.sheets) == (["Orly", "Choisy"], ["Fonds"])
    asked = [
        line for line in declaration(bench, "mediatheque").read_text(encoding="utf-8").splitlines() if "somme" in line
    ]
    assert ["Fonds" in line for line in asked] == [True]
    assert "ce que dit leur nom est à lire sous header" in declaration(bench, "mediatheque").read_text(encoding="utf-8")
    counts = ingest(bench.home, drafted(bench, "mediatheque"), 2019, [path], b"k" * 32).tables
    assert [one.acceptees for one in counts.values()] == [6, 1]


def test_an_archive_gives_a_table_for_each_layout_of_its_members(bench, tmp_path) -> None:
    members = {
        "envois/appels_01.csv": "Poste;Appels;Minutes\nA;3;12\nB;4;5\n",
        "envois/appels_02.csv": "Poste;Appels;Minutes\nA;7;1\n",
        "envois/lisez-moi.txt": "Bonjour\n",
        "__MACOSX/envois/._appels_01.csv": "x",
    }
    path = zipped(tmp_path / "telephonie_2019.zip", members)
    new(bench, path, "telephonie")
    ref = drafted(bench, "telephonie")
    (table,) = ref.export.tables
    assert (ref.export.archive, table.member) == ("zip", "appels*.csv")
    assert ref.export.unread == ["envois/lisez-moi.txt"]
    assert read(bench, ref, path).acceptees == 3


def test_an_archive_of_workbooks_names_the_member_that_no_table_reads_and_the_sheet_of_one_that_it_reads(
    bench, tmp_path
) -> None:
    members = {"prets_orly.xlsx": ["Prêts", "Notice"], "prets_thiais.xlsx": ["Prêts"], "aide.xlsx": ["Feuil1"]}
    with zipfile.ZipFile(tmp_path / "prets_2019.zip", "w") as archive:
        for name, sheets in members.items():
            lent = {"Prêts": [["Mois", "Prêts"], ["mai", 4]]}
            book(tmp_path / name, {title: lent.get(title, [["Bonjour"]]) for title in sheets})
            archive.write(tmp_path / name, name)
    path = tmp_path / "prets_2019.zip"
    new(bench, path, "prets")
    ref = drafted(bench, "prets")
    assert (set(ref.export.unread), ref.export.tables[0].member) == ({"aide.xlsx", "Notice"}, "prets*.xlsx")
    found = ingest(bench.home, ref, 2019, [path], b"k" * 32)
    assert [one.acceptees for one in found.tables.values()] == [2]
    assert all(one.ecartee for one in found.non_lus)


def test_of_sheets_of_several_years_that_of_the_exercice_is_read(bench, tmp_path) -> None:
    sheets = {
        f"Liste {year}": [
            [f"Parc au 31 décembre {year}"],
            [],
            ["Code", "Libellé"],
            *[[f"c{n}", f"l{n}"] for n in range(lines)],
        ]
        for year, lines in ((2018, 5), (2019, 2))
    }
    path = book(tmp_path / "parc.xlsx", sheets)
    result = bench.millesime("source", "new", "--from", path, "--system", "parc")
    assert (result.exit_code, "--exercice" in result.stderr) == (2, True)  # both are as good
    result = new(bench, path, "parc", "--exercice", "2019")
    ref = drafted(bench, "parc")
    assert (ref.export.tables[0].sheet, ref.export.unread) == ("Liste 2019", ["Liste 2018"])
    assert ref.export.format.title == "31 décembre {exercice}"
    assert read(bench, ref, path).acceptees == 2


def test_what_the_names_of_members_say_is_to_decide(bench, tmp_path) -> None:
    text = "Identifiant;Nom;Compte actif;Date de création\n"
    flags = {"orly": "Oui", "thiais": "Non"}
    members = {f"comptes_{town}.csv": f"{text}a{town};Durand;{flag};15/02/2010\n" for town, flag in flags.items()}
    path = zipped(tmp_path / "comptes_2019.zip", members)
    result = new(bench, path, "gmao", "--shape", "comptes")
    table = drafted(bench, "gmao").export.tables[0]
    assert (table.member, table.header_of(2019)["collectivite"]) == ("comptes*.csv", "(à compléter : Collectivité)")
    assert "Ce que dit leur nom est à lire sous header, {file: 'appels_(.+)[.]csv'}" in result.stdout
    own = declaration(bench, "gmao")
    answer = own.read_text(encoding="utf-8").replace('"(à compléter : Collectivité)"', "{file: 'comptes_(.+)[.]csv'}")
    own.write_text(answer, encoding="utf-8")
    assert read(bench, drafted(bench, "gmao"), path).acceptees == 2


def test_sheets_are_named_one_by_one_and_a_pattern_is_to_decide(bench, tmp_path) -> None:
    sheets = {f"Commune {town}": [["Mois", "Prêts"], ["mai", 4]] for town in ("Orly", "Choisy")}
    path = book(tmp_path / "prets_2019.xlsx", sheets)
    result = new(bench, path, "prets")
    assert drafted(bench, "prets").export.tables[0].sheets == ["Commune Orly", "Commune Choisy"]
    assert "si d’autres peuvent venir, un motif qui ne vaut que pour elles" in result.stdout
    assert "ce que dit leur nom est à lire sous header, {sheet: 'Commune (.+)'}" in result.stdout


def days(months: range, year: int = 2019, each: int = 1) -> str:
    return "".join(f"{rank};{1 + rank:02}/{month:02}/{year}\n" for month in months for rank in range(each))


@pytest.mark.parametrize(
    ("lines", "period"),
    [
        (days(range(1, 13)), "jour"),
        (days(range(1, 9)), "jour"),  # an export of August
        (days(range(1, 5)) + days(range(9, 13)), None),  # a few scattered dates
        (days(range(1, 5), each=12) + days(range(9, 13), each=12), "jour"),  # what lacks should not be silent
        (days(range(1, 5)), None),
        (days(range(1, 13)) + days(range(3, 4), 2018), None),  # accounts and the day of each
    ],
)
def test_a_column_of_dates_over_the_year_is_its_period(bench, tmp_path, lines: str, period: str | None) -> None:
    path = sample(tmp_path, "passages_2019.csv", f"Rang;Jour\n{lines}")
    result = new(bench, path, "passages", "--exercice", "2019")
    (table,) = drafted(bench, "passages").export.tables
    assert (table.period.column if table.period else None) == period
    assert ("des lignes sont-elles attendues chaque mois ?" in result.stdout) == bool(period)


QUARTERS = {f"T{quarter}": range(3 * quarter - 2, 3 * quarter + 1) for quarter in range(1, 5)}


def test_sheets_of_quarters_are_one_table_whose_dates_are_its_period(bench, tmp_path) -> None:
    sheets = {
        name: [["Jour", "Recette"], *[[f"0{day}/{month:02}/2019", day] for month in months for day in (1, 2, 3)]]
        for name, months in QUARTERS.items()
    }
    path = book(tmp_path / "regie_2019.xlsx", {**sheets, "Notice": [["Bonjour"]], "Totaux": [["Recette"], [72]]})
    new(bench, path, "regie")
    ref = drafted(bench, "regie")
    (table,) = ref.export.tables
    assert (table.name, table.title) == ("regie", "Regie")  # no name of one of them
    assert (table.sheets, table.period.column, set(ref.export.unread)) == ([*QUARTERS], "jour", {"Notice", "Totaux"})
    assert read(bench, ref, path).acceptees == 36


@pytest.mark.parametrize("name", ["T{}", "Trimestre {}", "{}e trimestre", "{}", "Recettes T{} 2019"])
def test_sheets_of_quarters_without_dates_are_expected_one_by_one(bench, tmp_path, name: str) -> None:
    sheets = {name.format(quarter): [["Commune", "Recette"], ["Orly", quarter]] for quarter in range(1, 5)}
    path = book(tmp_path / "regie_2019.xlsx", sheets)
    new(bench, path, "regie", "--exercice", "2019")
    ref = drafted(bench, "regie")
    assert len(ref.export.tables[0].sheets) == 4 and ref.export.tables[0].period is None
    assert read(bench, ref, path).acceptees == 4
    sheets.pop(name.format(3))
    with pytest.raises(DeliveryRefused) as refused:
        read(bench, ref, book(tmp_path / "regie_2019_b.xlsx", sheets))
    assert (refused.value.code, refused.value.colonne) == ("FIC-FEUILLE", name.format(3))


def test_a_column_of_towns_names_members(bench, tmp_path) -> None:
    path = sample(tmp_path, "a_2019.csv", "Commune;Lieu;Poste\nOrly;Nord;12\nThiais;Sud;13\n")
    result = bench.millesime("source", "new", "--from", path, "--system", "nouveau")
    assert [field.member for field in drafted(bench, "nouveau").export.tables[0].fields] == [True, False, False]
    assert "nomme-t-elle chaque fois une collectivité d’organisation.yml ?" in result.stdout


def test_words_that_are_not_those_of_the_shape_are_to_decide(bench, declared, tmp_path) -> None:
    declared.take("catalogue/shapes/comptes_messagerie.yml")
    path = sample(tmp_path, "comptes_2019.csv", "Adresse;Statut\na@orly.fr;open\nb@orly.fr;closed\nc@orly.fr;Actif\n")
    result = new(bench, path, "mail", "--shape", "comptes_messagerie")
    assert "répond chacun de [closed, open] ? values: {mot de la forme: [les siens]}" in result.stdout


NAMED = {
    "json": ('{"total": 2, "data": {"items": [{"id": 1, "user": {"site": "Orly"}}, {"id": 2, "user": {"site": "Thiais"}}]}}',
             {"id": "id", "user_site": "user.site", "total": "../../total"}, "data.items"),
    "jsonl": ('{"id": 1, "user": {"site": "Orly"}}\n{"id": 2, "user": {"site": "Thiais"}}\n',
              {"id": "id", "user_site": "user.site"}, None),
    "xml": ('<?xml version="1.0"?><e xmlns="urn:x"><ts><t id="1"><u><site>Orly</site></u></t>'
            '<t id="2"><u><site>Thiais</site></u></t></ts></e>', {"id": "@id", "u_site": "u/site"}, "e/ts/t"),
    "key_value": ('id=1 site="Orly" minutes=3\nid=2 site="Thiais" minutes=4\n',
                  {"id": "id", "site": "site", "minutes": "minutes"}, None),
}  # fmt: skip


@pytest.mark.parametrize("kind", NAMED)
def test_records_that_name_their_values(bench, tmp_path, kind: str) -> None:
    text, headings, records = NAMED[kind]
    path = sample(tmp_path, "export_2019.dat", text, "utf-8")
    new(bench, path, "nouveau")
    ref = drafted(bench, "nouveau")
    (table,) = ref.export.tables
    assert (ref.export.format.type, table.records, table.header_of(2019)) == (kind, records, headings)
    assert read(bench, ref, path).acceptees == 2


ABOVE = {
    "json": (
        '{"annee": 2019, "services": [{"nom": "Eau", "chef": {"n": 1}, "tickets": [{"id": 1, "t": "a"}, {"id": 2, "t": "b"}]},'
        ' {"nom": "Voirie", "tickets": [{"id": 3, "t": "c", "champs": [{"v": 1}, {"v": 2}, {"v": 3}, {"v": 4}]}]}]}',
        ("services.tickets", ["id", "t", "../nom", "../chef.n", "../../annee"], "services.tickets.champs"),
    ),
    "xml": (
        '<e an="2019"><c code="9"><t id="1"><o>a</o></t><t id="2"><o>b</o><n>x</n><n>y</n></t><nom>A</nom></c>'
        '<c code="8"><t id="3"><o>c</o></t></c></e>',
        ("e/c/t", ["@id", "o", "../@code", "../nom", "../../@an"], "e/c/t/n"),
    ),
}


@pytest.mark.parametrize("kind", ABOVE)
def test_records_inside_of_others_are_drafted_with_what_holds_them(bench, tmp_path, kind: str) -> None:
    text, (records, headings, left) = ABOVE[kind]
    path = sample(tmp_path, "export_2019.dat", text, "utf-8")
    result = new(bench, path, "nouveau")
    ref = drafted(bench, "nouveau")
    (table,) = ref.export.tables
    assert (table.records, list(table.header_of(2019).values())) == (records, headings)
    assert f"il leur faudrait leur propre table : {left}" in result.stdout
    assert read(bench, ref, path).acceptees == 3


def test_a_list_of_objects_in_a_line_is_no_text_to_keep(bench, tmp_path) -> None:
    text = '{"id": 1, "suivis": [{"agent": "Awa DIOP"}]}\n{"id": 2, "suivis": [], "tags": ["a"]}\n'
    path = sample(tmp_path, "export_2019.dat", text, "utf-8")
    result = bench.millesime("source", "new", "--from", path, "--system", "nouveau")
    assert list(drafted(bench, "nouveau").export.tables[0].header_of(2019)) == ["id", "tags"]
    assert "il leur faudrait leur propre table : suivis" in result.stdout


SYSLOG = "# export du pare-feu\n" + "".join(f"<189>date=2019-01-0{n} user=u{n} tunnelid={n}\n" for n in (1, 2, 3))
BY_LOGIN = (
    '{"id": 1, "droits": {"a.martin@orly.fr": {"lit": true}}}\n{"id": 2, "droits": {"Jean Dupont": {"lit": true}}}\n'
)


@pytest.mark.parametrize(
    ("text", "kind", "headings"),
    [
        (SYSLOG, "key_value", ["date", "user", "tunnelid"]),
        (BY_LOGIN, "jsonl", ["id", "droits"]),
        ("Nom du poste;Étage;#\nA;1;x\nB;2;y\n", "csv", ["Nom du poste", "Étage", "#"]),
    ],
)
def test_what_is_a_heading_and_what_is_a_value(bench, tmp_path, text: str, kind: str, headings: list[str]) -> None:
    path = sample(tmp_path, "export_2019.txt", text, "utf-8")
    new(bench, path, "nouveau")
    ref = drafted(bench, "nouveau")
    (table,) = ref.export.tables
    assert (ref.export.format.type, list(table.header_of(2019).values())) == (kind, headings)
    assert read(bench, ref, path).acceptees >= 2


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        *(
            (f"Commune;{headings}\nOrly;1999;5\nThiais;7;6\n", "mois ou années en colonnes")
            for headings in (
                "2018;2019", "T1 2019;T2 2019", "1er trimestre;2ème trimestre", "S1-19;S2-19", "Prêts 01/2019;Prêts mai",
                "Janvier;Février",
            )
        ),
        ("Commune;Poste\nOrly;nord\nSucy;sud\n", "rien ne distingue la première ligne des suivantes"),
        ("jdupont;Accueil\nmmoreau;Voirie\n", "rien ne distingue la première ligne des suivantes"),
        ("Identifiant;;Ville\na1;x;Orly\na2;y;Thiais\n", "sans intitulé, donc laissées de côté : colonnes 2"),
        ("Site;Suivi\n1;Durand\n2;Petit\n", "des personnes ? alors personal: drop"),
    ],
)  # fmt: skip
def test_what_the_sample_does_not_prove_is_to_decide(bench, tmp_path, text: str, doubt: str) -> None:
    path = sample(tmp_path, "a_2019.csv", text)
    result = new(bench, path, "nouveau")
    assert doubt in result.stdout
    assert read(bench, drafted(bench, "nouveau"), path).refusees == 0


def test_a_draft_is_read_back_before_it_is_written(bench, tmp_path) -> None:
    path = sample(tmp_path, "a_2019.csv", "Rang;Montant\n" + "A1;1,5\n" * 19 + "A2;abc\n")
    result = bench.millesime("source", "new", "--from", path, "--system", "nouveau")
    assert "Le brouillon lit l’exemple : a : 21 lignes lues = 19 acceptées + 1 refusée + 1 ignorée." in result.stdout
    path = sample(tmp_path, "comptes_2019.csv", COMPTES)
    result = bench.millesime("source", "new", "--from", path, "--system", "gmao", "--shape", "comptes")
    assert "Tel quel, le brouillon refuse l’exemple : comptes_2019.csv:1 FIC-ENTETE" in result.stdout


@pytest.mark.parametrize(
    ("text", "headings"),
    [
        (
            "Code;Site;Date;Note;Prix;Prix\nA;x;01/02/2019;n;1;2\nB;y;01/02/2019;m;1;2\n",
            ["Code", "Site", "Date", "Note", "Prix (1/2)", "Prix (2/2)"],
        ),
        ("Commune;Prets;Prets;Prets\nOrly;1;2;3\n", ["Commune", "Prets (1/3)", "Prets (2/3)", "Prets (3/3)"]),
        ("Nom;Nom;Ville\nDurand;Tiago;Orly\nPetit;Lou;Thiais\n", ["Nom (1/2)", "Nom (2/2)", "Ville"]),
    ],
)
def test_columns_with_the_same_heading_are_distinguished_by_their_rank(
    bench, tmp_path, text: str, headings: list[str]
) -> None:
    path = sample(tmp_path, "a_2019.csv", text)
    result = new(bench, path, "nouveau")
    assert result.stdout.count("plusieurs colonnes ont cet intitulé") == sum("/" in one for one in headings)
    ref = drafted(bench, "nouveau")
    assert list(ref.export.tables[0].header_of(2019).values()) == headings
    assert read(bench, ref, path).acceptees == text.count("\n") - 1


TWO_LINES = [
    ("Commune;Surface;Taux\n;(m²);(%)\nOrly;1;2\nThiais;3;4\n", ["Commune", "Surface (m²)", "Taux (%)"]),
    ("Login;Agent;;Ville\n;Nom;Rang;\nad;Du;x;Orly\n", ["Login", "Agent Nom", "Agent Rang", "Ville"]),
    ("Commune;Prets;\n;A;J\nOrly;1;2\nThiais;3;4\n", ["Commune", "Prets A", "Prets J"]),
    (
        ";Prets;;Retours;\nCommune;A;J;A;J\nOrly;1;2;3;4\nThiais;1;2;3;4\n",
        ["Commune", "Prets A", "Prets J", "Retours A", "Retours J"],
    ),
    (
        "Commune;Prets;Prets;Retours;Retours\nCommune;A;J;A;J\nOrly;1;2;3;4\nThiais;1;2;3;4\n",
        ["Commune", "Prets A", "Prets J", "Retours A", "Retours J"],
    ),
    (
        "Etat\nCommune;Code;Prets;Retours;\n;;A;B;C\nO;x;1;2;3\nT;y;3;4;5\n",
        ["Commune", "Code", "Prets A", "Retours B", "Retours C"],
    ),
    ("Commune;2018;;2019;\n;A;J;A;J\nOrly;1;2;3;4\n", ["Commune", "2018 A", "2018 J", "2019 A", "2019 J"]),
]


@pytest.mark.parametrize(("text", "headings"), TWO_LINES)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_headings_over_two_lines_are_read_from_top_to_bottom(bench, tmp_path, text, headings, kind) -> None:
    path = tmp_path / f"a_2019.{kind}"
    lines = [line.split(";") for line in text.splitlines()]
    if kind == "csv":
        path.write_text(text, encoding="utf-8")
    else:
        cells = [[int(cell) if cell.isdigit() and len(cell) == 1 else cell for cell in line] for line in lines]
        book(path, {"Relevé": cells})
    new(bench, path, "nouveau", "--header-rows", "2")
    ref = drafted(bench, "nouveau")
    (table,) = ref.export.tables
    assert (table.headerRows, list(table.header_of(2019).values())) == (2, headings)
    counts = read(bench, ref, path)
    data = sum(";" in line for line in text.splitlines()) - 2
    assert (counts.acceptees, counts.refusees) == (data, 0)


def test_three_lines_of_headings(bench, tmp_path) -> None:
    text = "Commune;Agents;;;\n;Femmes;;Hommes;\n;Tit.;Cont.;Tit.;Cont.\nOrly;1;2;3;4\nThiais;5;6;7;8\n"
    path = sample(tmp_path, "a_2019.csv", text)
    new(bench, path, "nouveau", "--header-rows", "3")
    ref = drafted(bench, "nouveau")
    assert list(ref.export.tables[0].header_of(2019).values()) == [
        "Commune", "Agents Femmes Tit.", "Agents Femmes Cont.", "Agents Hommes Tit.", "Agents Hommes Cont.",
    ]  # fmt: skip
    assert read(bench, ref, path).acceptees == 2


@pytest.mark.parametrize("shape", [[], ["--shape", "comptes"]])
def test_a_column_without_a_heading_is_to_decide(bench, tmp_path, shape: list[str]) -> None:
    path = sample(tmp_path, "a_2019.csv", "Identifiant;;Rang;\na1;x;1;\na2;y;2;\n")
    result = bench.millesime("source", "new", "--from", path, "--system", "nouveau", *shape)
    assert "sans intitulé, donc laissées de côté : colonnes 2. Les faire nommer par l’outil" in result.stdout


def test_two_lines_of_headings_in_the_sheets_of_several_years(bench, tmp_path) -> None:
    path = tmp_path / "parc.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        for year in (2018, 2019):
            sheet = workbook.add_worksheet(f"Parc {year}")
            sheet.merge_range("B1:C1", "Postes")
            sheet.write_row(0, 0, ["Commune"])
            sheet.write_row(1, 1, ["Fixes", "Portables"])
            sheet.write_row(2, 0, ["Orly", 3, 4])
            sheet.write_row(3, 0, ["Thiais", 5, 6])
    new(bench, path, "parc", "--exercice", "2019", "--header-rows", "2")
    ref = drafted(bench, "parc")
    assert (ref.export.tables[0].sheet, ref.export.unread) == ("Parc 2019", ["Parc 2018"])
    assert read(bench, ref, path).acceptees == 2


def test_a_csv_without_a_header_is_drafted_on_request(bench, tmp_path) -> None:
    path = sample(tmp_path, "postes_2019.csv", "a1;Orly;1 200\na2;Thiais;14\n")
    result = new(bench, path, "postes", "--no-header")
    assert result.stdout.count("que dit cette colonne ?") == 3
    ref = drafted(bench, "postes")
    assert ref.export.tables[0].header_of(2019) == {"c_1": "1", "c_2": "2", "c_3": "3"}
    assert read(bench, ref, path).acceptees == 2


@pytest.mark.parametrize(
    ("text", "headings", "rows"),
    [
        (";Agent;Poste;Ville\n1;PETIT Anne;4512;Orly\n2;DURAND Luc;4513;Thiais\n", ["Agent", "Poste", "Ville"], 2),
        ("Indicateur;Valeur\nNombre de prêts;12\nNombre d’abonnés;5\nRetours;3\n", ["Indicateur", "Valeur"], 3),
        ("Nom;Taux;Prix\nA;12 %;1.234,50 €\nB;7 %;34,00 €\n", ["Nom", "Taux", "Prix"], 2),
    ],
)
def test_small_tables_lose_nothing(bench, tmp_path, text: str, headings: list[str], rows: int) -> None:
    path = sample(tmp_path, "a_2019.csv", text)
    new(bench, path, "nouveau")
    ref = drafted(bench, "nouveau")
    assert list(ref.export.tables[0].header_of(2019).values()) == headings
    assert read(bench, ref, path).acceptees == rows


def test_a_title_that_bears_the_year_proves_the_exercice(bench, tmp_path) -> None:
    text = "Situation arrêtée au 31/12/2019;;\nCode;Site;Prix\nA;x;1\nB;y;2\n"
    result = bench.millesime(
        "source", "new", "--from", sample(tmp_path, "a.csv", text), "--system", "nouveau", "--exercice", "2019"
    )
    assert drafted(bench, "nouveau").export.format.title == "arrêtée au 31/12/{exercice}"
    assert "ne prouve l’exercice" not in result.stdout


def test_the_title_that_proves_the_exercice_is_in_every_sheet(bench, tmp_path) -> None:
    def sheet(title: str) -> list[list]:
        return [[title], ["Compte", "Montant"], ["6011", 10.5], ["6022", 3]]

    quarters = {f"T{k}": sheet(f"{k}e trimestre 2019") for k in (1, 2, 3, 4)}
    path = book(tmp_path / "compta_2019.xlsx", quarters)
    new(bench, path, "compta")
    assert drafted(bench, "compta").export.format.title == "trimestre {exercice}"
    assert read(bench, drafted(bench, "compta"), path).acceptees == 8
    path = book(tmp_path / "sans_2019.xlsx", {**quarters, "Bilan": [["Poste", "Total"], ["Eau", 1], ["Gaz", 2]]})
    result = new(bench, path, "sans")
    assert drafted(bench, "sans").export.format.title is None
    assert "aucune colonne de dates ne prouve l’exercice" in result.stdout and "lit l’exemple" in result.stdout


def test_headings_of_a_machine_are_to_say_in_french(bench, tmp_path) -> None:
    one = '{"fields": {"ref": "R%d", "hall": {"name": "Salon"}, "duree_min": 30}}'
    path = sample(tmp_path, "salles_2019.json", f"[{', '.join(one % rank for rank in range(4))}]")
    result = new(bench, path, "salles", "--exercice", "2019")
    ref = drafted(bench, "salles")
    (table,) = ref.export.tables
    assert [field.name for field in table.fields] == ["fields_ref", "fields_hall_name", "fields_duree_min"]
    assert result.stdout.count("le dire en français") == 3
    assert (table.header[2019]["fields_hall_name"].column, read(bench, ref, path).acceptees) == ("fields.hall.name", 4)


def test_a_second_draft_lists_what_it_adds_to_decide(bench, tmp_path) -> None:
    first = new(bench, sample(tmp_path, "a_2019.csv", "Date;Nb\n01/02/2019;1\n02/03/2019;2\n"), "regie").stdout
    again = new(bench, sample(tmp_path, "b_2019.csv", "Jour;Prix\n01/02/2019;1\n02/03/2019;2\n"), "regie").stdout
    asked = first.partition("À décider (")[2].partition(")")[0]
    assert f", outre {asked} des brouillons précédents :" in again
    assert not any("regie.yml:5 " in line for line in again.splitlines())  # its due date, asked before


def test_the_year_of_the_name_of_a_file_is_that_of_any_exercice(bench, tmp_path) -> None:
    path = sample(tmp_path, "2019_prets.csv", "Titre;Prêts\nA;3\n")
    new(bench, path, "livres")
    assert drafted(bench, "livres").export.files == "????_prets*.csv"


def test_a_path_with_a_space_is_quoted_in_the_commands(bench, tmp_path) -> None:
    folder = tmp_path / "mes fichiers"
    folder.mkdir()
    path = sample(folder, "a_2019.csv", "A;B\nx;y\nz;t\n")
    result = bench.millesime("source", "new", "--from", path, "--system", "nouveau")
    assert f"check '{path}' --source" in result.stdout


def test_a_shape_whose_words_the_sample_does_not_use_is_left_to_complete(bench, tmp_path) -> None:
    path = sample(tmp_path, "a_2019.csv", "A;B\nx;y\n")
    result = new(bench, path, "nouveau", "--shape", "comptes")
    assert "quelle colonne, parmi [A, B] ? D’ici là, tout fichier est refusé" in result.stdout
    check_catalogue(bench.catalogue)


def test_a_shape_of_a_csv_without_a_header_is_left_to_complete(bench, tmp_path) -> None:
    path = sample(tmp_path, "a_2019.csv", "a1;Durand;Oui\nb1;Petit;Non\n")
    result = new(bench, path, "nouveau", "--shape", "comptes", "--no-header")
    assert "quelle colonne, parmi" in result.stdout and "FIC-" in result.stdout
    assert "9001" in drafted(bench, "nouveau").export.tables[0].header_of(2019).values()


def test_headings_that_sql_the_lake_or_the_reader_cannot_take(bench, tmp_path) -> None:
    text = "Exercice;Order;2e;A;a;;Order !;uti_profil;No\n2019;x;1;p;q;;z;t;5\n2019;y;2;p;q;;z;t;6\n"
    path = sample(tmp_path, "divers_2019.csv", text)
    new(bench, path, "divers")
    ref = drafted(bench, "divers")
    names = [field.name for field in ref.export.tables[0].fields]
    assert names == ["annee", "order_source", "c_2e", "a", "a_2", "order_source_2", "uti_profil", "no_source"]
    assert read(bench, ref, path).acceptees == 2


PARC = (
    "Référence (n°) ;Type d'équipement / modèle;Affecté à;Adresse\n"
    "P-001;Portable – Dell;DURAND Anne;10.0.0.12\n"
    'P-002;"Écran « 24"" »";PETIT Bob;10.0.0.13\n'
)


def test_a_second_export_joins_a_copy_of_the_shipped_system_then_the_home_s_own_file(bench, tmp_path) -> None:
    path = sample(tmp_path, "parc_2019.csv", PARC, "utf-8")
    result = new(bench, path, "ventes")
    own = declaration(bench, "ventes")
    assert own.read_text(encoding="utf-8").startswith(VENTES.rstrip())
    assert "le remplace en entier" in result.stderr and "organisation.yml" not in result.stdout
    (export,) = drafted(bench, "ventes").system.exports[1:]
    assert {field.name: field.personal for field in export.tables[0].fields} == {
        "reference_numero": None,
        "type_d_equipement_modele": None,
        "affecte_a": "drop",  # by what the cells hold
        "adresse": "pseudonymise",
    }
    assert read(bench, ExportRef(drafted(bench, "ventes").system, export), path).acceptees == 2
    text = own.read_text(encoding="utf-8") + "    # de ce parc\n  # fin des exports\n# un mot à nous\n"
    own.write_text(text, encoding="utf-8")
    path = sample(tmp_path, "stock_2019.csv", PARC, "utf-8")
    result = new(bench, path, "ventes")
    assert [export.name for export in drafted(bench, "ventes").system.exports] == ["ventes", "parc", "stock"]
    text = own.read_text(encoding="utf-8")
    assert text.endswith("# un mot à nous\n")
    assert text.index("# de ce parc\n  # fin des exports\n") < text.index("name: stock")


def test_a_list_of_agents(bench, declared, tmp_path) -> None:
    declared.take("catalogue/shapes/agents.yml")
    text = (
        "Matricule;Nom;Sexe;Date de naissance;Statut;Catégorie;Quotité;Date d'entrée\n"
        "0012;DURAND;F;12/07/1969;Titulaire;A;100;01/02/2001\n0013;PETIT;M;03/01/1972;Contractuel;B;80;01/09/2015\n"
    )
    path = sample(tmp_path, "agents_2019.csv", text)
    result = new(bench, path, "esedit", "--shape", "agents")
    (table,) = drafted(bench, "esedit").export.tables
    assert table.header_of(2019)["tranche_age"] == "Date de naissance" and table.exercice is None
    assert "systemes: [..., esedit]" in result.stdout and "applications:" not in result.stdout


def test_a_sheet_whose_name_holds_a_year_is_to_decide(bench, tmp_path) -> None:
    path = book(tmp_path / "parc.xlsx", {"Parc 2019": [["Code", "Libellé"], ["a", "b"], ["c", "d"]]})
    result = bench.millesime("source", "new", "--from", path, "--system", "parc", "--exercice", "2019")
    assert "son nom contient une année : comment s’appelle la feuille d’un autre exercice ?" in result.stdout


def test_nothing_is_overwritten_nor_half_written(bench, tmp_path) -> None:
    path = sample(tmp_path, "ventes_2019.csv", VENTES_2019, "utf-8")
    result = bench.millesime("source", "new", "--from", path, "--system", "ventes")  # it is shipped, with that table
    assert result.exit_code == 2
    assert "ventes a déjà ventes : donner à « ventes » un autre nom avec --export" in result.stderr
    assert not (bench.home.root / "catalogue").exists()
    off = bench.home.root / "catalogue" / "systems" / "ventes.yml"
    off.parent.mkdir(parents=True)
    off.write_text("system: ventes\nenabled: false\n", encoding="utf-8")
    result = bench.millesime("source", "new", "--from", path, "--system", "ventes")
    assert (result.exit_code, "ventes.yml existe déjà : rien n’est écrit" in result.stderr) == (2, True)
    assert off.read_text(encoding="utf-8") == "system: ventes\nenabled: false\n"


def test_a_dry_run_shows_the_files_and_writes_none(bench, tmp_path) -> None:
    path = sample(tmp_path, "interventions_2019.csv", INTERVENTIONS)
    result = bench.millesime("source", "new", "--from", path, "--system", "gmao", "--dry-run")
    assert "system: gmao" in result.stdout
    assert not (bench.home.root / "catalogue").exists() and not (bench.home.root / "expectations").exists()


@pytest.mark.parametrize(
    ("name", "content", "more", "said"),
    [
        ("a_2019.csv", b"", [], "aucune ligne"),
        ("a_2019.csv", b"Situation;\n1;2\n3;4\n", [], "aucune ligne d’en-tête"),
        ("a_2019.csv", b"Situation;\n1;2\n3;4\n", [], "(le dire d’un fichier qui n’en a pas : --no-header)"),
        ("a_2019.json", b'[{"a": 1}]', ["--no-header"], "seul un csv peut être lu sans intitulés"),
        ("a_2019.json", b'[{"a": 1}]', ["--header-rows", "2"], "--header-rows : pour un csv ou un classeur"),
        ("a_2019.csv", b"Commune;Taux\nOrly;1\nThiais;2\n", ["--header-rows", "2"], "la ligne 1, la première"),
        ("a_2019.json", b'{"a": {"b": [1, 2, 3]}}', [], "a_2019.json : aucune liste d’enregistrements"),
        (
            "a_2019.json",
            b'{"u": {"un": {"nom": "x"}, "deux": {"nom": "y"}}}',
            [],
            "demander à l’outil une liste d’objets",
        ),
        ("a_2019.csv", b"A;B\n", [], "aucune ligne sous l’en-tête"),
        # a line is no title that is written as the data; headings below it may be those of another table
        (
            "a_2019.csv",
            b"Orly;12;3\nLogin;Ville;Rang\nx;1;4\ny;2;5\n",
            [],
            "la ligne 1, la première qui est entière, contient des valeurs",
        ),
        ("a.csv", b"A;B\nx;y\n", [], "--exercice"),
        ("a_2019.csv", b"<?xml version='1.0'?><a/>", [], "aucun élément ne se répète"),
        ("a_2019.bin", b"A\0B", [], "ni un fichier de texte"),
        ("a_2019.csv", b"A;B\nx;y\n", ["--shape", "compte"], "vouliez-vous dire « comptes » ?"),
        (
            "a_2019.csv",
            "Édité le;12/01/2020;par;Durand\nCommune;Prêts;Retours;Date\nOrly;12;10;03/02/2019\n".encode(),
            [],
            "la ligne 1, la première qui est entière, contient des valeurs",
        ),
        ("a_2019.csv", b"A;B\nx;y\n", ["--table", "Ma table"], "n’est pas un nom"),
    ],
)
def test_a_sample_that_teaches_nothing_ends_with_2(bench, tmp_path, name, content, more, said) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    result = bench.millesime("source", "new", "--from", path, "--system", "nouveau", *more)
    assert result.exit_code == 2, result.output
    assert said in result.stderr


def test_the_exercice_is_that_of_the_landing_folder(bench) -> None:
    path = bench.drop("2021/gmao/export.csv", "A;B\nx;y\nz;t\n")
    new(bench, path, "gmao")
    assert list(drafted(bench, "gmao").export.tables[0].header) == [2021]


@pytest.mark.parametrize(
    ("content", "encoding", "is_sure"),
    [
        (b"abc", "utf-8", False),
        ("été".encode(), "utf-8", True),
        ("\ufeffété".encode(), "utf-8", True),
        ("été".encode("cp1252"), "cp1252", True),
        ("10 €".encode("cp1252"), "cp1252", True),
        ("10 €".encode("iso-8859-15"), "iso-8859-15", False),
        ("été".encode("utf-16"), "utf-16", True),
    ],
)
def test_encodings(content: bytes, encoding: str, is_sure: bool) -> None:
    found, doubts = guess_encoding(content)
    assert (found, not doubts) == (encoding, is_sure)


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a;b\n1,5;2,5\n3;4\n", ";"),
        ("a,b\n1.5,2\n", ","),
        ("a\tb\tc\n1\t2;3\t4\n", "\t"),
        ("a|b\n1|2\n", "|"),
        ('a;b\n"x;y";2\n', ";"),
    ],
)
def test_delimiters(text: str, delimiter: str) -> None:
    assert guess_delimiter(text) == delimiter


# catalogue diff ---------------------------------------------------------------------------------------------


def test_catalogue_diff_lists_what_the_home_changes_and_what_moved_upstream(bench, declared) -> None:
    result = bench.millesime("catalogue", "diff")
    assert (result.exit_code, result.stdout) == (0, "Le dossier ne change rien.\n")
    own = Layer(bench.home.root)
    other = VENTES.replace("title: Ventes\n", "title: Nos ventes\n", 1)
    place = own.write("catalogue/systems/ventes.yml", other)
    own.write("catalogue/report/texte/neuf.md", "Un texte.\n")
    result = bench.millesime("catalogue", "diff")
    assert result.exit_code == 0, result.output
    system, prose, count = result.stdout.splitlines()
    assert system == f"remplacé     le système « ventes »  {place}:1"
    assert prose.startswith("ajouté       le texte « neuf.md »  ")
    assert count == "2 déclarations propres au dossier."
    declared.write("catalogue/systems/ventes.yml", VENTES.replace("owner: Régie", "owner: La régie"))
    for _ in range(2):
        result = bench.millesime("catalogue", "diff")
        assert result.exit_code == 3
        assert f"le système « ventes »  {place}:1  ← a changé depuis dans le catalogue livré" in result.stdout
        assert f"millesime --home {bench.home.root} catalogue diff --reviewed" in result.stderr
    assert bench.millesime("catalogue", "diff", "--reviewed").exit_code == 0
    assert "a changé depuis" not in bench.millesime("catalogue", "diff").stdout


def test_catalogue_diff_refuses_what_would_not_run(bench, declared) -> None:
    Layer(bench.home.root).write("catalogue/systems/ventes.yml", {"system": "ventes", "enabled": False})
    result = bench.millesime("catalogue", "diff")
    assert result.exit_code == 2
    assert "demande le système « ventes », que" in result.stderr


# dbt --------------------------------------------------------------------------------------------------------


@pytest.fixture
def dbt_calls(monkeypatch: pytest.MonkeyPatch) -> list:
    """Stand in for dbt."""
    calls: list = []

    def run_dbt(arguments: list[str], home: Home, target: str, *, capture: bool = False) -> subprocess.CompletedProcess:
        calls.append((arguments, target))
        return subprocess.CompletedProcess(arguments, 0)

    monkeypatch.setattr("pipelines.cli.authoring.run_dbt", run_dbt)

    def invoke(project: Path, _: list[str]) -> types.SimpleNamespace:
        (project / "target" / ENTREPOT).mkdir(parents=True, exist_ok=True)
        return types.SimpleNamespace(success=True)

    monkeypatch.setattr("pipelines.stages.transform.dbt._invoke", invoke)
    return calls


def test_dbt_works_on_a_warehouse_of_its_own_that_holds_what_is_accepted(filled, dbt_calls) -> None:
    result = filled.millesime("dbt", "build", "--select", "stg_ventes__ventes", "--help-me")
    assert result.exit_code == 0, result.output
    assert dbt_calls == [
        (["build", "--select", "stg_ventes__ventes", "--help-me", "--target", ANALYSTE], ANALYSTE),
    ]
    warehouse = filled.home.warehouse_analyst
    assert not filled.home.warehouse.exists()
    with duckdb.connect(str(warehouse)) as db:
        assert db.execute("select count(*) from lake.ventes__ventes").fetchone() == (2,)
        db.execute("create table essai as select 1")
    filled.millesime("dbt", "test")
    with duckdb.connect(str(warehouse)) as db:
        assert db.execute("select * from essai").fetchone() == (1,)  # kept: nothing has changed
    filled.drop("2020/ventes/ventes_2020.csv", VENTES_2019.replace("2019", "2020"))
    filled.receive("ventes/ventes", 2020, check("ok", True))
    filled.millesime("dbt", "test")
    with duckdb.connect(str(warehouse), read_only=True) as db:
        assert db.execute("select count(*) from lake.ventes__ventes").fetchone() == (4,)


def test_a_command_of_dbt_that_refuses_the_options_of_a_project_runs(tmp_path) -> None:
    from pipelines.stages.transform.dbt import run_dbt

    home = Home(tmp_path)
    home.dbt.mkdir()
    (home.dbt / "dbt_project.yml").write_text("name: essai\nprofile: essai\n", encoding="utf-8")
    done = run_dbt(["--version"], home, ANALYSTE, capture=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_dbt_commands_that_touch_no_table_need_no_organisation(declared, dbt_calls, tmp_path) -> None:
    from click.testing import CliRunner

    from pipelines.cli.app import millesime

    for arguments in (["parse"], ["ls"], ["build", "--help"]):
        assert CliRunner().invoke(millesime, ["dbt", *arguments]).exit_code == 0
    assert dbt_calls == [(arguments, ENTREPOT) for arguments in (["ls"], ["build", "--help"])]
    assert (tmp_path / "nowhere" / "dbt" / "models" / "marts" / "fct_factures.sql").exists()


# what the cells are: nothing of a person becomes a name ----------------------------------------------------------


def test_a_table_of_persons_alone_is_read_as_lines_without_columns(bench, tmp_path) -> None:
    path = sample(tmp_path, "a_2019.csv", "Nom;Prénom\nDIOP;Awa\nKERN;Yuna\n\n")
    new(bench, path, "nouveau")
    ref = drafted(bench, "nouveau")
    assert [field.personal for field in ref.export.tables[0].fields] == ["drop", "drop"]
    counts = read(bench, ref, path)
    assert (counts.lues, counts.acceptees, counts.ignorees) == (4, 2, 2)  # with the header


@pytest.mark.parametrize(
    "text",
    [
        "awa.diop;Accueil;Orly\nida.perrault;Voirie;Sucy\nerwan.lebihan;Parcs;Thiais\n",
        "Awa DIOP;Accueil;Bâtiment A\nIda PERRAULT;Voirie;Bâtiment B\nErwan LE BIHAN;Parcs;Bâtiment C\n",
        "SIEGE\\adiop;Accueil\nSIEGE\\iperr;Voirie\n",
        "1;droit=lire;Orly\n2;droit=écrire;Sucy\n",
        "ad;Durand;Orly\nbp;Petit;Orly\ncm;Martin;Orly\n",
        "ad@x.fr;Durand\nbp;Petit\n",
        "Durand;10.0.0.1\nPetit;10.0.0.2\n",
        "Orly;2018;oui\nThiais;2019;non\n",  # years are no headings above years
        "DUPONT;Jean;Orly;Actif\nPETIT;Anne;Thiais;Actif\n",
        "1;2\n3;4\n",
    ],
)
def test_a_first_line_written_as_those_below_is_no_header(bench, tmp_path, text: str) -> None:
    """Nothing of it is in the draft, which reads columns by rank once this is asked for."""
    path = sample(tmp_path, "a_2019.csv", text)
    refused = bench.millesime("source", "new", "--from", path, "--system", "nouveau")
    assert (refused.exit_code, "(le dire d’un fichier qui n’en a pas : --no-header)" in refused.stderr) == (2, True)
    new(bench, path, "nouveau", "--no-header")
    ref, width = drafted(bench, "nouveau"), text.partition("\n")[0].count(";") + 1
    assert list(ref.export.tables[0].header_of(2019).values()) == [str(rank) for rank in range(1, width + 1)]
    assert {f"{field.name} {field.title}" for field in ref.export.tables[0].fields} == {
        f"c_{rank} {rank}" for rank in range(1, width + 1)
    }
    assert read(bench, ref, path).acceptees == text.count("\n")


def test_a_workbook_whose_first_line_is_data_is_refused(bench, tmp_path) -> None:
    path = book(tmp_path / "a_2019.xlsx", {"Feuil1": [["ad@x.fr", 1], ["bp@x.fr", 2]]})
    result = bench.millesime("source", "new", "--from", path, "--system", "nouveau")
    assert (result.exit_code, "la première qui est entière, contient des valeurs" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("text", "headings"),
    [
        ("date=2019-01-03;user=awa.diop;n=1\ndate=2019-01-04;user=ida.p;n=2\n", ["date", "user", "n"]),
        ("user='M. X' n=1\nuser='Mme Y' n=2\n", ["user", "n"]),
        ("jour=2019-01-03, user=awa.diop\njour=2019-01-04, user=ida.p\n", ["jour", "user"]),
    ],
)
def test_pairs_are_read_whatever_parts_them(bench, tmp_path, text: str, headings: list[str]) -> None:
    path = sample(tmp_path, "a_2019.log", text, "utf-8")
    new(bench, path, "nouveau")
    ref = drafted(bench, "nouveau")
    assert ref.export.format.type == "key_value"
    assert list(ref.export.tables[0].header_of(2019).values()) == headings
    assert read(bench, ref, path).acceptees == 2


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "a_2019.jsonl",
            '{"site":"A","hits":{"awa.diop":3,"ida.p":1}}\n{"site":"B","hits":{"yuna.kern":2}}\n',
            "gardé en texte, car ses clés sont des valeurs et non des champs : hits",
        ),
        ("a_2019.csv", "Jour;Awa DIOP;Ida PERRAULT\n01/02/2019;3;4\n02/02/2019;5;6\n", "l’intitulé est-il une personne ?"),
        ("a_2019.csv", "Jour;awa.diop;ida.perrault\n01/02/2019;3;4\n02/02/2019;5;6\n", "l’intitulé est-il une personne ?"),
        ("a_2019.csv", "Awa Diop;Prêts\nIda Perrault;4\nYuna Kern;5\n", "l’intitulé est-il une personne ?"),
        (
            "a_2019.json",
            '[{"site":"A","Awa DIOP":3,"Ida PERRAULT":1},{"site":"B","Awa DIOP":3,"Ida PERRAULT":1}]',
            "l’intitulé est-il une personne ?",
        ),
    ],
)  # fmt: skip
def test_a_person_is_no_field(bench, tmp_path, name: str, text: str, said: str) -> None:
    path = sample(tmp_path, name, text, "utf-8")
    result = new(bench, path, "nouveau")
    assert said in result.stdout
    ref = drafted(bench, "nouveau")
    for field in ref.export.tables[0].fields:
        assert "diop" not in f"{field.name} {field.title}".casefold()
        assert field.name != "hits" or field.personal == "drop"
    assert read(bench, ref, path).acceptees == 2


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a_2019.json", '{"items": [\n{"id": 1},\n{"id"', "a_2019.json:3 FIC-TRONQUE"),
        ("a_2019.json", '[{"id": 1},\n{"id": 2} {"id": 3}]', "a_2019.json:2 FIC-JSON"),
        ("a_2019.jsonl", '{"id": 1}\n{"id": 2}\n{"id": "x', "a_2019.jsonl:3 FIC-TRONQUE"),
        ("a_2019.jsonl", '{"id": 1}\n{"id": x}\n{"id": 3}\n', "a_2019.jsonl:2 FIC-JSON"),
        ("a_2019.xls", "<html><body><table><tr><td>A</td></tr><tr><td>1</td></tr></table></body></html>", "une page HTML"),
        ("a_2019.xml", "<a xmlns:n='une adresse'><b><c>1</c></b><b><c>2</c></b></a>", "a_2019.xml:1 FIC-XML"),
        ("a_2019.xls", '<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "x">\n<html/>', "une page HTML"),
    ],
)  # fmt: skip
def test_a_fault_of_the_sample_is_reported_as_the_sample_s(bench, tmp_path, name: str, text: str, said: str) -> None:
    path = sample(tmp_path, name, text, "utf-8")
    result = bench.millesime("source", "new", "--from", path, "--system", "nouveau")
    assert (result.exit_code, said in result.stderr) == (1 if "FIC-" in said else 2, True), result.output


def test_a_draft_that_cannot_load_names_no_temporary_file(bench) -> None:
    with pytest.raises(DeclarationError, match="le brouillon, non écrit : nouveau.yml:2 ") as raised:
        draft.load("system: nouveau\ntitre: x\n", "nouveau", bench.registry)
    assert "/" not in str(raised.value)


def test_a_unit_with_a_dot_is_read(bench, tmp_path) -> None:
    path = sample(tmp_path, "a_2019.csv", "Titre;Longueur\nA;12 p.\nB;1 200 p.\n")
    new(bench, path, "nouveau")
    ref = drafted(bench, "nouveau")
    assert ref.export.tables[0].field("longueur").suffix == "p."
    assert read(bench, ref, path).acceptees == 2


def test_values_that_come_twice_and_numbers_that_may_be_negative_are_to_decide(bench, tmp_path) -> None:
    lines = [f"{100 + number};{number % 7},5;{number - 3}" for number in range(20)]
    path = sample(tmp_path, "pesees_2019.csv", "\n".join(["N° de bon;Poids;Écart", *lines, lines[4]]) + "\n")
    said = new(bench, path, "quai").stdout
    assert "si quelques valeurs y reviennent : docs/catalogue.md, « double_de »" in said
    assert "jamais négatif ?" in said
    (table,) = drafted(bench, "quai").export.tables
    assert table.primaryKey == []
    assert [field.constraints.minimum for field in table.fields] == [None, 0, None]


def test_names_with_digits_do_not_look_like_numbers(bench, tmp_path) -> None:
    rows = "".join(f"Gare n° {rank} Nord;C{rank} Sud\n" for rank in range(1, 9))
    said = new(bench, sample(tmp_path, "arrets_2019.csv", f"Arrêt;Circuit\n{rows}"), "bus").stdout
    assert "ressemblent à des nombres" not in said


def test_an_organisation_that_cannot_be_read_is_said_and_the_draft_made_all_the_same(bench, tmp_path) -> None:
    bench.home.organisation_file.write_text("nom: Syndicat\nsiren: '12'\n", encoding="utf-8")
    result = new(bench, sample(tmp_path, "a_2019.csv", "Commune;Prêts\nOrly;1\nThiais;3\n"), "nouveau")
    assert "organisation.yml:2 siren: est attendu un nombre de neuf chiffres" in result.stderr
    assert "aucune collectivité" in result.stderr and drafted(bench, "nouveau").export.tables
    bench.home.organisation_file.unlink()
    assert new(bench, sample(tmp_path, "b_2019.csv", "Commune;Prêts\nOrly;1\nThiais;3\n"), "autre").stderr == ""


def test_births_and_health_are_left_out(bench, tmp_path) -> None:
    text = "Dossier;Né le;Allergie;Quotient\nD1;03/02/2015;Arachide;7\nD2;04/05/2016;Gluten;8\n"
    said = new(bench, sample(tmp_path, "pai_2019.csv", text), "cantine", "--exercice", "2019").stdout
    (table,) = drafted(bench, "cantine").export.tables
    assert [field.personal for field in table.fields] == [None, "drop", "drop", None]
    assert said.count("donnée de santé ? Ne pas la lire") == 1
