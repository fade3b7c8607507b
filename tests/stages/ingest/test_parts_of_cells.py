"""Fields that do not read a whole cell: parts of cells, names, headings, columns that become rows."""

import datetime as dt
import io
import zipfile
from decimal import Decimal

import pytest

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.stages.ingest.pseudonym import pseudonym
from tests.deliveries import KEY, Depot

LOGIN = {"name": "identifiant", "title": "Identifiant", "personal": "pseudonymise", "constraints": {"required": True}}
DOMAIN = {"name": "domaine", "title": "Domaine"}
LABEL = {"name": "libelle", "title": "Libellé"}
TOWN = {"name": "collectivite", "title": "Collectivité", "constraints": {"required": True}}
MONTH = {"name": "mois", "title": "Mois", "type": "date", "format": "%m/%Y", "constraints": {"required": True}}
ISO = "%Y-%m-%dT%H:%M:%S.%f%z"
HOURS = {
    "name": "heures",
    "title": "Heures",
    "type": "number",
    "decimalChar": ",",
    "constraints": {"required": True},
}


def refusals(read) -> list[tuple]:
    return [(r["_ligne"], r["position"], r["colonne"], r["regle"], r["attendu"], r["recu"]) for r in read.refused]


# --- a part of a cell, several cells


def test_one_column_gives_a_pseudonym_and_a_domain(depot: Depot):
    depot.declare(
        [LOGIN, DOMAIN, LABEL],
        table={
            "header": {
                2019: {
                    "identifiant": {"column": "Adresse", "pattern": "([^@]+)@[^@]+"},
                    "domaine": {"column": "Adresse", "pattern": "[^@]+@([^@]+)"},
                    "libelle": "Libellé",
                }
            }
        },
    )
    read = depot.csv("Libellé;Adresse\nun;agnes.martin@ville.fr\ndeux; Agnes.MARTIN@orly.fr \ntrois;agnes\nquatre;\n")
    # the same person as in a system that writes the login alone
    assert read.column("identifiant") == [pseudonym(KEY, "identifiant", "agnes.martin")] * 2
    assert read.column("domaine") == ["ville.fr", "orly.fr"]
    assert read.column("libelle") == ["un", "deux"]
    assert read.counts == (5, 2, 2, 1)
    assert refusals(read) == [
        (4, 2, "Adresse", "LIG-MOTIF", "…@…", None),
        (4, 2, "Adresse", "LIG-MOTIF", "…@…", None),
        (5, 2, "Adresse", "LIG-OBLIGATOIRE", "une valeur", None),
    ]


@pytest.mark.parametrize(
    ("cell", "kept"),
    [("Orly (94310)", "94310"), ("", None), (" - ", None), ("Orly (\u00a094310)", "94310")],
)
def test_an_empty_source_is_an_empty_part(depot: Depot, cell: str, kept: str | None):
    depot.declare(
        [{**DOMAIN, "name": "code"}, LABEL],
        table={
            "missingValues": ["", "-"],
            "header": {2019: {"code": {"column": "Ville", "pattern": r"[^(]*\((.*)\)"}, "libelle": "Libellé"}},
        },
    )
    assert depot.csv(f"Ville;Libellé\n{cell};x\n").column("code") == [kept]


@pytest.mark.parametrize("cell", ["Orly", "()", "Orly ( )", "(94310) bis"])
def test_a_part_that_is_not_there_is_refused_and_never_empty(depot: Depot, cell: str):
    depot.declare(
        [{**DOMAIN, "name": "code"}, LABEL],
        table={"header": {2019: {"code": {"column": "Ville", "pattern": r"[^(]*\((.*)\)"}, "libelle": "Libellé"}}},
    )
    read = depot.csv(f"Ville;Libellé\n{cell};x\n")
    assert read.rows == []
    assert refusals(read) == [(2, 1, "Ville", "LIG-MOTIF", "…(…)", None)]


