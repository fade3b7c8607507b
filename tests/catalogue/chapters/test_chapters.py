"""Mistakes in chapters are reported, and chapters name only what the warehouse and the figures have."""

import ast
import re
import string
from pathlib import Path

import pytest

from pipelines import settings
from pipelines.catalogue.dbt.generated import exposures
from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.yaml_file import DeclarationError
from tests.layers import Layer

CATALOGUE = load_catalogue()
CHAPTERS = [*CATALOGUE.printed.values()]
REPORT = settings.shipped() / "catalogue" / "report"
BLOCKS = [(chapter, section, bloc) for chapter in CHAPTERS for section in chapter.sections for bloc in section.blocs]
MINIMAL = """
id: essai
titre: Essai
sections:
  - id: partie
    titre: Partie
    blocs:
      - genre: tableau
        id: lignes
        titre: Lignes
        table: rpt_a
        lignes: {nom: a, titre: A, format: texte}
        colonnes: [{nom: b, titre: B}]
        vide: Rien.
"""


def contracts() -> dict[str, set[str]]:
    """Table of ``rapport`` → its columns, as the dbt project promises them."""
    project = CATALOGUE.project
    rapport = [thing for thing in project.said if project.folder_of[thing.path].parts[1] == "rapport"]
    return {thing.name: {column["name"] for column in thing.data["columns"]} for thing in rapport}


def columns_of(bloc) -> set[str]:
    """Every column that a block names."""
    named = {order.lstrip("-") for order in getattr(bloc, "ordre", [])} | set(getattr(bloc, "filtres", {}))
    for column in [getattr(bloc, "lignes", None), *getattr(bloc, "colonnes", []), *getattr(bloc, "details", [])]:
        named |= {column.nom} if column else set()
        if column and column.format == "chiffre":
            named |= {"unite", "decimales"}
    if getattr(bloc, "croise", None):
        named |= {bloc.croise.par, bloc.croise.valeur}
    named |= set(getattr(bloc, "entree", [])) | set(getattr(bloc, "ensemble", {}))
    named |= set(getattr(bloc, "concerne", {}))
    if bloc.genre in ("indicateurs", "evolutions"):
        named |= {bloc.libelle, "valeur", "valeur_precedente", "variation_pct", "unite", "decimales"}
        named |= {bloc.moyenne} if getattr(bloc, "moyenne", None) else set()
    return named


def test_every_table_and_column_is_promised_by_the_warehouse():
    promised = contracts()
    wrong = []
    for chapter, section, bloc in BLOCKS:
        if table := getattr(bloc, "table", None):
            absent = columns_of(bloc) - promised.get(table, set())
            wrong += [f"{chapter.id}: {table} has no {name}" for name in sorted(absent)]
        if each := section.pour_chaque:
            named = {each.code, *(order.lstrip("-") for order in each.ordre)}
            wrong += [f"{chapter.id}: {each.table} has no {name}" for name in named - promised.get(each.table, set())]
    assert wrong == []


def test_every_key_figure_is_declared():
    figures = CATALOGUE.figures
    for _, _, bloc in BLOCKS:
        for one in bloc.chiffres if bloc.genre == "chiffres" else []:
            figures.declaration_of(one.code)  # KeyError when no declaration gives it


def test_every_figure_of_the_prose_is_declared():
    figures = CATALOGUE.figures
    for path in [*(REPORT / "texte").glob("*.md"), *Path("demo/contenu").rglob("*.md")]:
        for code in re.findall(r'"([a-z_]+(?:\.[a-z0-9_]+)+)"', path.read_text(encoding="utf-8")):
            figures.declaration_of(code)


# What digits may be in prose: a year, a day of the year, an article of law, and nothing that a figure gives.
ALLOWED = re.compile(
    r"\b(?:1er|\d{1,2})\s(?:janvier|mars|mai|juin|juillet|septembre|décembre)(?:\s20\d\d)?|\b20\d\d\b|\bcompte \d{3,6}\b"
    r"|\bL\. \d{4}-\d+"
)


