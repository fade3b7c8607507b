"""A field is described once, and that description is used wherever the field is shown."""

import functools
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from pipelines.catalogue.dbt.compose import project_files
from pipelines.catalogue.fields import Fields, Meaning, described, doc_blocks, meaning, unit_of
from pipelines.catalogue.load import Catalogue, load_catalogue
from pipelines.catalogue.needs import unsummable
from pipelines.catalogue.source_grammar import COLUMN, Field, Table
from pipelines.catalogue.sources import Registry
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.settings import shipped

FIELDS = """\
montant_eur: {title: Montant, type: number, unit: EUR, description: Montant payé.}
fct_dons.montant_eur: {description: Montant donné.}
nom: {title: Nom, personal: true, description: Nom de la personne.}
communes.nom: {personal: false, description: Nom officiel.}
"""
SYSTEM = """\
system: essai
title: Essai
owner: quelqu’un
exports:
  - name: dons
    title: Dons
    files: "*.csv"
    format: {type: csv}
    tables:
      - name: dons
        title: Dons
        header:
          2018: {montant_eur: Somme, nom: Nom du donateur}
        fields:
          - {name: montant_eur, type: number}
          - {name: nom, title: Donateur, personal: drop}
"""


def layer(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / "catalogue" / {"fields": "fields.yml", "system": "systems/essai.yml"}[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def fields_of(tmp_path: Path, text: str = FIELDS, own: str | None = None) -> Fields:
    home = layer(tmp_path / "home", fields=own) if own else None
    return Catalogue(layer(tmp_path / "shipped", fields=text), home).fields


# the look-up ------------------------------------------------------------


def test_a_table_says_only_what_differs_there(tmp_path):
    fields = fields_of(tmp_path)
    plain = Meaning(title="Montant", type="number", unit="EUR", description="Montant payé.")
    assert fields.of("fct_depenses", "montant_eur") == plain
    assert fields.of("fct_dons", "montant_eur") == plain.model_copy(update={"description": "Montant donné."})
    assert (fields.of("agents", "nom").personal, fields.of("communes", "nom").personal) == (True, False)
    assert fields.of("fct_dons", "autre") is None


def test_a_table_speaks_of_persons_by_any_of_its_columns(tmp_path):
    more = "age: {title: Âge, quasi_identifier: true, description: Âge.}\nnb: {title: Nb, persons: true, description: N.}\n"
    fields = fields_of(tmp_path, FIELDS + more)
    assert all(fields.speak_of_persons("dons", ["montant_eur", one]) for one in ("nom", "age", "nb"))
    assert not fields.speak_of_persons("communes", ["nom", "montant_eur", "inconnue"])


@pytest.mark.parametrize(
    ("column", "unit"),
    [("eur_total_eur", "EUR"), ("eur_total", None), ("part_pct", "%"), ("eur", "EUR"), ("jours", "jour")],
)
def test_the_end_of_a_name_gives_its_unit(column, unit):
    assert unit_of(column) == unit


def test_a_home_adds_and_replaces_whole_entries(tmp_path):
    own = """\
montant_eur: {title: Somme, unit: EUR, description: Somme payée.}
fct_legs.nom: {description: Nom du testateur.}
couleur: {title: Couleur, description: Couleur du dossier.}
"""
    fields = fields_of(tmp_path, own=own)
    assert fields.of("fct_depenses", "montant_eur").type == "string"  # nothing is left of the entry that is replaced
    assert fields.of("fct_dons", "montant_eur") == Meaning(title="Somme", unit="EUR", description="Montant donné.")
    assert fields.of("fct_legs", "nom").description == "Nom du testateur."
    assert fields.of("fct_legs", "couleur").title == "Couleur"


def test_a_home_may_come_to_say_what_a_shipped_table_says(tmp_path):
    own = "montant_eur: {title: Montant, unit: EUR, description: Montant donné.}\n"
    assert fields_of(tmp_path, own=own).of("fct_dons", "montant_eur").description == "Montant donné."


# how a measure adds ------------------------------------------------------------

ADDING = """\
nb_prets: {title: Prêts, type: integer, additif: oui, description: Nombre de prêts.}
fct_stocks.nb_prets: {additif: non}
volume_go: {title: Volume, type: number, unit: Go, additif: [collectivites], description: Volume stocké.}
credits_eur: {title: Crédits, type: number, unit: EUR, additif: [collectivites, temps, ventilations], description: Crédits ouverts.}
part_pct: {title: Part, type: number, unit: "%", description: Part des prêts.}
rpt_prets.nb_prets: {chiffre: prets.nombre}
nb_inconnus: {title: Inconnus, type: integer, description: Nombre d’inconnus.}
"""


@pytest.mark.parametrize(
    ("table", "column", "text"),
    [
        ("fct_prets", "nb_prets", "Nombre de prêts. S’additionne."),
        ("fct_stocks", "nb_prets", "Nombre de prêts. Ne s’additionne pas."),
        ("fct_a", "volume_go", "Volume stocké. Ne s’additionne que d’une collectivité à l’autre."),
        (
            "fct_a",
            "credits_eur",
            "Crédits ouverts. Ne s’additionne que d’une collectivité à l’autre, d’un mois ou d’un exercice à l’autre et d’une "
            "catégorie à l’autre.",
        ),
        ("fct_a", "part_pct", "Part des prêts. Ne s’additionne pas."),
        (
            "rpt_prets",
            "nb_prets",
            "Nombre de prêts. S’additionne. Somme des lignes de détail d’un exercice : le chiffre prets.nombre.",
        ),
        ("fct_a", "nb_inconnus", "Nombre d’inconnus."),
    ],
)
def test_a_description_ends_with_how_the_number_adds(tmp_path, table, column, text):
    fields = fields_of(tmp_path, ADDING)
    assert fields.of(table, column).text == text
    assert doc(described({"name": table, "columns": [{"name": column}]}, fields), fields) == text


def doc(entry: dict, fields: Fields) -> str:
    """What dbt shows of the one column of an entry."""
    name = re.fullmatch(r"{{ doc\('(\w+)'\) }}", entry["columns"][0]["description"])[1]
    return re.search(rf"{{% docs {name} %}}\n(.*)\n{{% enddocs %}}\n", doc_blocks(fields))[1]


MODEL = {
    "data_tests": [{"unique_combination_of_columns": {"arguments": {"combination_of_columns": ["exercice", "rayon"]}}}]
}
NUMBERS = {
    "exercice": "integer",
    "rayon": "integer",
    "nb_prets": "bigint",
    "part_pct": "decimal(5, 1)",
    "nb_inconnus": "bigint",
}


@pytest.mark.parametrize(
    ("layer_of", "more", "told"),
    [
        ("rapport", {}, [("PUB-ROLE", None), ("PUB-ADDITIF", "nb_inconnus")]),
        ("rapport", {"role_ligne": "varchar"}, [("PUB-ADDITIF", "nb_inconnus")]),
        ("marts", {"libelle": "varchar"}, [("PUB-ADDITIF", "nb_inconnus")]),
        ("intermediate", {}, []),
    ],
)
def test_what_nobody_can_add_up_is_reported(tmp_path, layer_of, more, told):
    """A report table without the role of its rows, and a number without its additivity; a key is not a number."""
    root = layer(tmp_path / "shipped", fields=ADDING + "exercice: {title: A, dimension: temps, description: A.}\n")
    columns = [{"name": name, "data_type": kind} for name, kind in (NUMBERS | more).items()]
    folder = root / "dbt_project" / "models" / layer_of
    folder.mkdir(parents=True)
    (root / "dbt_project/dbt_project.yml").write_text("name: essai\n", encoding="utf-8")
    (folder / "rpt_prets.sql").write_text("select 1 as exercice\n", encoding="utf-8")
    entry = {"name": "rpt_prets", "columns": columns, **MODEL}
    (folder / "essai.yml").write_text(yaml.safe_dump({"models": [entry]}), encoding="utf-8")
    found = [(code, thing.name, column) for code, thing, column in unsummable(Catalogue(root, None))]
    assert found == [(code, "rpt_prets", column) for code, column in told]


def test_everything_shipped_says_how_it_adds():
    assert list(unsummable(catalogue())) == []


# mistakes ------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("a:\n  title: A\n  titre: A\n  description: A.\n", 3, "titre: cette clé n’existe pas ici"),
        ("a: {title: A, type: texte, description: A.}\n", 1, "type: une de ces valeurs est attendue : string"),
        ("a: {title: A, description: A}\n", 1, "description: est attendu"),
        ("a: {title: A., description: A.}\n", 1, "title: est attendu"),
        ("a: {title: A}\n", 1, "a: il manque « description »"),
        ("a: {title: A, additif: presque, description: A.}\n", 1, "additif"),
        ("a: {title: A, additif: [villes], description: A.}\n", 1, "additif"),
        ("a: {title: A, dimension: villes, description: A.}\n", 1, "dimension"),
        ("\na: {description: A.}\n", 2, "a: il manque « title »"),
        ("A-b: {title: A, description: A.}\n", 1, "« A-b » n’est ni une colonne ni table.colonne"),
        ("b_eur: {title: B, description: B.}\n", 1, "b_eur.unit: la fin du nom annonce « EUR »"),
        ("b_eur:\n  title: B\n  unit: euro\n  description: B.\n", 3, "la fin du nom annonce « EUR »"),
        ("t.a: {title: A, description: A.}\n", 1, "t.a: aucune entrée « a » ne dit ce que ce nom signifie partout"),
        ("a: {title: A, description: A.}\nt.a: {}\n", 2, "t.a: cette entrée est vide"),
        (
            "a: {title: A, description: A.}\nt.a:\n  title: B\n  description: A.\n",
            4,
            "t.a.description: répète ce que « a » dit partout",
        ),
        ("a: {title: A, description: A.}\na: {title: B, description: B.}\n", 2, "donnée deux fois"),
    ],
)
def test_a_mistake_names_file_and_line(tmp_path, text, line, says):
    with pytest.raises(DeclarationError, match=rf"(?m)shipped/catalogue/fields\.yml:{line} .*{says}"):
        fields_of(tmp_path, text)