def test_a_part_is_typed_and_constrained_like_a_cell(depot: Depot):
    depot.declare(
        [{"name": "volume", "title": "Volume", "type": "integer", "constraints": {"required": True}}, LABEL],
        table={"header": {2019: {"volume": {"column": "Boîte", "pattern": r".* : (\S+) octets"}, "libelle": "L"}}},
    )
    read = depot.csv("L;Boîte\na;x : 12 octets\nb;x : 1,5 octets\n")
    assert read.column("volume") == [12]
    assert refusals(read) == [(3, 2, "Boîte", "LIG-TYPE", "un nombre entier", "1,5")]


def test_columns_are_joined_and_none_may_lack_alone(depot: Depot):
    moment = {
        "name": "debut_utc",
        "title": "Début",
        "type": "datetime",
        "format": "%Y-%m-%d %H:%M:%S %z",
        "timezone": "UTC",
    }
    depot.declare(
        [moment, LABEL],
        table={"header": {2019: {"debut_utc": {"column": ["date", "time", "tz"]}, "libelle": "L"}}},
    )
    read = depot.csv(
        "L;date;time;tz\na;2020-01-03;00:15:00;+0100\nb;;;\nc;2020-01-03;;+0100\nd;2020-01-03;25:00:00;+0100\n"
    )
    assert read.column("debut_utc") == [dt.datetime(2020, 1, 2, 23, 15), None]
    assert refusals(read) == [
        (4, 2, "date + time + tz", "LIG-MOTIF", "une valeur dans chacune des colonnes date, time, tz", None),
        (5, 2, "date + time + tz", "LIG-TYPE", "une date aaaa-mm-jj hh:mm:ss ±hh:mm", "2020-01-03 25:00:00 +0100"),
    ]


def test_a_column_that_only_parts_are_read_from_must_be_there_unless_optional(depot: Depot):
    header = {2019: {"domaine": {"column": "Adresse", "pattern": ".*@(.*)"}, "libelle": "L"}}
    depot.declare([DOMAIN, LABEL], table={"header": header})
    with pytest.raises(DeliveryRefused) as refused:
        depot.csv("L;M\na;b\n")
    assert (refused.value.code, refused.value.attendu) == ("FIC-ENTETE", "colonnes manquantes : Adresse")
    depot.declare([DOMAIN, LABEL], table={"header": header, "optional": ["domaine"]})
    assert depot.csv("L;M\na;b\n", name="autre.csv").column("domaine") == [None]


def test_a_total_line_is_ignored_by_the_cell_that_a_part_is_taken_from(depot: Depot):
    depot.declare(
        [{**DOMAIN, "name": "code", "constraints": {"required": True}}, LABEL],
        table={
            "header": {2019: {"code": {"column": "Ville", "pattern": r"(\d+) .*"}, "libelle": "L"}},
            "ignore": [{"column": "code", "pattern": "Total.*"}],
        },
    )
    read = depot.csv("L;Ville\na;94 Orly\n;Total général\n")
    assert (read.column("code"), read.ignored) == (["94"], [(1, "en-tête"), (3, "total")])


# --- the same for a whole file


def test_a_constant_and_the_name_of_the_file(depot: Depot):
    depot.declare(
        [TOWN, {"name": "source", "title": "Source"}, LABEL],
        files="*.csv",
        table={
            "header": {
                2019: {
                    "collectivite": {"file": r"relevé_(\w+)_\d{4}\.csv"},
                    "source": {"constant": "GRH"},
                    "libelle": "L",
                }
            }
        },
    )
    paths = [depot.drop(f"L\n{town}\n", name=f"relevé_{town}_2020.csv") for town in ("orly", "valenton")]
    read = depot.ingest(*paths)
    assert [(r["collectivite"], r["source"], r["libelle"]) for r in read.rows] == [
        ("orly", "GRH", "orly"),
        ("valenton", "GRH", "valenton"),
    ]


def test_a_name_that_does_not_say_it_refuses_the_file(depot: Depot):
    header = {2019: {"collectivite": {"file": r"relevé_(\w+)\.csv"}, "libelle": "L"}}
    depot.declare([TOWN, LABEL], table={"header": header})
    with pytest.raises(DeliveryRefused) as refused:
        depot.csv("L\na\n", name="releve_orly.csv")
    said = refused.value
    assert (said.code, said.fichier, said.colonne, said.recu, said.attendu) == (
        "FIC-NOM",
        "releve_orly.csv",
        "le nom du fichier",
        "releve_orly.csv",
        r"relevé_(\w+)\.csv",
    )


