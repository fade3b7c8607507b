"""Reference tables: the CSV has the columns that its YAML declares, and every cell is of its column's type."""

from pathlib import Path

import pytest

from pipelines.catalogue.fields import Fields
from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.overlay import put_over
from pipelines.catalogue.reference import make_reference, reference_things
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.settings import Home

DECLARED = """\
table: jours
description: Des jours.
fields:
  - {name: code, description: Code.}
  - {name: rang, type: integer, description: Rang.}
  - {name: annee, type: year, description: Année.}
  - {name: ouvert, type: boolean, description: Ouvert.}
  - {name: jour, type: date, description: Jour.}
"""
HEADER = "code,rang,annee,ouvert,jour\n"
LINE = '"a,\nb",-1,2020,true,2020-02-29\n'  # lines 2 and 3


def layer(folder: Path, rows: str | bytes | None = HEADER + LINE, declared: str | None = DECLARED) -> Path:
    reference = folder / "catalogue" / "reference"
    reference.mkdir(parents=True)
    if declared is not None:
        (reference / "jours.yml").write_text(declared, encoding="utf-8")
    if rows is not None:
        (reference / "jours.csv").write_bytes(rows if isinstance(rows, bytes) else rows.encode())
    return folder


def read(folder: Path):
    return [make_reference(thing, Fields()) for thing in reference_things(folder)]


def test_a_right_table_is_read(tmp_path):
    (reference,) = read(layer(tmp_path))
    assert [(c.name, c.sql_type) for c in reference.fields] == [
        ("code", "VARCHAR"),
        ("rang", "BIGINT"),
        ("annee", "INTEGER"),
        ("ouvert", "BOOLEAN"),
        ("jour", "DATE"),
    ]


def test_an_empty_cell_is_of_every_type(tmp_path):
    assert read(layer(tmp_path, HEADER + ",,,,\n"))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a,1_0,2020,true,2020-01-01", "jours.csv:4 rang: « 1_0 » n’est pas du type integer"),
        ("a,1.0,2020,true,2020-01-01", "jours.csv:4 rang: « 1.0 » n’est pas du type integer"),
        ("a,1,20,true,2020-01-01", "jours.csv:4 annee: « 20 » n’est pas du type year"),
        ("a,1,2020,oui,2020-01-01", "jours.csv:4 ouvert: « oui » n’est pas du type boolean"),
        ("a,1,2020,true,2020-02-30", "jours.csv:4 jour: « 2020-02-30 » n’est pas du type date"),
        ("a,1,2020,true,30/01/2020", "jours.csv:4 jour: « 30/01/2020 » n’est pas du type date"),
        ("a,1,2020,true", "jours.csv:4 cellules : 4, et non 5"),
        (
            'a,1,2020,true,"2020-01-01',
            "jours.csv:4 cette ligne est illisible : des guillemets mal placés, ou une cellule trop longue",
        ),
    ],
)
def test_a_bad_cell_is_refused_with_file_line_and_column(tmp_path, line, said):
    with pytest.raises(DeclarationError) as raised:
        read(layer(tmp_path, HEADER + LINE + line + "\n"))
    assert str(raised.value).endswith(said)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            {"rows": "rang,code,annee,ouvert,jour\n"},
            "jours.csv:1 la première ligne attendue est code,rang,annee,ouvert,jour",
        ),
        ({"rows": ""}, "jours.csv:1 la première ligne attendue est"),
        (
            {"rows": HEADER.encode() + "é,1,2020,true,2020-01-01\n".encode("cp1252")},
            "jours.csv:1 ce fichier n’est pas un texte en UTF-8",
        ),
        ({"rows": None}, "jours.yml:1 : il manque à côté jours.csv"),
        ({"declared": None}, "jours.csv:1 : il manque à côté jours.yml"),
        ({"declared": DECLARED.replace("jours\n", "mois\n", 1)}, "jours.yml:1 table: « jours » est attendu"),
        ({"declared": DECLARED.replace("integer", "number")}, "jours.yml:5 fields.1.type"),
    ],
)
def test_a_table_that_is_not_as_declared_is_refused(tmp_path, files, said):
    with pytest.raises(DeclarationError) as raised:
        read(layer(tmp_path, **files))
    assert said in str(raised.value)


def test_a_home_switches_a_table_off_without_rows_and_replaces_it_whole(tmp_path):
    shipped = layer(tmp_path / "shipped")
    off = layer(tmp_path / "off", None, "table: jours\nenabled: false\n")
    assert "jours" in put_over([reference_things(shipped), reference_things(off)]).off
    other = layer(
        tmp_path / "other", "code\nz\n", "table: jours\ndescription: D.\nfields: [{name: code, description: C.}]\n"
    )
    overlay = put_over([reference_things(shipped), reference_things(other)])
    assert make_reference(overlay["jours"], Fields()).rows == "code\nz\n"
    assert overlay["jours"].identity != next(reference_things(shipped)).identity


def test_the_rows_decide_the_identity(tmp_path):
    one, two = layer(tmp_path / "one"), layer(tmp_path / "two", HEADER)
    assert next(reference_things(one)).identity != next(reference_things(two)).identity


def test_what_is_shipped_is_read():
    assert {reference.table for reference in load_catalogue().references.values()} >= {"quorums", "rh_motifs"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("cadre_emplois,Adj. adm.,adjoints_administratifs", None),
        (
            "cadre_emplois,Adj. pat.,adjoints_patrimoine",
            "code: « adjoints_patrimoine » n’est pas connu ; vouliez-vous dire « adjoints_du_patrimoine » ?",
        ),
        ("statut,Fonct. CNRACL,titulair", "code: « titulair » n’est pas connu ; vouliez-vous dire « titulaire » ?"),
        ("cadre_emploi,Adj. adm.,adjoints_administratifs", "nomenclature: « cadre_emploi » n’est pas connu"),
        ("depart,Parti,demission", None),
    ],
)
def test_a_word_that_a_home_adds_means_a_code_that_exists(tmp_path, line, said):
    path = tmp_path / "catalogue" / "reference" / "rh_orthographes" / "nous.csv"
    path.parent.mkdir(parents=True)
    path.write_text(f"nomenclature,orthographe,code\n{line}\n", encoding="utf-8")
    catalogue = load_catalogue(Home(tmp_path))
    if said is None:
        assert path in catalogue.references
    else:
        with pytest.raises(DeclarationError) as raised:
            _ = catalogue.references
        assert f"nous.csv:2 {said}" in str(raised.value)
