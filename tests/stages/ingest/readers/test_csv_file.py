"""Delimited files: encodings, line ends, titles, totals, irregular lines. Nothing is guessed, nothing is lost."""

import csv
import datetime as dt
import io
import shutil
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.ledger.records import TableCounts
from pipelines.stages.ingest import part as part_module
from pipelines.stages.ingest.readers import csv_file
from tests.deliveries import FIELDS, HEADER, Depot
from tests.layers import rules

GOOD = HEADER + "A1;Été à Crac’h;1 234,50;03/02/2020\nA2;;-5,00;31/12/2020\n"
ROWS = [
    ("A1", "Été à Crac’h", Decimal("1234.50"), dt.date(2020, 2, 3)),
    ("A2", None, Decimal("-5.00"), dt.date(2020, 12, 31)),
]


def values(read):
    return [(r["code"], r["libelle"], r["montant"], r["jour"]) for r in read.rows]


def refusal(depot: Depot, content, **options) -> DeliveryRefused:
    with pytest.raises(DeliveryRefused) as raised:
        depot.csv(content, **options)
    return raised.value


def kind(**options):
    return {"type": "csv", "encoding": "utf-8", "delimiter": ";", **options}


ENCODINGS = [
    ("utf-8", "utf-8", b""),
    ("utf-8", "utf-8", b"\xef\xbb\xbf"),
    ("cp1252", "cp1252", b""),
    ("iso-8859-15", "iso-8859-15", b""),
    ("utf-16", "utf-16-le", b"\xff\xfe"),
    ("utf-16", "utf-16-be", b"\xfe\xff"),
]
LINES = st.lists(
    st.tuples(
        st.from_regex("[A-Z][0-9]{1,3}", fullmatch=True),
        st.text("aZé€ \";,|\t'=-", max_size=8),
        st.decimals(-(10**6), 10**6, places=2),
        st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 31)),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=40)
@given(LINES, st.sampled_from(ENCODINGS), st.sampled_from(";,\t|"), st.sampled_from(["\n", "\r\n", "\r"]))
def test_what_a_csv_writer_wrote_is_read_back_whatever_the_encoding_delimiter_and_line_end(
    tmp_path_factory, lines, encoding, delimiter, newline
):
    declared, codec, mark = encoding
    depot = Depot(tmp_path_factory.mktemp("csv"))
    depot.declare(kind=kind(encoding=declared, delimiter=delimiter))
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=newline)
    writer.writerow(HEADER.strip().split(";"))
    for code, libelle, montant, jour in lines:
        writer.writerow([code, libelle, f"{montant:,f}".replace(",", " ").replace(".", ","), f"{jour:%d/%m/%Y}"])
    read = depot.csv(mark + text.getvalue().encode(codec))
    assert values(read) == [(code, libelle.strip() or None, montant, jour) for code, libelle, montant, jour in lines]
    assert read.column("_ligne") == list(range(2, len(lines) + 2))
    assert read.ignored == [(1, "en-tête")]


@pytest.mark.parametrize(
    ("declared", "content", "line"),
    [
        ("utf-8", (HEADER + "A1;x;1;\nA2;Été;1;\n").encode("cp1252"), 1),
        ("utf-8", b"Code;Libell\xc3\xa9;Montant;Jour\nA1;x;1;\nA2;\xc9t\xe9;1;\n", 3),
        ("cp1252", "Code;Libelle;Montant;Jour\nA1;x;1;\nA2;Été;1;\n".encode(), 1),
        ("iso-8859-15", GOOD.encode(), 1),
        ("cp1252", b"Code;Libell\xe9;Montant;Jour\nA1;\x81;1;\n", 2),
        ("utf-16", GOOD.encode("utf-16-le"), 1),
        ("utf-8", b"\xff\xfe" + GOOD.encode("utf-16-le"), 1),
        ("cp1252", b"\xef\xbb\xbf" + GOOD.encode(), 1),
        ("utf-16", b"\xff\xfe" + GOOD.encode("utf-16-le") + b"\n", 4),
        ("utf-8", (HEADER + "A1;x;1;\nA2;a\0b;1;\n").encode(), 3),
        ("cp1252", (HEADER + "A1;x;1;\nA2;a\0b;1;\n").encode("cp1252"), 3),
    ],
)
def test_another_encoding_is_refused_with_its_line(depot: Depot, declared, content, line):
    depot.declare(kind=kind(encoding=declared))
    refused = refusal(depot, content)
    assert (refused.code, refused.ligne, refused.fichier) == ("FIC-ENCODAGE", line, "export.csv")