def test_a_name_is_typed_like_a_cell(depot: Depot):
    header = {2019: {"mois": {"file": r".*_(.+)\.csv"}, "libelle": "L"}}
    depot.declare([{**MONTH, "format": "%Y-%m"}, LABEL], table={"header": header})
    assert depot.csv("L\na\n", name="paie_2020-03.csv").column("mois") == [dt.date(2020, 3, 1)]
    with pytest.raises(DeliveryRefused) as refused:
        depot.csv("L\na\n", name="paie_2020-13.csv")
    assert (refused.value.code, refused.value.recu, refused.value.attendu) == ("FIC-NOM", "2020-13", "une date aaaa-mm")


def test_one_sheet_a_town(depot: Depot):
    depot.declare(
        [TOWN, LABEL],
        kind={"type": "xlsx"},
        table={
            "sheet": "Relevé *",
            "header": {2019: {"collectivite": {"sheet": r"relevé (\S+)(?: 2020)?"}, "libelle": "L"}},
        },
    )
    read = depot.ingest(depot.workbook({"Relevé Orly 2020": [["L"], ["a"]], "Relevé Thiais": [["L"], ["b"], ["c"]]}))
    assert [(r["_feuille"], r["_ligne"], r["collectivite"], r["libelle"]) for r in read.rows] == [
        ("Relevé Orly 2020", 2, "Orly", "a"),
        ("Relevé Thiais", 2, "Thiais", "b"),
        ("Relevé Thiais", 3, "Thiais", "c"),
    ]
    with pytest.raises(DeliveryRefused) as refused:
        depot.ingest(depot.workbook({"Relevé à part": [["L"], ["a"]]}, name="autre.xlsx"))
    assert (refused.value.code, refused.value.colonne) == ("FIC-NOM", "le nom de la feuille")


def test_one_member_of_an_archive_a_town(depot: Depot):
    depot.declare(
        [TOWN, LABEL],
        files="*.zip",
        export={"archive": "zip"},
        table={"header": {2019: {"collectivite": {"file": r"relevé_(\w+)\.csv"}, "libelle": "L"}}},
    )
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("2020/relevé_orly.csv", "L\na\n")
        archive.writestr("RELEVÉ_THIAIS.CSV", "L\nb\n")
    read = depot.ingest(depot.drop(content.getvalue(), "tout.zip"))
    assert sorted((r["collectivite"], r["libelle"]) for r in read.rows) == [("THIAIS", "b"), ("orly", "a")]


def test_keys_of_a_log_are_joined(depot: Depot):
    start = {"name": "debut", "title": "Début", "type": "datetime", "format": "%Y-%m-%d %H:%M:%S"}
    depot.declare(
        [{**LOGIN, "name": "identifiant"}, start],
        kind={"type": "key_value"},
        table={
            "header": {
                2019: {
                    "identifiant": {"column": "user", "pattern": "([^@]+)(?:@.+)?"},
                    "debut": {"column": ["date", "time"]},
                }
            }
        },
    )
    read = depot.csv('date=2020-01-03 time=08:15:00 type="event" user="martin@ville.fr"\n', name="vpn.log")
    assert read.column("debut") == [dt.datetime(2020, 1, 3, 8, 15)]
    assert read.column("identifiant") == [pseudonym(KEY, "identifiant", "martin")]