def test_an_entry_that_is_switched_off_is_still_needed_by_that_of_a_table(tmp_path):
    with pytest.raises(
        DeclarationError, match=r"aucune entrée « montant_eur » .*home/catalogue/fields\.yml:2 le désactive"
    ):
        fields_of(tmp_path, own="\nmontant_eur: {enabled: false}\n")


# who inherits ------------------------------------------------------------


def test_a_column_of_dbt_inherits_its_description_and_nothing_else(tmp_path):
    fields = fields_of(tmp_path)
    entry = {
        "name": "fct_dons",
        "columns": [
            {"name": "montant_eur", "data_type": "decimal"},
            {"name": "nom", "description": "Le sien."},
            {"name": "x"},
            {"name": "y", "description": "{{ doc('y') }}"},
        ],
    }
    kept = yaml.safe_dump(entry)
    assert described(entry, fields)["columns"] == [
        {"name": "montant_eur", "data_type": "decimal", "description": "{{ doc('fct_dons__montant_eur') }}"},
        {"name": "nom", "description": "Le sien."},
        {"name": "x"},
        {"name": "y"},  # nothing says any more what it means
    ]
    assert yaml.safe_dump(entry) == kept
    assert described({"name": "fct_dons"}, fields) == {"name": "fct_dons"}