def test_utf_8_in_place_of_cp1252_is_seen_far_into_the_file(depot: Depot):
    depot.declare(kind=kind(encoding="cp1252"), fields=[{"name": "code", "title": "Code"}])
    content = b"Code\n" + b"abc\n" * 100 + "été\n".encode()
    assert refusal(depot, content).code == "FIC-ENCODAGE"
    with pytest.raises(DeliveryRefused, match="FIC-ENCODAGE"):
        list(csv_file._decoded(io.BytesIO(content), "export.csv", "cp1252", 64))
    assert depot.csv(b"Code\n" + b"abc\n" * 100 + "été\n".encode("cp1252")).column("code")[-1] == "été"


@pytest.mark.parametrize(("length", "is_long"), [(1 << 20, False), (1 << 21, True)])
def test_a_line_of_megabytes_is_left_to_the_reader_whose_memory_is_bounded(depot: Depot, tmp_path, length, is_long):
    fmt = depot.declare(kind=kind()).of(2020).export.format
    path = tmp_path / "export.csv"
    path.write_text(GOOD + ";" * (length - len(GOOD)) + "\n" + GOOD, encoding="utf-8")
    assert csv_file._as_it_is(path, path.name, fmt).long_lines == is_long


@pytest.mark.parametrize("chunk", [7, 16, 33])
def test_the_size_of_the_chunks_changes_nothing(chunk):
    content = b"\xff\xfe" + GOOD.replace("\n", "\r\n").encode("utf-16-le")
    read = csv_file._decoded(io.BytesIO(content), "export.csv", "utf-16", chunk)
    assert "".join(csv_file._unix_lines(text for _, text in read)) == GOOD


def test_mixed_line_ends(depot: Depot):
    depot.declare()
    read = depot.csv(HEADER + "A1;x;1;\r\nA2;y;2;\rA3;z;3;\n")
    assert (read.column("code"), read.column("_ligne")) == (["A1", "A2", "A3"], [2, 3, 4])


@pytest.mark.parametrize("space", [" ", "\u00a0", "\u202f", "\u2009"])
@pytest.mark.parametrize("minus", ["-", "\u2212"])
def test_french_numbers(depot: Depot, space, minus):
    depot.declare()
    read = depot.csv(HEADER + f"A1;x;{minus}1{space}234{space}567,5;\nA2;x; 12{space};\n")
    assert read.column("montant") == [Decimal("-1234567.50"), Decimal("12.00")]


def test_titles_above_and_totals_below(depot: Depot):
    depot.declare(
        kind=kind(title="exercice {exercice}"),
        table={"ignore": [{"column": "code", "pattern": "(?i)total.*", "sums": ["montant"]}]},
    )
    read = depot.csv(
        "Liste des comptes\n\nÉtat de l’exercice 2020;;;\n"
        + HEADER
        + "A1;x;1 000,50;\nA2;x;2,00;\n;;;\nTotal général;;1 002,50;\nTOTAL;;999;\n"
    )
    assert read.counts == (9, 2, 0, 7)
    assert read.ignored == [
        (1, "titre"),
        (2, "ligne vide"),
        (3, "titre"),
        (4, "en-tête"),
        (7, "ligne vide"),
        (8, "total"),
        (9, "total"),
    ]
    totals = read.manifest.tables["lignes"].totals
    assert [(t["ligne"], t["annonce"], t["recalcule"], t["ok"]) for t in totals] == [
        (8, "1002.50", "1002.50", True),
        (9, "999.00", "1002.50", False),
    ]