def test_a_system_joins_a_shape_by_origins_and_formats_of_its_own(depot: Depot):
    depot.layer.write(
        "catalogue/shapes/boites.yml",
        {
            "shape": "boites",
            "title": "Boîtes",
            "description": "Boîtes.",
            "primaryKey": ["identifiant"],
            "fields": [
                LOGIN,
                DOMAIN,
                {
                    "name": "volume_go",
                    "title": "Volume",
                    "type": "number",
                    "decimals": 3,
                    "constraints": {"required": True},
                },
                {"name": "derniere_connexion", "title": "Connexion", "type": "date"},
            ],
        },
    )
    depot.declare(
        [
            {"name": "volume_go", "decimalChar": ".", "suffix": {"GB": 1, "MB": 0.001}},
            {"name": "derniere_connexion", "format": ISO, "timezone": "Europe/Paris"},
        ],
        table={
            "shape": "boites",
            "header": {
                2019: {
                    "identifiant": {"column": "User Principal Name", "pattern": "([^@]+)@.+"},
                    "domaine": {"column": "User Principal Name", "pattern": "[^@]+@(.+)"},
                    "volume_go": {"column": "Storage", "pattern": r"(.+) \(.* bytes\)"},
                    "derniere_connexion": "Last Activity",
                }
            },
        },
    )
    read = depot.csv(
        "User Principal Name;Storage;Last Activity\n"
        "martin@ville.fr;1.5 GB (1,610,612,736 bytes);2020-01-03T23:15:00.1234567Z\n"
        "petit@ville.fr;512 MB (536,870,912 bytes);\n"
        "durand@ville.fr;512 KB (524,288 bytes);\n"
    )
    assert read.column("domaine") == ["ville.fr", "ville.fr"]
    assert read.column("volume_go") == [Decimal("1.500"), Decimal("0.512")]
    assert read.column("derniere_connexion") == [dt.date(2020, 1, 4), None]
    assert [(r["_ligne"], r["regle"]) for r in read.refused] == [(4, "LIG-TYPE")]


def test_a_key_that_a_declaration_does_not_use_changes_no_identity(depot: Depot):
    depot.declare(table={"header": {2019: {"code": "Code", "libelle": "L"}}})
    (table,) = depot.ref.layout(2020)["tables"]
    assert table["header"] == {"code": "Code", "libelle": "L"}
    assert not {"suffix", "timezone"} & {key for field in table["fields"] for key in field}


def test_an_informative_part_is_reported_and_refuses_nothing(depot: Depot):
    depot.declare(
        [{**LABEL, "constraints": {"required": True}}, {**DOMAIN, "informative": True}],
        table={"header": {2019: {"libelle": "L", "domaine": {"column": "M", "pattern": ".+@(.+)"}}}},
    )
    read = depot.csv("L;M\na;x@y.fr\nb;x\n")
    assert (read.counts, read.column("domaine")) == ((3, 2, 0, 1), ["y.fr", None])
    assert ".illisibles.parquet" in read.manifest.tables["lignes"].compagnons


# --- columns that become rows


def wide(
    depot: Depot, empty: str = "refuse", month: dict = MONTH, heading: str = r"(\d{2}/\d{4})", total: str = "", **table
) -> None:
    depot.declare(
        [TOWN, month, HOURS],
        kind=table.pop("kind", None),
        table={
            "header": {
                2019: {
                    "collectivite": "Commune",
                    "mois": {"heading": heading} | ({} if total else {"ignore": "Total.*"}),
                    "heures": {"under": "mois", "empty": empty} | ({"total": total} if total else {}),
                }
            },
            "primaryKey": ["collectivite", "mois"],
            **table,
        },
    )


def spread(read) -> list[tuple]:
    return [(r["_ligne"], r["_colonne"], r["collectivite"], r["mois"].month, r["heures"]) for r in read.rows]


def test_each_column_of_a_month_gives_a_row(depot: Depot):
    wide(depot)
    read = depot.csv("Commune;01/2020;02/2020;Total\nOrly;1,5;2;3,5\nValenton;3;4;7\n")
    assert spread(read) == [
        (2, "01/2020", "Orly", 1, Decimal("1.50")),
        (2, "02/2020", "Orly", 2, Decimal(2)),
        (3, "01/2020", "Valenton", 1, Decimal(3)),
        (3, "02/2020", "Valenton", 2, Decimal(4)),
    ]
    assert read.counts == (3, 2, 0, 1)  # lines of the file


