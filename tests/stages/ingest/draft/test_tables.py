"""The draft of a table of a shape asks for the fields that figures and tables of the report need."""

import pytest

from pipelines.catalogue.load import Catalogue, load_catalogue
from pipelines.catalogue.source_grammar import Shape
from pipelines.stages.ingest.draft.column import Guess
from pipelines.stages.ingest.draft.layout import Column
from pipelines.stages.ingest.draft.sample import Sample
from pipelines.stages.ingest.draft.shape_table import match_headings, needs_of_shape
from pipelines.stages.ingest.draft.source import Request, draft_source


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return load_catalogue()


def todo(catalogue: Catalogue, shape: str, *rows: str) -> list[str]:
    """What is left to decide of the table, drafted from these rows."""
    cells = [(number, row.split(";")) for number, row in enumerate(rows, start=1)]
    needs = needs_of_shape(catalogue, shape)
    draft = draft_source(
        [Sample("essai_2024.csv", "csv", cells)], Request("essai", shape), catalogue.registry, needs=needs
    )
    return [line.partition("# TODO ")[2] for line in draft.declaration.splitlines() if "# TODO" in line]


@pytest.mark.parametrize(
    ("shape", "fields", "without"),
    [
        ("acces_distants", "horodatage_utc", "infrastructure.teletravail.pic_simultane"),
        ("agents", "cadre_emplois", "rh.effectif_filiere.{filiere}.titulaire"),
        ("tickets", "entite", "rpt_assistance__tickets_collectivites"),
        ("boites", "domaine", "rpt_activite__stockage_messagerie"),
        ("travaux_edition", "nature", "infrastructure.editique.bulletins_imprimes"),
    ],
)
def test_every_shape_knows_what_is_needed_of_it(shipped: Catalogue, shape: str, fields: str, without: str) -> None:
    (need,) = [need for need in needs_of_shape(shipped, shape) if fields in need.fields]
    assert need.without.startswith(without)
    required = {field.name for field in shipped.registry.shapes[shape].fields if field.constraints.required}
    assert not required & set(need.fields)  # what is required is requested anyway


def test_what_no_column_gives_is_asked_for(shipped: Catalogue) -> None:
    asked = todo(shipped, "acces_distants", "Identifiant;Poste", "a1;P1", "a2;P2")
    assert [text.partition(" :")[0] for text in asked if "quelle colonne ? Sans elle" in text] == [
        "horodatage_utc (Date et heure) ou horodatage_local (Date et heure locales) ou debut_utc (Début) ou "
        "debut_local (Début local)"
    ]


def test_one_of_those_that_serve_alike_is_enough(shipped: Catalogue) -> None:
    rows = ("Identifiant;Date et heure locales", "a1;03/05/2024 10:00", "a2;04/05/2024 11:00")
    assert not any("Sans elle" in text for text in todo(shipped, "acces_distants", *rows))


def test_headings_that_nobody_gave_yet_are_listed_to_decide(shipped: Catalogue) -> None:
    asked = todo(shipped, "comptes", "N° compte / Login;Nom;Couleur", "m.durand;DURAND;bleu", "p.leroy;LEROY;vert")
    listed = "[N° compte / Login, Couleur]"
    assert f"laissé de côté : {listed}. Un champ de la forme parmi eux ?" in asked
    assert any(text.startswith(f"quelle colonne, parmi {listed} ? D’ici là, tout fichier est refusé") for text in asked)


PRINTED = "Date;Collectivité;Nature;Documents;Couleur"


def written(catalogue: Catalogue, *rows: str) -> list[str]:
    """What the draft says of how this tool writes the fields of the shape."""
    cells = [(number, row.split(";")) for number, row in enumerate((PRINTED, *rows), start=1)]
    draft = draft_source(
        [Sample("essai_2024.csv", "csv", cells)], Request("essai", "travaux_edition"), catalogue.registry
    )
    lines = draft.declaration.partition("header:")[2].splitlines()
    return [line.strip() for line in lines if line.strip().startswith(("- {name:", "# TODO"))]


def test_how_a_tool_writes_a_field_is_said_only_where_the_shape_writes_it_otherwise(shipped: Catalogue) -> None:
    flag = "- {name: est_couleur, trueValues: [O], falseValues: [N]}"
    assert written(shipped, "2024-05-03;Orly;Factures;3;O", "2024-05-04;Sucy;Courriers;4;N") == [flag]
    date, nature, colour = written(shipped, "03/05/2024;Orly;Lettres;3;O", "14/05/2024;Sucy;Affiches;4;N")
    assert (date, colour) == ('- {name: date_travail, format: "%d/%m/%Y"}', flag)
    assert "répond chacun de [Affiches, Lettres] ?" in nature and "Factures" in nature


def test_a_moment_in_the_place_of_a_day_has_its_format_and_words_that_are_no_flag_are_asked_about(shipped) -> None:
    rows = ("2024-05-03 10:15:00;Orly;Factures;3;Quadri", "2024-05-04 11:00:00;Sucy;Courriers;4;Noir")
    assert written(shipped, *rows) == [
        '- {name: date_travail, format: "%Y-%m-%d %H:%M:%S"}',
        "# TODO est_couleur : donner trueValues et falseValues ([Noir, Quadri]), sinon toute ligne est refusée",
    ]


def test_a_flag_keeps_its_words_beside_cells_that_say_nothing(shipped: Catalogue) -> None:
    rows = ("2024-05-03;Orly;Factures;3;O", "2024-05-04;Sucy;Courriers;4;N", "2024-05-05;Sucy;Factures;4;NC")
    (said,) = written(shipped, *rows)
    assert said.startswith("- {name: est_couleur, trueValues: [O], falseValues: [N]}") and "« NC »" in said


KINDS = {  # type as the cells seem to be → those cells, and the types of the fields that they may give
    "integer": (["3", "4"], {"integer", "number", "year", "string", "boolean"}),
    "number": (["3,5"], {"integer", "number", "year", "string"}),
    "year": (["2024"], {"integer", "number", "year", "string"}),
    "date": (["2024-05-03"], {"date", "datetime"}),
    "datetime": (["2024-05-03 10:15:00"], {"date", "datetime"}),
    "boolean": (["oui", "non"], {"boolean"}),
    "string": (["Noir", "Quadri"], {"string", "boolean"}),
}


def taking(catalogue: Catalogue, cells: list[str], kind: str) -> set[str]:
    """The types of the fields that a column with these cells, which seem to be of a kind, is proposed for."""
    found = set()
    for asked in ("integer", "number", "year", "string", "boolean", "date", "datetime"):
        fields = [{"name": "valeur", "title": "Valeur", "type": asked}]
        shape = Shape.model_validate({"shape": "essai", "title": "Essai", "description": "Un essai.", "fields": fields})
        if match_headings([Column("Valeur", 0, cells, Guess(kind))], shape, catalogue.registry)[0]:
            found.add(asked)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_is_proposed_for_the_types_that_its_cells_may_have(shipped: Catalogue, kind: str) -> None:
    """A number with decimals for whole ones too: typing refuses what does not fit, line by line."""
    cells, expected = KINDS[kind]
    assert taking(shipped, cells, kind) == expected


def test_an_empty_column_may_give_a_date_or_a_text(shipped: Catalogue) -> None:
    assert taking(shipped, ["", ""], "string") == {"date", "datetime", "string"}