def test_a_misshapen_total_is_a_total_and_an_unreadable_one_is_wrong(depot: Depot):
    depot.declare(
        table={"ignore": [{"column": "code", "pattern": "(?i)total", "sums": ["montant"], "counts": ["libelle"]}]}
    )
    read = depot.csv(HEADER + "A1;x;1,00;\nA2;x;oups;\nTotal;2 lignes\nTotal;;environ 3;\nTotal;3;1,004;\n")
    assert read.counts == (6, 1, 1, 4)
    found = {(t["kind"], t["ligne"]): (t["annonce"], t["ok"]) for t in read.manifest.tables["lignes"].totals}
    assert found == {
        ("sums", 5): ("illisible", False),
        ("sums", 6): ("illisible", False),
        ("counts", 4): ("2", True),  # a refused line is a line
        ("counts", 6): ("3", False),
    }


def test_the_title_proves_the_exercice(depot: Depot):
    depot.declare(kind=kind(title="exercice {exercice}"))
    assert refusal(depot, "exercice 2019\n" + GOOD).code == "FIC-EXERCICE"
    assert refusal(depot, GOOD).code == "FIC-EXERCICE"
    assert values(depot.csv("exercice 2020\n" + GOOD)) == ROWS


def test_quoted_line_breaks_keep_the_physical_lines(depot: Depot):
    depot.declare()
    read = depot.csv(HEADER + 'A1;"deux\nlignes";1;\nA2;x;2;\nA3;"trois\r\nautres\nlignes";oups;\nA4;"un ""mot""";4;\n')
    assert read.column("_ligne") == [2, 4, 8]
    assert read.column("libelle") == ["deux\nlignes", "x", 'un "mot"']
    assert [(r["_ligne"], r["colonne"], r["regle"]) for r in read.refused] == [(5, "Montant", "LIG-TYPE")]


@pytest.mark.parametrize("tail", ["", "\n", "\n\n", "\r\n"])
def test_the_last_line_counts_with_or_without_its_line_end(depot: Depot, tail):
    depot.declare()
    assert depot.csv(HEADER + "A1;x;1;\nA2;x;2;" + tail).column("code") == ["A1", "A2"]


def test_short_long_and_blank_lines(depot: Depot):
    depot.declare()
    read = depot.csv(HEADER + "A1;x;1;\n\nA2;x\nA3;x;3;;;\nA4;x;4;;y\n   \n;;;\nA5;x;5;\n")
    assert read.column("code") == ["A1", "A3", "A5"]
    assert [(r["_ligne"], r["regle"], r["attendu"], r["recu"]) for r in read.refused] == [
        (4, "LIG-COLONNES", "4 cellules", "2 cellules"),
        (6, "LIG-COLONNES", "4 cellules", "5 cellules"),
    ]
    assert [line for line, reason in read.ignored if reason == "ligne vide"] == [3, 7, 8]


def test_superfluous_delimiters_do_not_depend_on_the_other_lines(depot: Depot):
    depot.declare()
    lines = "A1;x;1;;\nA2;y;2;;;\n"
    assert depot.csv(HEADER + lines).column("code") == ["A1", "A2"]
    assert depot.csv(HEADER + lines + "\n").column("code") == ["A1", "A2"]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('A1;x;1;\nA2;"jamais fermé;2;\nA3;x;3;\n', 3),
        ('A1;"x" y;1;\n', 2),
        ('A1;"x;1;\nA2;y;2;"\nA3;z;3;\n', 2),  # closes further down: it would swallow a line
    ],
)
def test_a_stray_quote_never_swallows_the_file(depot: Depot, content, line):
    depot.declare()
    refused = refusal(depot, HEADER + content)
    assert (refused.code, refused.ligne) == ("FIC-GUILLEMETS", line)