def test_a_home_may_say_what_a_shipped_column_means_in_its_table(tmp_path):
    fields = fields_of(tmp_path, own="fct_legs.nom: {description: Nom du testateur.}\n")
    columns = [{"name": "nom", "description": "{{ doc('nom') }}"}]
    assert doc({"name": "fct_prets", "columns": columns}, fields) == "Nom de la personne."
    assert doc(described({"name": "fct_legs", "columns": columns}, fields), fields) == "Nom du testateur."


def declared(tmp_path: Path, system: str, fields: str = FIELDS) -> Table:
    registry = Catalogue(layer(tmp_path / "shipped", fields=fields, system=system), None).registry
    ((_, table),) = registry.tables()
    return table


def test_a_declared_field_inherits_what_it_leaves_out(tmp_path):
    table = declared(tmp_path, SYSTEM, FIELDS + "essai__dons.montant_eur: {description: Somme donnée.}\n")
    amount, name = table.fields
    assert (amount.title, amount.description) == ("Montant", "Somme donnée.")
    assert (name.title, name.description) == ("Donateur", "Nom de la personne.")
    assert table.header_of(2020) == {"montant_eur": "Somme", "nom": "Nom du donateur"}


def test_a_title_that_is_the_heading_of_a_file_is_not_inherited(tmp_path):
    bare = re.sub(r" +header:\n.*\n", "", SYSTEM)
    with pytest.raises(DeclarationError, match=r"essai\.yml:13 .*fields\.0\.title: cette clé manque"):
        declared(tmp_path, bare)
    named = bare.replace("{name: montant_eur,", "{name: montant_eur, title: Montant,")
    assert declared(tmp_path, named).header_of(2020) == {"montant_eur": "Montant", "nom": "Donateur"}