def test_a_bad_cell_refuses_its_line_and_names_its_column(depot: Depot):
    wide(depot)
    read = depot.csv("Commune;01/2020;02/2020\nOrly;1,5;deux\nValenton;3;\nThiais;5;6\n")
    assert [row[2] for row in spread(read)] == ["Thiais", "Thiais"]
    assert read.counts == (4, 1, 2, 1)
    assert refusals(read) == [
        (2, 3, "02/2020", "LIG-TYPE", "un nombre d’au plus 2 décimales (« , »)", "deux"),
        (3, 3, "02/2020", "LIG-OBLIGATOIRE", "une valeur", None),
    ]


@pytest.mark.parametrize(
    ("empty", "rows"),
    [
        ("skip", [("Orly", 2, Decimal(2))]),
        (
            "zero",
            [("Orly", 1, Decimal(0)), ("Orly", 2, Decimal(2)), ("Thiais", 1, Decimal(0)), ("Thiais", 2, Decimal(0))],
        ),
    ],
)
def test_an_empty_cell_is_no_row_or_zero_as_declared(depot: Depot, empty: str, rows: list):
    wide(depot, empty)
    read = depot.csv("Commune;01/2020;02/2020\nOrly; ;2\nThiais;;\n")
    assert [row[2:] for row in spread(read)] == rows
    hollow = [(3, "ligne sans valeur")] if empty == "skip" else []
    assert read.ignored == [(1, "en-tête"), *hollow]
    assert read.counts == (3, 2 - len(hollow), 0, 1 + len(hollow))


def test_a_total_line_and_a_blank_one_give_no_row(depot: Depot):
    wide(depot, "skip", ignore=[{"column": "collectivite", "pattern": "Total.*"}])
    read = depot.csv("Commune;01/2020;02/2020\nOrly;1;2\n;;\nTotal;1;2\n")
    assert (len(read.rows), read.ignored) == (2, [(1, "en-tête"), (3, "ligne vide"), (4, "total")])


def test_a_total_line_under_each_month_is_compared_with_that_month(depot: Depot):
    wide(depot, "skip", ignore=[{"column": "collectivite", "pattern": "Total.*", "sums": ["heures"]}])
    read = depot.csv("Commune;01/2020;02/2020;Total\nOrly;1;2;3\nThiais;4;;4\nTotal général;5;9;7\n")
    totals = read.manifest.tables["lignes"].totals
    assert [(one["intitule"], one["ligne"], one["annonce"], one["recalcule"], one["ok"]) for one in totals] == [
        ("01/2020", 4, "5.00", "5.00", True),
        ("02/2020", 4, "9.00", "2.00", False),
    ]


def test_the_total_of_each_line_is_compared_with_its_cells_and_the_first_that_differs_is_told(depot: Depot):
    wide(depot, "skip", total="Total")
    read = depot.csv(
        "Commune;01/2020;02/2020;Total\nOrly;1;2;3\nThiais;4;;5\nRungis;1;1;?\nVilleneuve;2;2;\nAblon;x;1;1\n"
    )
    assert [row[2:] for row in spread(read)][:3] == [
        ("Orly", 1, Decimal(1)),
        ("Orly", 2, Decimal(2)),
        ("Thiais", 1, Decimal(4)),
    ]
    (told,) = read.manifest.tables["lignes"].totals
    assert (told["kind"], told["intitule"], told["justes"], told["comparees"], told["ok"]) == (
        "across",
        "Total",
        1,
        3,
        False,
    )
    assert (told["ligne"], told["annonce"], told["recalcule"]) == (3, "5.00", "4.00")
    assert read.counts == (6, 4, 1, 1)  # no line is refused for its total