@pytest.mark.parametrize(
    ("content", "line", "spanned"),
    [
        ('A1;"x;1;\nA2;y;2;\nA3;z";3;\n', 2, "lignes 2 à 4 du fichier (3 lignes), lues comme une seule"),
        ('A1;"x;1;\nA2;y";2;\nA3;z;3;\n', 2, "lignes 2 à 3 du fichier (2 lignes), lues comme une seule"),
        ('A0;x;1;\nA1;"x\nA2;y;2;01/02/2020\nz";3;\n', 3, "lignes 3 à 5 du fichier (3 lignes), lues comme une seule"),
        ('A1;"x;1;\nA2;y;2;\n\nA4;z";3;\n', 2, "lignes 2 à 5 du fichier (4 lignes), lues comme une seule"),
    ],
)
def test_a_quote_that_closes_too_late_refuses_the_record_with_those_that_it_swallows(
    depot: Depot, content, line, spanned
):
    depot.declare()
    read = depot.csv(HEADER + content + "A9;;9;\n")
    assert [(r["_ligne"], r["regle"], r["colonne"], r["recu"]) for r in read.refused] == [
        (line, "LIG-GUILLEMETS", "Libellé", spanned)
    ]
    assert read.column("code")[-1] == "A9" and not {"A1", "A2"} & set(read.column("code"))


@pytest.mark.parametrize(
    "text",
    [
        "12; rue du Port; bâtiment B\n94310; Orly; France; Europe\nescalier C",
        "a;b\nc\nd;e",
        "Bonjour,\n\nvoir la pièce;\nmerci ; à bientôt ; bonne journée ; moi\n",
        "\n;\n",
    ],
)
def test_a_text_of_several_lines_is_one_cell(depot: Depot, text):
    depot.declare()
    read = depot.csv(HEADER + f'A1;"{text}";1;\nA2;x;2;\n')
    assert read.column("libelle") == [text, "x"] and read.refused == []


def test_text_of_web_pages_over_several_lines_is_one_cell(depot: Depot):
    depot.declare(kind=kind(html=True))
    read = depot.csv(HEADER + 'A1;"&lt;p&gt;x&amp;\n&lt;p&gt;y&amp;z\n&lt;p&gt;";1;\n')
    assert read.column("libelle") == ["<p>x&\n<p>y&z\n<p>"]


def test_a_quote_inside_a_cell_is_text(depot: Depot):
    depot.declare()
    assert depot.csv(HEADER + 'A1;écran 24" plat;1;\nA2;5" x 7";2;\n').column("libelle") == [
        'écran 24" plat',
        '5" x 7"',
    ]


@pytest.mark.parametrize("cell", [' "x"', '"x" '])
def test_spaces_around_quotes_read_the_same_in_a_regular_and_an_irregular_file(depot: Depot, cell):
    depot.declare()

    def outcome(content):
        try:
            return depot.csv(content).column("libelle")[:1]
        except DeliveryRefused as refused:
            return refused.code

    assert outcome(HEADER + f"A1;{cell};1;\n") == outcome(HEADER + f"A1;{cell};1;\n\n")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "FIC-VIDE"),
        (b"\n\n  \n", "FIC-VIDE"),
        (b"\xef\xbb\xbf", "FIC-VIDE"),
        (b"<!DOCTYPE html><html><body>Session expir\xc3\xa9e</body></html>", "FIC-NATURE"),
        (b"\xef\xbb\xbf  <HTML>", "FIC-NATURE"),
        (b'<?xml version="1.0"?><a/>', "FIC-NATURE"),
        (b"PK\x03\x04....", "FIC-NATURE"),
        (b"%PDF-1.7", "FIC-NATURE"),
        (b"\x1f\x8b\x08", "FIC-NATURE"),
        (b"7z\xbc\xaf\x27\x1c", "FIC-NATURE"),
        (b"Rar!\x1a\x07", "FIC-NATURE"),
        (b"\xd0\xcf\x11\xe0", "FIC-NATURE"),
        (b"Autre;Chose\n1;2\n", "FIC-ENTETE"),
        (b"Code,Libell\xc3\xa9,Montant,Jour\nA1,x,1,\n", "FIC-ENTETE"),
        ("Code;Libellé;Montant\nA1;x;1\n".encode(), "FIC-ENTETE"),
        ("Code;Libellé;Montant;Date\nA1;x;1;\n".encode(), "FIC-ENTETE"),
        (b"A1;x;1;\nA2;x;2;\n", "FIC-ENTETE"),
        ("Code;Libellé;Montant;Jour;montant\nA1;x;1;;2\n".encode(), "FIC-COLONNE-DOUBLE"),
    ],
)
def test_another_kind_of_file_is_refused(depot: Depot, content, code):
    depot.declare()
    assert refusal(depot, content).code == code