# what is shipped ------------------------------------------------------------


@functools.cache
def catalogue() -> Catalogue:
    return load_catalogue()


def published() -> Iterator[tuple[str, dict]]:
    """(model, column) of what readers are promised."""
    for thing in catalogue().project.said:
        if catalogue().project.folder_of[thing.path].parts[1] in ("marts", "restreint", "rapport"):
            yield from ((thing.name, column) for column in thing.data["columns"])


def declarations() -> Iterator[tuple[str, Field]]:
    """(what ``fields.yml`` names the table, field) of every declared field."""
    registry: Registry = catalogue().registry
    for shape in registry.shapes.values():
        yield from ((shape.shape, field) for field in shape.fields)
    for system, table in registry.tables():
        if not table.shape:
            yield from ((f"{system.system}__{table.name}", field) for field in table.fields)


def kept() -> list[tuple[str, Field]]:
    return [(table, field) for table, field in declarations() if field.personal != "drop"]


def test_every_published_column_and_every_kept_field_is_described():
    columns = [(table, column["name"]) for table, column in published()]
    columns += [(table, field.name) for table, field in kept()]
    columns += [(one.table, column.name) for one in catalogue().references.values() for column in one.fields]
    assert len(columns) > 1000
    assert [f"{table}.{name}" for table, name in columns if not catalogue().fields.of(table, name)] == []


def test_entries_are_sorted_by_column():
    keys = list(catalogue().fields_declared.on)
    assert keys == sorted(keys, key=lambda key: key.rpartition(".")[::-1])


def test_no_entry_is_unused():
    """By a column of a declaration, or by a word of the composed project, of the model when a table is named."""
    files = {Path(path).stem: text for path, text in project_files(catalogue()).items() if path.endswith(".sql")}
    words = {name: set(re.findall(r"\w+", text)) for name, text in files.items()}
    listed: dict[str, set[str]] = {}
    for table, column in published():
        listed.setdefault(table, set()).add(column["name"])
    for table, field in declarations():
        listed.setdefault(table, set()).add(field.name)
    for one in catalogue().references.values():
        listed[one.table] = {column.name for column in one.fields}
    everywhere = {COLUMN.name}.union(*words.values(), *listed.values())
    loaded = {thing.data["table"]["name"] for thing in catalogue().project.sources}

    def is_used(key: str) -> bool:
        table, _, column = key.rpartition(".")
        if table in listed:
            return column in listed[table]
        return column in (words[table] if table in words else everywhere) if table in {"", *words, *loaded} else False

    assert [key for key in catalogue().fields.entries if not is_used(key)] == []