@pytest.mark.parametrize(
    "path",
    [*(REPORT / "texte").glob("*.md"), *(settings.PROJECT_ROOT / "demo" / "contenu").rglob("*.md")],
    ids=lambda path: path.name,
)
def test_no_figure_is_typed_in_the_prose(path: Path):
    text = re.sub(r"\{[{%].*?[%}]\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert re.findall(r"\d+", ALLOWED.sub("", text)) == []


@pytest.mark.parametrize("path", sorted(REPORT.rglob("*.*m*")), ids=lambda path: path.name)
def test_readers_see_french_typography(path: Path):
    if path.suffix in (".md", ".yml"):
        text = re.sub(r"\{[{%].*?[%}]\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert not re.search(r"\w'\w", text), "the apostrophe is ’"


@pytest.mark.parametrize(
    ("broken", "line", "said"),
    [
        (MINIMAL.replace("vide: Rien.", "vide: Rien.\n        couleur: bleu"), 15, "couleur"),
        (MINIMAL.replace("table: rpt_a", "table: fct_a"), 11, "table"),
        (MINIMAL.replace("colonnes: [{nom: b, titre: B}]\n", "\n"), 8, "colonnes ou croise"),
        (MINIMAL.replace("genre: tableau", "genre: camembert"), 8, "camembert"),
        (MINIMAL.replace("id: lignes", "id: partie"), 8, "est déjà dans"),
        (MINIMAL + "      - {genre: texte, fichier: absent.md}\n", 15, "texte/absent.md n’existe pas"),
    ],
)
def test_a_mistake_names_file_and_line(shipped: Layer, broken: str, line: int, said: str):
    shipped.write("catalogue/report/01_essai.yml", broken.lstrip("\n"))
    with pytest.raises(DeclarationError) as error:
        _ = shipped.catalogue().chapters
    assert str(error.value).startswith(f"catalogue/report/01_essai.yml:{line - 1}"), str(error.value)
    assert said in str(error.value)


def test_the_sentence_of_an_empty_block_says_that_there_is_nothing():
    """That something did not come, or is not known, is the renderer's to say: see ``pipelines.stages.report.receipts``."""
    for chapter, _, bloc in BLOCKS:
        if (sentence := getattr(bloc, "vide", None)) and bloc.genre != "contenu":
            assert re.fullmatch(r"Aucune? .*\.", sentence), (chapter.id, sentence)
            assert not re.search(r"reçu|connu|transmis", sentence), (chapter.id, sentence)


def spoken(path: Path) -> list[str]:
    """What a file of the engine holds but its comments and docstrings: the texts of its code, or the whole template."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return [text]
    tree = ast.parse(text)
    holders = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docs = {id(n.body[0].value) for n in ast.walk(tree) if isinstance(n, holders) and ast.get_docstring(n)}
    return [
        n.value
        for n in ast.walk(tree)
        if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in docs
    ]


def test_the_engine_names_no_chapter_application_indicator_or_figure():
    """They are the catalogue's, or the home's: a report of other chapters and applications needs no line of code."""
    figures = CATALOGUE.figures
    words = {
        *figures.by_code,
        *(one.figure.indicateur for one in figures.indicators()),
        *(system.system for system, table in CATALOGUE.registry.tables() if table.shape == "comptes"),
        *(part.id for chapter in CHAPTERS for part in (chapter, *chapter.sections)),
    }
    # keys of declarations and of the model, and a file of the catalogue
    words -= {"applications", "indicateurs", "collectivite", "collectivites", "comptes"}
    named = re.compile(rf"(?<![\w./-])({'|'.join(map(re.escape, sorted(words, key=len, reverse=True)))})(?![\w./-])")
    engine = [
        path for path in (settings.PROJECT_ROOT / "pipelines").rglob("*") if path.suffix in (".py", ".j2", ".typ")
    ]
    found = [(path.name, text[:60]) for path in engine for text in spoken(path) if named.search(text)]
    assert found == []


def test_the_exposures_follow_the_chapters(shipped: Layer):
    shipped.write("catalogue/report/01_essai.yml", MINIMAL)
    catalogue = shipped.catalogue()
    written = exposures(catalogue.printed.values(), {"rpt_a"})
    (chapter,) = [one for one in written if one["name"] == "chapitre_essai"]
    assert chapter["depends_on"] == ["ref('rpt_a')"]
    (rest,) = [one for one in exposures([], {"rpt_a", "chiffres"}) if one["name"] == "annexe_collecte"]
    assert rest["depends_on"] == ["ref('rpt_a')"]  # what no chapter prints


def test_alerts_ask_for_columns_that_are_promised():
    import duckdb

    said = {thing.name: thing.data for thing in CATALOGUE.project.said}
    for alert in CATALOGUE.alerts.values():
        columns = {column["name"]: column["data_type"] for column in said[alert.table]["columns"]}
        with duckdb.connect() as db:
            db.execute(f"create table lignes ({', '.join(f'{name} {kind}' for name, kind in columns.items())})")
            db.execute(alert.select("lignes"))
        assert {name for _, name, _, _ in string.Formatter().parse(alert.dit) if name} <= {*columns}


def test_the_accounts_read_only_what_the_public_edition_keeps():
    """Their folder goes with the public edition: a column that it empties would leave every table without a row."""
    for section in CATALOGUE.accounts.sections:
        for bloc in section.blocs:
            read = {section.pour_chaque.code, *bloc.filtres, *(column.nom for column in (bloc.lignes, *bloc.colonnes))}
            assert not read & set(CATALOGUE.secrecy.tables[bloc.table].never), bloc.id