def test_a_file_that_starts_with_many_blank_lines_is_not_empty(depot: Depot):
    depot.declare()
    assert depot.csv("\n" * 30 + GOOD).column("_ligne") == [32, 33]


def test_the_missing_headings_are_named(depot: Depot):
    depot.declare()
    refused = refusal(depot, "Titre\nCode;Libellé;Solde;Jour\nA1;x;1;\n")
    assert refused.ligne == 2
    assert refused.attendu == "colonnes manquantes : Montant"
    assert "3 colonnes reconnues sur 4 ; les autres : Solde" in refused.sentence(rules())


def test_a_heading_that_may_be_a_person_or_a_line_of_data_is_not_shown(depot: Depot):
    depot.declare()
    assert refusal(depot, "Code;Libellé;Awa DIOP;Jour\nA1;x;1;\n").recu == "3 colonnes reconnues sur 4 ; les autres : *"
    assert refusal(depot, "Jour;Awa;Diop;Thiais\nA1;x;1;\n").recu == "1 colonne reconnue sur 4"


def test_headings_are_found_by_name(depot: Depot):
    depot.declare()
    read = depot.csv(" JOUR ;Inconnue;\u00a0montant;LIBELLE\u0301;code\n03/02/2020;?;1;x;A1\n")
    assert values(read) == [("A1", "x", Decimal("1.00"), dt.date(2020, 2, 3))]


def test_a_header_only_file_has_no_row(depot: Depot):
    depot.declare()
    for content in (HEADER, HEADER.rstrip("\n"), HEADER + "\n"):
        assert depot.csv(content).rows == []


def test_the_header_of_the_year(depot: Depot):
    depot.declare(
        table={
            "header": {
                2018: {"code": "REF", "montant": "MT"},
                2020: {"code": "Référence", "libelle": "Objet"},
            }
        }
    )
    old = depot.csv("REF;MT\nA1;5\n", exercice=2019)
    new = depot.csv("Objet;Référence\nx;A1\n", exercice=2020)
    assert values(old) == [("A1", None, Decimal("5.00"), None)]
    assert values(new) == [("A1", "x", None, None)]
    assert old.column("exercice") == [2019]


@pytest.mark.parametrize(
    "name", ["a[1].csv", "x*.csv", "it's.csv", 'guille"met.csv', "é ’ espace.csv", "annee=2019.csv"]
)
def test_strange_file_names(depot: Depot, name):
    depot.declare()
    depot.drop(HEADER + "PIEGE;x;1;\n", "a1.csv")
    read = depot.csv(GOOD, name)
    assert values(read) == ROWS
    assert set(read.column("_fichier")) == {name}


def test_a_home_whose_path_is_a_glob_or_a_partition(tmp_path):
    for name in ("h[1]", "montant=9", "q?", "l'été"):
        decoy = Depot(tmp_path / "h1") if (tmp_path / "h1").mkdir(exist_ok=True) is None else None
        decoy.declare()
        decoy.csv(GOOD.replace("A1", "LEURRE"))
        (tmp_path / name).mkdir()
        depot = Depot(tmp_path / name)
        depot.declare()
        assert values(depot.csv(GOOD)) == ROWS
        assert values(depot.csv(GOOD + "\nA3\n"))[:2] == ROWS