def test_types_are_those_of_the_columns():
    families = {"year": "integer"}
    kinds = {"varchar": "string", "bigint": "integer", "decimal": "number", "timestamp": "datetime"}
    wrong = []
    for table, column in published():
        kind = column["data_type"].partition("(")[0]
        said = catalogue().fields.of(table, column["name"]).type
        if families.get(said, said) != kinds.get(kind, kind):
            wrong.append(f"{table}.{column['name']}: {said}, not {kind}")
    for table, field in kept():
        said = catalogue().fields.of(table, field.name).type
        if families.get(said, said) != families.get(field.kept_type, field.kept_type):
            wrong.append(f"{table}.{field.name}: {said}, not {field.kept_type}")
    assert wrong == []


def test_a_declaration_says_what_becomes_of_personal_fields_and_of_no_others():
    wrong = [
        f"{table}.{field.name}"
        for table, field in kept()
        if catalogue().fields.of(table, field.name).personal != (field.personal not in (None, "member"))
    ]
    assert wrong == []


def test_a_published_name_has_one_meaning():
    """A word that means one thing here and another there is qualified, but in ``chiffres``, where it is the figure's."""
    words = {"sens", "nature", "categorie", "statut", "code", "type", "libelle"}
    assert [(table, c["name"]) for table, c in published() if c["name"] in words and table != "chiffres"] == []


def test_a_monthly_table_bears_the_month_and_its_first_day():
    kinds: dict[str, dict[str, str]] = {}
    for table, column in published():
        kinds.setdefault(table, {})[column["name"]] = column["data_type"]
    monthly = [names for names in kinds.values() if {"mois", "date_mois"} & {*names}]
    assert len(monthly) > 10 and {(names.get("mois"), names.get("date_mois")) for names in monthly} == {
        ("integer", "date")
    }


def test_two_columns_of_a_published_table_never_have_the_same_title():
    titles = Counter((table, catalogue().fields.of(table, column["name"]).title) for table, column in published())
    assert [place for place, count in titles.items() if count > 1] == []


def test_nothing_shipped_repeats_what_fields_say():
    root = shipped()
    again = []
    for thing in [*catalogue().project.said, *catalogue().project.sources]:
        entry = thing.data.get("table", thing.data)
        for column in entry.get("columns") or []:
            said = catalogue().fields.of(entry["name"], column["name"])
            if said and column.get("description") == said.description:
                again.append(f"{thing.place} {column['name']}")
        assert described(entry, catalogue().fields) == entry, "the checkout's project must read as a home's does"
    for path in sorted(root.glob("catalogue/shapes/*.yml")) + sorted(root.glob("catalogue/reference/*.yml")):
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        again += _again(path, path.stem, data["fields"], titles=False)
    for thing in catalogue().systems:
        tables = [table for export in thing.data["exports"] for table in export["tables"] if "shape" not in table]
        for table in tables:
            again += _again(thing.path, f"{thing.name}__{table['name']}", table["fields"], titles="header" in table)
    assert again == []


def _again(path: Path, table: str, fields: list[dict], *, titles: bool) -> Iterator[str]:
    for field in fields:
        said = catalogue().fields.of(table, field["name"])
        if said and (field.get("description") == said.description or (titles and field.get("title") == said.title)):
            yield f"{path.name} {table}.{field['name']}"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"title": "Agents", "description": "Les agents payés."}, "Les agents payés."),
        ({"title": " Prix TTX"}, "Prix TTX."),
        ({"title": "Agents."}, "Agents."),
    ],
)
def test_a_field_without_a_description_is_described_by_its_title_as_a_sentence(said: dict[str, str], expected: str):
    assert meaning(Field.model_validate({"name": "un_champ", **said})) == expected


def test_what_ingest_adds_has_no_meaning_of_its_own():
    assert meaning(object()) is None