def test_each_measure_has_the_total_that_names_it(depot: Depot):
    header = {
        "collectivite": "Commune",
        "libelle": {"heading": "(Prêts|Retours) .+"},
        "mois": {"heading": r"(?:Prêts|Retours) (\d{2}/\d{4})"},
        "heures": {"under": "mois", "empty": "zero", "total": "Total (Prêts|Retours)|Ensemble"},
    }
    depot.declare(
        [TOWN, LABEL, MONTH, HOURS],
        table={"header": {2019: header}, "primaryKey": ["collectivite", "libelle", "mois"]},
    )
    heading = "Commune;Prêts 01/2020;Prêts 02/2020;Retours 01/2020;Total prêts;Total retours;Ensemble"
    read = depot.csv(f"{heading}\nOrly;1;2;5;3;5;8\nThiais;1;;4;1;5;5\n")
    assert [(one["intitule"], one["ok"]) for one in read.manifest.tables["lignes"].totals] == [
        ("Total prêts", True),
        ("Total retours", False),
        ("Ensemble", True),
    ]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("A;1;2\nB;3;4\nC;5;0\nEnsemble;9;6\n", [5]),
        ("A;1;2\nB;3;4\nC;5;0\nEnsemble;9;7\n", []),  # not of every month
        ("A;1;\nB;3;\nC;5;\nD;9;\n", []),  # one number of few lines may be so by chance
        ("A;1;\nB;3;\nC;5;\nD;2;\nE;4;\nF;2;\nEnsemble;17;\n", [8]),
        ("A;1;2\nEnsemble;1;2\n", []),
    ],
)
def test_a_line_that_is_the_sum_of_all_the_others_is_told(depot: Depot, lines: str, found: list[int]):
    wide(depot, "skip")
    totals = depot.csv(f"Commune;01/2020;02/2020\n{lines}").manifest.tables["lignes"].totals
    assert [(one["kind"], one["ligne"], one["ok"]) for one in totals] == [("undeclared", line, False) for line in found]


def test_a_birth_is_no_number_that_a_total_might_be(depot: Depot):
    born = {"name": "age", "title": "Né le", "type": "date", "personal": "generalise", "band": 5}
    depot.declare([TOWN, born, HOURS])
    lines = "".join(f"Orly;2000-01-0{day};{day}\n" for day in range(1, 8))
    assert depot.csv(f"Collectivité;Né le;Heures\n{lines}").manifest.tables["lignes"].totals == []


def test_french_months_of_the_exercice(depot: Depot):
    months = "Janvier Février Mars Avril Mai Juin Juillet Août Septembre Octobre Novembre Décembre".split()
    wide(depot, month={**MONTH, "format": "%B"}, heading="(.+)")
    read = depot.csv(";".join(["Commune", *months, "Total"]) + "\nOrly;" + ";".join(map(str, range(1, 13))) + ";78\n")
    assert [(r["mois"], r["heures"]) for r in read.rows] == [(dt.date(2020, m, 1), Decimal(m)) for m in range(1, 13)]


def test_a_workbook_whose_headings_are_months(depot: Depot):
    wide(depot, "skip", kind={"type": "xlsx"}, heading=r"(\d{4}-\d{2})-01|Total", month={**MONTH, "format": "%Y-%m"})
    read = depot.ingest(
        depot.workbook({"F": [["Commune", dt.date(2020, 1, 1), dt.date(2020, 2, 1)], ["Orly", 1.5, None]]})
    )
    assert spread(read) == [(2, "2020-01-01", "Orly", 1, Decimal("1.50"))]


def a_sheet_a_town(depot: Depot, **export) -> None:
    header = {
        "collectivite": {"sheet": "(.+)"},
        "mois": {"heading": "(.+)", "ignore": "Indicateur|Total"},
        "heures": {"under": "mois"},
    }
    depot.declare(
        [TOWN, {**MONTH, "format": "%B"}, HOURS],
        kind={"type": "xlsx"},
        table={"sheet": "*", "header": {2019: header}, "primaryKey": ["collectivite", "mois"]},
        **export,
    )


def test_months_as_columns_of_a_sheet_a_town_need_no_other_column(depot: Depot):
    """Their line is the first of several cells one of which gives rows: neither a title, nor what is below."""
    a_sheet_a_town(depot)
    year = [["Relevé"], [], ["Indicateur", "Janvier", "Février", "Total"], ["Bulletins", 10, 20, 30]]
    read = depot.ingest(depot.workbook({"Orly": year, "Sucy": [["Indicateur", "Mars"], ["Bulletins", 7]]}))
    assert [(r["_ligne"], r["collectivite"], r["mois"].month, r["heures"]) for r in read.rows] == [
        (4, "Orly", 1, Decimal(10)),
        (4, "Orly", 2, Decimal(20)),
        (2, "Sucy", 3, Decimal(7)),
    ]