def test_several_files_make_one_delivery(depot: Depot):
    depot.declare(table={"ignore": [{"column": "code", "pattern": "Total", "sums": ["montant"]}]})
    one = depot.drop(HEADER + "A1;x;1;\nTotal;;1;\n", "1.csv")
    two = depot.drop(HEADER + "A1;x;2;\n\nA2;x;oups;\nTotal;;2,01;\n", "2.csv")
    read = depot.ingest(one, two)
    assert read.counts == (8, 2, 1, 5)
    assert [(r["_fichier"], r["_ligne"]) for r in read.rows] == [("1.csv", 2), ("2.csv", 2)]
    assert [(t["annonce"], t["recalcule"], t["ok"]) for t in read.manifest.tables["lignes"].totals] == [
        ("1.00", "1.00", True),
        ("2.01", "2.00", False),
    ]


def test_one_bad_file_refuses_the_delivery_and_names_it(depot: Depot):
    depot.declare()
    good, bad = depot.drop(GOOD, "1.csv"), depot.drop("rien", "2.csv")
    with pytest.raises(DeliveryRefused) as raised:
        depot.ingest(good, bad)
    assert raised.value.fichier == "2.csv"
    assert depot.lake_files() == {}


def test_line_numbers_hold_over_many_lines_and_threads(depot: Depot):
    depot.declare(fields=[{"name": "code", "title": "Code", "type": "integer", "constraints": {"required": True}}])
    lines = [str(n) if n % 50_000 else "x" for n in range(2, 300_002)]
    read = depot.csv("Code\n" + "\n".join(lines) + "\n")
    assert read.counts == (300_001, 299_994, 6, 1)
    assert all(row["code"] == row["_ligne"] for row in read.rows)
    assert [row["_ligne"] for row in read.refused] == [50_000 * n for n in range(1, 7)]


def test_any_number_of_threads_writes_the_same_bytes(depot: Depot, monkeypatch):
    depot.declare(fields=[{"name": "code", "title": "Code", "type": "integer", "constraints": {"required": True}}])
    first, second = ("Code\n" + "\n".join(map(str, range(n))) + "\n" for n in (240_000, 130_000))  # several row groups
    paths = [depot.drop(first, "1.csv"), depot.drop(second, "2.csv")]
    written = []
    for threads in ("1", "2", "8"):
        monkeypatch.setenv("MILLESIME_THREADS", threads)
        shutil.rmtree(depot.home.lake, ignore_errors=True)
        depot.ingest(*paths)
        written.append(depot.lake_files())
    assert written[0] == written[1] == written[2] != {}


def test_an_irregular_file_reads_like_a_regular_one(depot: Depot):
    depot.declare()
    regular = depot.csv(GOOD)
    irregular = depot.csv(GOOD + "\n")
    assert values(regular) == values(irregular)
    assert irregular.ignored == [*regular.ignored, (4, "ligne vide")]


def test_a_lost_line_refuses_the_delivery(depot: Depot, monkeypatch):
    depot.declare()
    monkeypatch.setattr(
        part_module.Part, "refused_lines", lambda self: f"select _ligne from {self.not_accepted} where false"
    )
    refused = refusal(depot, HEADER + "A1;x;oups;\n")
    assert refused.code == "FIC-BILAN"
    assert refused.recu == "2 lignes lues"


def test_a_very_long_cell(depot: Depot):
    depot.declare()
    assert len(depot.csv(HEADER + f"A1;{'x' * 900_000};1;\n").column("libelle")[0]) == 900_000
    assert refusal(depot, HEADER + f"A1;{'x' * 11_000_000};1;\n").code == "FIC-TAILLE"
    stray = HEADER + 'A1;"x;1;\n' + "A1;x;1;\n" * 200_000  # the quote takes all that follows
    assert refusal(depot, stray).code == "FIC-GUILLEMETS"


def test_a_field_may_have_a_reserved_name(depot: Depot):
    fields = [{"name": name, "title": name} for name in ("order", "select", "ligne", "rowid", "c0", "brut")]
    depot.declare(fields=fields, table={"ignore": [{"column": "order", "pattern": "Total"}]})
    read = depot.csv("order;select;ligne;rowid;c0;brut\n1;2;3;4;5;6\nTotal;;;;;\n\n")
    assert [read.rows[0][f["name"]] for f in fields] == list("123456")


def test_the_fixture_declares_what_the_tests_say():
    assert [field["title"] for field in FIELDS] == HEADER.strip().split(";")


# what a tool adds ------------------------------------------------------------


@pytest.mark.parametrize("header_mark", ["", ";"])
@pytest.mark.parametrize("line_mark", ["", ";"])
def test_a_delimiter_may_end_every_line_the_header_or_none(depot: Depot, header_mark, line_mark):
    depot.declare()
    content = GOOD.replace("\n", f"{line_mark}\n").replace(f"Jour{line_mark}\n", f"Jour{header_mark}\n")
    read = depot.csv(content)
    assert values(read) == ROWS
    assert read.counts == (3, 2, 0, 1)


def test_a_delimiter_more_does_not_hide_a_cell_too_many_or_too_few(depot: Depot):
    depot.declare()
    read = depot.csv(HEADER.replace("\n", ";\n") + "A1;a;1;03/02/2020;\nA2;b;1\nA3;c;1;03/02/2020;;x\n")
    assert read.column("code") == ["A1"]
    assert [(r["_ligne"], r["regle"], r["recu"]) for r in read.refused] == [
        (3, "LIG-COLONNES", "3 cellules"),
        (4, "LIG-COLONNES", "6 cellules"),
    ]


def test_cells_that_hold_what_a_web_page_holds(depot: Depot):
    content = HEADER + '"A&amp;1";"l&#039;été &lt;VPN&gt; &eacute; &amp;amp;\nfin";"1&nbsp;234,50";03/02/2020\n'
    depot.declare(kind=kind(html=True))
    read = depot.csv(content)
    assert values(read) == [("A&1", "l'été <VPN> é &amp;\nfin", Decimal("1234.50"), dt.date(2020, 2, 3))]
    depot.declare()
    assert depot.csv(content).counts == (2, 0, 1, 1)  # a tool that does not is read as it is: no number here


def test_optional_column_may_be_there_or_not(depot: Depot):
    depot.declare(table={"optional": ["montant", "jour"]})
    assert values(depot.csv(GOOD)) == ROWS
    assert values(depot.csv("Code;Libellé;Jour\nA1;a;03/02/2020\n")) == [("A1", "a", None, dt.date(2020, 2, 3))]
    refused = refusal(depot, "Code;Montant\nA1;1\n")
    assert (refused.code, refused.attendu) == ("FIC-ENTETE", "colonnes manquantes : Libellé")


def test_what_optional_columns_the_files_lack_is_known(depot: Depot):
    """Of two files one may hold it: the lines of the other are counted."""
    depot.declare(table={"optional": ["montant", "jour"]})
    assert counted(depot, GOOD).sans_champ == {}
    alone = counted(depot, "Code;Libellé;Jour\nA1;a;03/02/2020\nA2;b;03/02/2020\n")
    assert (alone.sans_champ, alone.lacking) == ({"montant": 2}, ["montant"])
    none = counted(depot, "Code;Libellé;Jour\n")
    assert (none.acceptees, none.lacking) == (0, [])
    both = counted(depot, GOOD, "Code;Libellé;Jour\nA8;a;03/02/2020\nA9;b;03/02/2020\n")
    assert (both.sans_champ, both.lacking) == ({"montant": 2}, [])


def counted(depot: Depot, *contents: str) -> TableCounts:
    """What became of a delivery of several files."""
    paths = [depot.drop(content, f"fichier{rank}.csv") for rank, content in enumerate(contents)]
    return depot.ingest(*paths).manifest.tables["lignes"]