@pytest.mark.parametrize(
    ("recap", "found"),
    [
        ([17, 4], ["Ensemble"]),
        ([17, 5], []),  # of one month alone
        ([17, ""], []),
    ],
)
def test_a_sheet_that_is_the_sum_of_all_the_others_is_told_until_it_is_left_unread(depot: Depot, recap, found):
    months = ["Indicateur", "Janvier", "Février"]
    sheets = {
        "Orly": [months, ["A", 10, 1], ["B", 2, 3]],
        "Sucy": [months[:2], ["A", 5]],
        "Ensemble": [months, ["A", *recap]],
    }
    a_sheet_a_town(depot)
    totals = depot.ingest(depot.workbook(sheets)).manifest.tables["lignes"].totals
    assert [(one["kind"], one["feuille"], one["recalcule"]) for one in totals] == [
        ("undeclared", name, "4.00") for name in found
    ]
    a_sheet_a_town(depot, export={"unread": ["Ens*"]})
    read = depot.ingest(depot.workbook(sheets))
    assert {row["collectivite"] for row in read.rows} == {"Orly", "Sucy"}
    assert read.manifest.tables["lignes"].totals == []
    assert [(one.feuille, one.ecartee) for one in read.manifest.non_lus] == [("Ensemble", True)]


def test_of_three_files_of_one_number_one_may_be_the_sum_of_the_others(depot: Depot):
    depot.declare([LABEL, HOURS])
    files = [depot.drop(f"Libellé;Heures\nA;{hours}\n", f"lot_{hours}.csv") for hours in (1, 2, 3)]
    assert depot.ingest(*files).manifest.tables["lignes"].totals == []


def test_a_sheet_without_a_column_that_gives_rows_is_refused(depot: Depot):
    a_sheet_a_town(depot)
    with pytest.raises(DeliveryRefused) as refused:
        depot.ingest(depot.workbook({"Orly": [["Indicateur", "Total"]]}))
    assert (refused.value.code, refused.value.attendu) == ("FIC-ENTETE", "colonnes de la forme …")


@pytest.mark.parametrize(
    ("header", "code", "column"),
    [
        ("Commune;01/2020;Fevrier", "FIC-ENTETE", "Fevrier"),
        ("Commune;01/2020;13/2020", "FIC-ENTETE", "13/2020"),
        ("Commune;01/2020;01/2020", "FIC-COLONNE-DOUBLE", "01/2020"),
        ("Commune;Total", "FIC-ENTETE", None),
    ],
)
def test_no_column_of_a_wide_table_is_lost_in_silence(depot: Depot, header: str, code: str, column: str | None):
    wide(depot)
    with pytest.raises(DeliveryRefused) as refused:
        depot.csv(f"{header}\nOrly;1;2\n")
    assert (refused.value.code, refused.value.colonne) == (code, column)


def test_a_layout_of_another_exercice_may_be_long(depot: Depot):
    depot.declare(
        [TOWN, MONTH, HOURS],
        table={
            "header": {
                2019: {"collectivite": "Commune", "mois": "Mois", "heures": "Heures"},
                2020: {
                    "collectivite": "Commune",
                    "mois": {"heading": r"(\d{2}/\d{4})"},
                    "heures": {"under": "mois"},
                },
            }
        },
    )
    assert spread(depot.csv("Commune;01/2020\nOrly;1\n")) == [(2, "01/2020", "Orly", 1, Decimal(1))]
    path = depot.drop("Commune;Mois;Heures\nOrly;01/2019;1\n", exercice=2019)
    assert spread(depot.ingest(path, exercice=2019)) == [(2, None, "Orly", 1, Decimal(1))]


def test_a_personal_cell_is_not_shown_when_a_wide_line_is_refused(depot: Depot):
    depot.declare(
        [LOGIN, MONTH, HOURS],
        table={
            "header": {
                2019: {"identifiant": "Agent", "mois": {"heading": r"(\d{2}/\d{4})"}, "heures": {"under": "mois"}}
            }
        },
    )
    read = depot.csv("Agent;01/2020\nmartin;malade\nmartin;1\n")
    assert read.column("identifiant") == [pseudonym(KEY, "identifiant", "martin")]
    assert refusals(read) == [(2, 2, "01/2020", "LIG-TYPE", "un nombre d’au plus 2 décimales (« , »)", None)]


# --- what a declaration cannot say

WIDE = {"collectivite": "Commune", "mois": {"heading": "(.+)"}, "heures": {"under": "mois"}}


@pytest.mark.parametrize(
    ("header", "table", "said"),
    [
        ({**WIDE, "mois": {"heading": ".+"}}, {}, "il faut un groupe entre parenthèses, et un seul"),
        ({**WIDE, "mois": {"heading": "(.)(.)"}}, {}, "il faut un groupe entre parenthèses, et un seul"),
        ({**WIDE, "mois": {"heading": "(?=(.))"}}, {}, "ne peut ni regarder autour"),
        ({**WIDE, "mois": "Mois"}, {}, "vont ensemble"),
        ({**WIDE, "heures": "Heures"}, {}, "vont ensemble"),
        ({**WIDE, "heures": {"under": "collectivite"}}, {}, "vont ensemble"),
        (WIDE, {"primaryKey": ["collectivite"]}, "primaryKey contient mois"),
        ({**WIDE, "heures": {"under": "mois", "empty": "nul"}}, {}, "empty"),
        ({"collectivite": {"constant": "Orly"}}, {}, "rien n’y lit une colonne"),
        ({**WIDE, "collectivite": {"constant": "Orly", "file": "(.*)"}}, {}, "donner une de ces clés, et une seule"),
        ({**WIDE, "collectivite": {"pattern": "(.*)"}}, {}, "donner une de ces clés, et une seule"),
        ({**WIDE, "collectivite": {"file": "(.*)", "pattern": "(.*)"}}, {}, "pattern va avec column"),
        ({**WIDE, "collectivite": {"column": "C", "empty": "skip"}}, {}, "empty va avec under"),
        ({**WIDE, "collectivite": {"column": "C", "ignore": "x"}}, {}, "ignore va avec heading"),
        ({**WIDE, "mois": {"heading": "(.+)", "total": "x"}}, {}, "total va avec under"),
        ({**WIDE, "heures": {"constant": "1"}, "libelle": {"under": "mois", "total": "T"}}, {}, "avoir un total"),
        ({**WIDE, "collectivite": {"column": ["C"]}}, {}, "au moins 2"),
        ({**WIDE, "collectivite": {"sheet": "(.*)"}, "libelle": "L"}, {}, "un fichier csv n’a pas de feuille"),
        (WIDE, {"kind": {"type": "jsonl"}}, "heading demande une ligne d’intitulés"),
        (
            {**WIDE, "collectivite": "1"},
            {"kind": {"type": "csv", "header": False}},
            "heading demande une ligne d’intitulés",
        ),
        ({**WIDE, "identifiant": {"file": "(.*)"}}, {}, "qui se lirait dans l’origine"),
        (
            {**WIDE, "mois": "Mois", "identifiant": {"heading": "(.*)"}, "heures": {"under": "identifiant"}},
            {},
            "qui se lirait dans",
        ),
        (
            WIDE,
            {"ignore": [{"column": "heures", "pattern": "0"}]},
            "nomment des colonnes lues dans le fichier, et non heures",
        ),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(depot: Depot, header: dict, table: dict, said: str):
    with pytest.raises(DeclarationError, match=said):
        kind = table.get("kind")
        rest = {key: value for key, value in table.items() if key != "kind"}
        depot.declare(
            [TOWN, MONTH, HOURS, LABEL, {**LOGIN, "constraints": {}}],
            kind=kind,
            table={"header": {2019: header}, **rest},
        )
