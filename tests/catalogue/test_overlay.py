"""Two layers of declarations: a home adds, replaces or switches off named things of every kind."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.catalogue.dbt.compose import project_files
from pipelines.catalogue.load import Catalogue, load_catalogue
from pipelines.catalogue.needs import check
from pipelines.catalogue.overlay import Thing, named, put_over, whole_file
from pipelines.catalogue.rules import make_rules
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.settings import Home
from tests.layers import Layer

OFF = {"enabled": False}


def system(name: str, *tables: str, title: str = "Un système", **more: Any) -> dict:
    fields = [{"name": "code", "title": "Code", "description": "Un code."}]
    declared = [{"name": table, "title": "Lignes", "fields": fields} | more for table in tables]
    kind = {"type": "csv", "encoding": "utf-8", "delimiter": ";"}
    exports = [
        {"name": one["name"], "title": "Export", "files": f"{one['name']}.csv", "format": kind, "tables": [one]}
        for one in declared
    ]
    return {"system": name, "title": title, "owner": "quelqu’un", "exports": exports}


def figure(code: str, label: str = "Un chiffre", **how: Any) -> dict:
    how = how or {"sources": ["libre/lignes"], "mesure": {"fait": "fct_libre", "agregat": "nombre"}}
    return {"code": code, "libelle": label, "unite": "lignes", "decimales": 0} | how


def chapter(name: str, *blocks: dict, title: str = "Un chapitre") -> dict:
    return {"id": name, "titre": title, "sections": [{"id": f"{name}-a", "titre": "A", "blocs": list(blocks)}]}


FAMILY = {"relation": "dim_applications", "code": "code_application", "libelle": "libelle_application"}
REPORT = {"table": "rpt_libre", "column": "nb_agents"}
TABLE = {"counts": "effectif", "levels": {"statut": "statut"}, "numbers": {"nb_agents": {}}}
POPULATION = {"fact": "marts.fct_libre", "measure": "nb_agents", "axes": {"statut": {"statut": "statut"}}}

Written = dict[str, str | dict]


@dataclass(frozen=True)
class Kind:
    """How a thing of one kind is written: ``write(name, marker)``, marker None to switch it off."""

    name: str
    shipped: str  # a name of the shipped layer, which nothing needs
    added: str
    write: Callable[[str, str | None], Written]
    of_shipped: str = "livre_ici"  # what the data says, whoever writes it
    of_home: str = "de_la_maison"


def entry(path: str, *section: str) -> Callable[[str, Any], Written]:
    """A file that holds one entry of a section."""

    def write(name: str, data: Any) -> Written:
        content: Any = {name: data}
        for part in reversed(section):
            content = {part: content}
        return {path: content}

    return write


def secrecy(kind: str, shipped: str, added: str, made: Callable[[str], Any], **said: str) -> Kind:
    at = entry("catalogue/secrecy.yml", *kind.split("."))
    return Kind(f"secrecy {kind}", shipped, added, lambda name, m: at(name, OFF if m is None else made(m)), **said)


def figures_file(content: dict, name: str = "essai") -> Written:
    return {f"catalogue/figures/{name}.yml": {"domaine": name, **content}}


def reference(name: str, marker: str | None) -> Written:
    if marker is None:
        return {f"catalogue/reference/{name}.yml": {"table": name, **OFF}}
    declared = {"table": name, "description": marker, "fields": [{"name": "code", "description": "Un code."}]}
    return {f"catalogue/reference/{name}.yml": declared, f"catalogue/reference/{name}.csv": f"code\n{marker}\n"}


def sql(folder: str) -> Callable[[str, str | None], Written]:
    return lambda name, m: {f"dbt_project/{folder}/{name}.sql": "\n" if m is None else f"select '{m}' as un\n"}


KINDS = [
    Kind("system", "seul", "neuf", lambda n, m: {
        f"catalogue/systems/{n}.yml": {"system": n, **OFF} if m is None else system(n, "lignes", title=m)}),
    Kind("shape", "seule", "neuve", lambda n, m: {
        f"catalogue/shapes/{n}.yml": {"shape": n, **OFF} if m is None else
        {"shape": n, "title": m, "description": "D.", "fields": [{"name": "code", "title": "C", "description": "Un code."}]}}),
    Kind("field", "colonne_seule", "colonne_neuve", lambda n, m: entry("catalogue/fields.yml")(
        n, OFF if m is None else {"title": m, "description": "Un sens."})),
    Kind("suite", "systems/libre/lignes", "systems/libre/autres", lambda n, m: {
        f"expectations/{n}.yml": OFF if m is None else
        {"system": "libre", "table": n.rpartition("/")[2], "may_be_empty": f"{m}, quelquefois."}}),
    Kind("domain", "vide", "neuf", lambda n, m: figures_file(OFF if m is None else {"titre": m}, n)),
    Kind("word", "essai.seul", "essai.neuf", lambda n, m: figures_file(
        {"mots": {n.partition(".")[2]: OFF if m is None else m}})),
    Kind("family", "seule", "neuve", lambda n, m: figures_file(
        {"familles": {n: OFF if m is None else {**FAMILY, "en_mots": m}}})),
    Kind("figure", "essai.seul", "essai.neuf", lambda n, m: figures_file(
        {"chiffres": [{"code": n, **OFF} if m is None else figure(n, m)]})),
    Kind("chapter", "seul", "neuf", lambda n, m: {
        f"catalogue/report/{n}.yml": {"id": n, **OFF} if m is None else chapter(n, title=m)}),
    Kind("alert", "seule", "neuve", lambda n, m: entry("catalogue/alertes.yml", "alertes")(
        n, OFF if m is None else {"table": "rpt_libre", "quand": "false", "cle": ["a"], "dit": m})),
    Kind("guard", "seule", "neuve", lambda n, m: entry("catalogue/alertes.yml", "gardes")(
        n, OFF if m is None else {"mots": "essai", "dit": m})),
    secrecy("populations", "seule", "neuve", lambda m: {**POPULATION, "where": f"'{m}' is not null"}),
    secrecy("tables", "rpt_seule", "rpt_neuve", lambda m: {"free": m}),
    secrecy("figures.withheld", "seul.a", "neuf.a", lambda m: m),
    secrecy("figures.alone", "seul.c", "neuf.c", lambda m: m),
    secrecy("figures.rules", "seul.b", "neuf.b", lambda m: {**REPORT, "row": {"statut": m}}),
    secrecy("figures.columns", "plain", "never", lambda m: [m]),
    Kind("denominator", "seul", "neuf", lambda n, m: entry("catalogue/comparaisons.yml", "denominateurs")(
        n, OFF if m is None else {"libelle": m, "table": "rapport.rpt_libre", "colonne": "nb_agents"})),
    Kind("size class", "seule", "neuve", lambda n, m: entry("catalogue/comparaisons.yml", "classes")(
        n, OFF if m is None else {"libelle": m, "de": "par_libre", "a_partir_de": 0})),
    Kind("ratio", "seul", "neuf", lambda n, m: entry("catalogue/comparaisons.yml", "ratios")(
        n, OFF if m is None else {"libelle": m, "chiffre": "essai.seul", "unite": "EUR"})),
    Kind("prose", "seul.md", "neuf.md", lambda n, m: {f"catalogue/report/texte/{n}": "" if m is None else f"{m}\n"}),
    Kind("template", "seul.docx", "neuf.odt", lambda n, m: {f"catalogue/report/modeles/{n}": m or ""}),
    Kind("rule", "MA-SEULE", "MA-NEUVE", lambda n, m: entry("catalogue/rules.yml", "regles")(
        n, OFF if m is None else {"titre": m, "aide": "Corriger."})),
    Kind("effect", "SEUL", "NEUF", lambda n, m: entry("catalogue/rules.yml", "effets")(n, OFF if m is None else m)),
    Kind("reference table", "seule", "neuve", reference),
    Kind("reference rows", "ouverte/seules", "ouverte/neuves", lambda n, m: {
        f"catalogue/reference/{n}.csv": "" if m is None else f"code\n{m}\n"}),
    Kind("model", "rpt_seul", "rpt_neuf", sql("models/rapport")),
    Kind("model entry", "rpt_decrit", "rpt_libre", lambda n, m: {
        "dbt_project/models/rapport/_models.yml": {"version": 2, "models": [
            {"name": n, "config": OFF} if m is None else {"name": n, "description": m}]}}),
    Kind("dbt test", "test_seul", "test_neuf", sql("tests")),
    Kind("macro file", "seule", "neuve", sql("macros")),
    Kind("dbt source", "a_part.seule", "a_part.neuve", lambda n, m: {
        "dbt_project/models/staging/_a_part.yml": {"version": 2, "sources": [{"name": "a_part", "tables": [
            {"name": n.partition(".")[2], **(OFF if m is None else {"description": m})}]}]}}),
    Kind("dbt other", "macros.seule", "macros.neuve", lambda n, m: {
        "dbt_project/models/staging/_macros.yml": {"version": 2, "macros": [
            {"name": n.partition(".")[2], **(OFF if m is None else {"description": m})}]}}),
]  # fmt: skip
EVERY_KIND = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def merged(one: dict, other: dict) -> dict:
    """A mapping with what another adds, lists one after the other."""
    result = dict(one)
    for key, value in other.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            value = merged(result[key], value)
        elif isinstance(value, list) and key in ("chiffres", "models", "sources", "macros"):
            value = [*result.get(key, []), *value]
        result[key] = value
    return result


def read(layer: Layer, path: str) -> dict:
    """What a YAML file holds."""
    return yaml.load((layer.root / path).read_bytes(), yaml.CSafeLoader)


def write(layer: Layer, *files: Written) -> None:
    """Write files, those of one path put together."""
    whole: Written = {}
    for path, content in (item for written in files for item in written.items()):
        whole[path] = merged(whole[path], content) if path in whole else content
    for path, content in whole.items():
        layer.write(path, content)


@pytest.fixture
def shipped(shipped: Layer) -> Layer:
    """A shipped layer with something of every kind; ``seul`` and its like are needed by nothing."""
    shipped.fact("fct_libre", "libre__lignes")
    write(
        shipped,
        {"catalogue/rules.yml": read(shipped, "catalogue/rules.yml")},
        {"catalogue/rules.yml": {"effets": {"MA": "Rien."}}},
        {"catalogue/systems/libre.yml": system("libre", "lignes", "autres")},
        {"dbt_project/models/rapport/rpt_libre.sql": "select * from {{ ref('fct_libre') }}\n"},
        {
            f"dbt_project/models/rapport/{name}.sql": "select 1 as un\n"
            for name in ("rpt_decrit", "rpt_seule", "rpt_neuve")
        },
        {"dbt_project/models/marts/dim_applications.sql": "select 1 as un\n"},
        reference("ouverte", "livree"),
        figures_file({"titre": "Essai"}),
        {"catalogue/secrecy.yml": {"populations": {"effectif": POPULATION}, "tables": {"rpt_libre": TABLE}}},
        *(kind.write(kind.shipped, "livre_ici") for kind in KINDS),
    )
    return shipped


@pytest.fixture
def home(tmp_path: Path) -> Layer:
    """What a home holds: nothing yet."""
    (tmp_path / "home").mkdir()
    return Layer(tmp_path / "home")


def effective(shipped: Layer, home: Layer | None = None) -> Catalogue:
    """The catalogue of the home, every part read and every need met."""
    catalogue = shipped.catalogue(Home(home.root) if home else None)
    check(catalogue)
    project_files(catalogue)
    return catalogue


def names(catalogue: Catalogue) -> dict[str, list[str]]:
    return {kind: list(overlay.on) for kind, overlay in catalogue.overlays.items()}


def refused(shipped: Layer, home: Layer) -> str:
    with pytest.raises(DeclarationError) as raised:
        effective(shipped, home)
    return str(raised.value)


# of every kind --------------------------------------------------------------------------------------------------


def test_no_kind_is_forgotten(shipped):
    assert [kind.name for kind in KINDS] == list(shipped.catalogue().overlays)
    effective(shipped)


@EVERY_KIND
def test_a_home_adds_one(shipped, home, kind: Kind):
    before = names(effective(shipped))
    assert kind.added not in before[kind.name]
    write(home, kind.write(kind.added, "de_la_maison"))
    catalogue = effective(shipped, home)
    assert names(catalogue) == before | {kind.name: [*before[kind.name], kind.added]}
    assert kind.of_home in json.dumps(catalogue.overlays[kind.name][kind.added].data, ensure_ascii=False)


@EVERY_KIND
def test_a_home_replaces_one_whole(shipped, home, kind: Kind):
    before = names(effective(shipped))
    write(home, kind.write(kind.shipped, "de_la_maison"))
    catalogue = effective(shipped, home)
    overlay = catalogue.overlays[kind.name]
    assert names(catalogue) == before  # in its place
    said = json.dumps(overlay[kind.shipped].data, ensure_ascii=False)
    assert kind.of_home in said and kind.of_shipped not in said
    assert kind.of_shipped in json.dumps(overlay.replaced[kind.shipped].data, ensure_ascii=False)
    assert str(overlay[kind.shipped].path).startswith(str(home.root))


@EVERY_KIND
def test_a_home_switches_one_off(shipped, home, kind: Kind):
    before = names(effective(shipped))
    assert kind.shipped in before[kind.name]
    write(home, kind.write(kind.shipped, None))
    catalogue = effective(shipped, home)
    gone = {name: [one for one in found if one != kind.shipped] for name, found in before.items()}
    expected = gone if kind.name in ("model", "model entry") else before | {kind.name: gone[kind.name]}
    assert names(catalogue) == expected
    assert catalogue.overlays[kind.name].off.keys() == {kind.shipped}


@EVERY_KIND
def test_a_switch_that_switches_nothing_is_refused(shipped, home, kind: Kind):
    write(home, kind.write(kind.added, None))
    if kind.name == "model entry":  # of a model that is there, without an entry
        assert kind.added in effective(shipped, home).overlays["model entry"].off
        write(home, kind.write("rpt_inconnu", None))
    said = refused(shipped, home)
    assert said.startswith(f"{home.root}/") and "que rien ne déclare" in said


@EVERY_KIND
def test_the_fingerprint_is_that_of_what_is_in_effect(shipped, home, kind: Kind, tmp_path):
    alone = effective(shipped).fingerprint
    write(home, kind.write(kind.shipped, "livre_ici"))  # as it is shipped
    assert effective(shipped, home).fingerprint == alone
    seen = {alone}
    for files in (kind.write(kind.shipped, "autre"), kind.write(kind.added, "neuf"), kind.write(kind.shipped, None)):
        other = Layer(tmp_path / f"home{len(seen)}")
        write(other, files)
        seen.add(effective(shipped, other).fingerprint)
    assert len(seen) == 4


TWICE = {
    "system": {"catalogue/systems/encore.yml": system("seul", "lignes")},
    "shape": {"catalogue/shapes/encore.yml": {"shape": "seule", "title": "T", "description": "D.", "fields": []}},
    "domain": {"catalogue/figures/encore.yml": {"domaine": "vide", "titre": "Encore"}},
    "word": {"catalogue/figures/encore.yml": {"domaine": "essai", "mots": {"seul": "encore"}}},
    "family": {"catalogue/figures/encore.yml": {"domaine": "essai", "familles": {"seule": FAMILY}}},
    "figure": {"catalogue/figures/encore.yml": {"domaine": "essai", "chiffres": [figure("essai.seul")]}},
    "chapter": {"catalogue/report/encore.yml": chapter("seul")},
    "reference table": {"catalogue/reference/encore.yml": {"table": "seule", **OFF}},
    "model": {"dbt_project/models/marts/rpt_seul.sql": "select 1 as un\n"},
    "model entry": {"dbt_project/models/rapport/encore.yml": {"models": [{"name": "rpt_decrit"}]}},
    "dbt test": {"dbt_project/tests/encore/test_seul.sql": "select 1\n"},
    "macro file": {"dbt_project/macros/encore/seule.sql": "select 1\n"},
    "dbt source": {"dbt_project/models/a.yml": {"sources": [{"name": "a_part", "tables": [{"name": "seule"}]}]}},
    "dbt other": {"dbt_project/models/a.yml": {"macros": [{"name": "seule"}]}},
}


@pytest.mark.parametrize("where", ["shipped", "home"])
@pytest.mark.parametrize("kind", TWICE)
def test_two_things_of_one_name_in_one_layer_are_refused_naming_both(shipped, home, kind: str, where: str):
    (declared,) = [one for one in KINDS if one.name == kind]
    layer = {"shipped": shipped, "home": home}[where]
    if where == "home":
        write(home, declared.write(declared.shipped, "de_la_maison"))
    (path,) = TWICE[kind]
    write(layer, TWICE[kind])
    said = refused(shipped, home)
    assert f"{named(kind, declared.shipped)} est déjà dans " in said
    places = [word for word in said.split() if ".yml:" in word or ".sql:" in word]
    assert len(places) == 2 and len(set(places)) == 2
    shown = path if where == "shipped" else f"{home.root}/{path}"
    assert any(place.startswith(f"{shown}:") for place in places)


WRONG = [
    # (file, content, line, part of the message)
    ("catalogue/systems/neuf.yml", "system: neuf\ntitel: T\n", 2, "titel"),
    ("catalogue/shapes/neuve.yml", "shape: neuve\ntitle: T\ndescription: D\nfields: 3\n", 4, "fields"),
    ("catalogue/fields.yml", "neuve:\n  title: Neuve\n  descripton: Un sens.\n", 3, "descripton"),
    ("expectations/systems/libre/autres.yml", "system: libre\ntable: lignes\n", 1, "le chemin du fichier"),
    ("catalogue/figures/a.yml", "domaine: essai\nchifres: []\n", 2, "chifres"),
    ("catalogue/figures/a.yml", "domaine: essai\nmots: {a: [b]}\n", 2, "mots"),
    ("catalogue/figures/a.yml", "domaine: essai\nfamilles:\n  neuve: {relation: dim_a}\n", 3, "libelle"),
    ("catalogue/figures/a.yml", "domaine: essai\nchiffres:\n  - {code: a.b}\n", 3, "libelle"),
    ("catalogue/figures/a.yml", "domaine: essai\nenabled: peut-être\n", 2, "true ou false"),
    ("catalogue/report/neuf.yml", "id: neuf\ntitre: T\nsections: []\ncouleur: bleu\n", 4, "couleur"),
    ("catalogue/secrecy.yml", "population: {}\n", 1, "clé inconnue"),
    ("catalogue/secrecy.yml", "figures:\n  plain: [a]\n", 2, "figures.plain: clé inconnue"),
    ("catalogue/secrecy.yml", "populations:\n  neuve:\n    fait: a\n", 3, "fait"),
    (
        "catalogue/secrecy.yml",
        "populations:\n  Neuve: {fact: marts.fct_libre, measure: a, axes: {b: {b: b}}}\n",
        2,
        "Neuve",
    ),
    ("catalogue/secrecy.yml", "tables:\n  rpt_a:\n    free: 3\n", 3, "free"),
    ("catalogue/secrecy.yml", "figures:\n  withheld:\n    neuf: [a]\n", 3, "neuf"),
    ("catalogue/secrecy.yml", "figures:\n  columns:\n    plane: [a]\n", 3, "plane"),
    ("catalogue/rules.yml", "regle: {}\n", 1, "clé inconnue"),
    ("catalogue/rules.yml", "regles:\n  MA-NEUVE: {titre: T}\n", 2, "aide"),
    ("catalogue/rules.yml", "regles:\n  TA-NEUVE: {titre: T, aide: A.}\n", 2, "effets ne dit rien de TA"),
    ("catalogue/reference/neuve.yml", "table: neuve\ndescription: D\nfields: []\ncouleur: bleu\n", 1, "neuve.csv"),
    ("catalogue/reference/neuve.csv", "a\n", 1, "neuve.yml"),
    ("dbt_project/models/rpt_neuf.sql", "select 1\n", 1, "models/staging"),
    ("dbt_project/models/rapport/a.yml", "models:\n  - description: D\n", 2, "models.0.name"),
    ("dbt_project/models/rapport/a.yml", "models: [\n", 2, "ce n’est pas du YAML"),
    ("dbt_project/models/rapport/rpt_neuf.sql", "select 1\nfrom {{ ref('rpt_rien') }}\n", 2, "que rien ne déclare"),
    ("expectations/systems/libre/ligne.yml", "system: libre\ntable: ligne\n", 1, "que rien ne déclare"),
]


@pytest.mark.parametrize(("path", "content", "line", "said"), WRONG)
def test_a_mistake_of_a_home_names_its_whole_path_and_its_line(shipped, home, path, content, line, said):
    home.write(path, content)
    wrong = [text for text in refused(shipped, home).splitlines() if said in text]
    assert wrong and all(text.startswith(f"{home.root}/{path}:{line} ") for text in wrong), wrong


@pytest.mark.parametrize("name", ["catalogue/systems/lecture.py", "dbt_project/macros/a.pyc", "expectations/x/b.so"])
def test_a_home_holds_no_python(shipped, home, name):
    home.write(name, "")
    said = refused(shipped, home)
    assert said.startswith(f"{home.root}/{name}: un dossier ne contient pas de code")


# what still needs what is switched off ------------------------------------------------------------------------

TWO = {"catalogue/systems/deux.yml": system("deux", "lignes")}
FREE = {"fait": "fct_libre", "agregat": "nombre"}
USER = figure("essai.de_deux", sources=["deux/lignes", "libre/lignes"], mesure=FREE)
EITHER = figure(
    "essai.l_un", sources=[["deux/lignes", "libre/lignes"]], mesure={"fait": "fct_libre", "agregat": "nombre"}
)
OF_FAMILY = figure(
    "essai.{seule}.nombre", "De {seule}", sources=["libre/lignes"], mesure={"fait": "fct_libre", "agregat": "nombre"}
)
RATE = figure("essai.taux", expression="a / b", operandes={"a": "essai.seul", "b": "essai.seul_b"})
SHAPED = {
    "catalogue/systems/deux.yml": system("deux", "lignes")
    | {
        "exports": [
            system("deux", "lignes")["exports"][0] | {"tables": [{"name": "lignes", "title": "L", "shape": "seule"}]}
        ]
    }
}


def printing(**block: Any) -> Written:
    return {"catalogue/report/09.yml": chapter("neuf", block)}


def model(text: str, name: str = "rpt_neuf") -> Written:
    return {f"dbt_project/models/rapport/{name}.sql": f"select *\nfrom {{{{ {text} }}}}\n"}


TABLEAU = {"genre": "tableau", "id": "t", "titre": "T", "lignes": {"nom": "a", "titre": "A", "format": "texte"}}
TABLEAU |= {"table": "rpt_seul", "colonnes": [{"nom": "b", "titre": "B"}], "vide": "Rien."}
NEEDS = [
    # (what the shipped layer has more, kind and name switched off, by what it is needed, the words)
    ([TWO, figures_file({"chiffres": [USER]})], "system", "deux", "catalogue/figures/essai.yml:", "le système « deux »"),
    ([TWO, model("source('lake', 'deux__lignes')")], "system", "deux",
     "dbt_project/models/rapport/rpt_neuf.sql:2 ", "le système « deux »"),
    ([SHAPED], "shape", "seule", "catalogue/systems/deux.yml:", "« seule » est désactivé"),
    ([figures_file({"chiffres": [OF_FAMILY]})], "family", "seule", "catalogue/figures/essai.yml:", "la famille « seule »"),
    ([figures_file({"chiffres": [figure("essai.seul_b"), RATE]})], "figure", "essai.seul",
     "catalogue/figures/essai.yml:", "operandes.a: « essai.seul » est désactivé"),
    ([printing(genre="chiffres", chiffres=[{"code": "essai.seul", "libelle": "l"}])], "figure", "essai.seul",
     "catalogue/report/09.yml:", "le chiffre « essai.seul »"),
    ([printing(genre="texte", fichier="dit.md"), {"catalogue/report/texte/dit.md": 'Un.\n{{ f("essai.seul") }}\n'}],
     "figure", "essai.seul", "catalogue/report/texte/dit.md:2 ", "le chiffre « essai.seul »"),
    ([figures_file({"titre": "Vide", "chiffres": [figure("vide.a")]}, "vide")], "domain", "vide",
     "catalogue/figures/vide.yml:", "le domaine « vide » est désactivé"),
    ([printing(genre="texte", fichier="seul.md")], "prose", "seul.md", "catalogue/report/09.yml:", "texte/seul.md est désactivé"),
    ([printing(**TABLEAU)], "model", "rpt_seul", "catalogue/report/09.yml:", "le modèle « rpt_seul »"),
    ([printing(**TABLEAU | {"table": "rpt_decrit"})], "model entry", "rpt_decrit",
     "catalogue/report/09.yml:", "le modèle « rpt_decrit »"),
    ([model("ref('rpt_seul')")], "model", "rpt_seul", "dbt_project/models/rapport/rpt_neuf.sql:2 ", "« rpt_seul »"),
    ([{"dbt_project/tests/test_neuf.sql": "from {{ ref('rpt_seul') }}\n"}], "model", "rpt_seul",
     "dbt_project/tests/test_neuf.sql:1 ", "le modèle « rpt_seul »"),
    ([{"dbt_project/models/rapport/_models.yml": {"models": [{"name": "rpt_decrit", "columns": [
        {"name": "a", "description": "A.", "data_tests": [{"relationships": {"to": "ref('rpt_seul')", "field": "b"}}]}]}]}}],
     "model", "rpt_seul", "dbt_project/models/rapport/_models.yml:", "le modèle « rpt_seul »"),
    ([], "model", "fct_libre", "catalogue/figures/essai.yml:", "le modèle « fct_libre »"),
    ([], "model", "dim_applications", "catalogue/figures/essai.yml:", "le modèle « dim_applications »"),
    ([], "model", "fct_libre", "catalogue/secrecy.yml:", "le modèle « fct_libre »"),
    ([model("source('reference', 'seule')")], "reference table", "seule",
     "dbt_project/models/rapport/rpt_neuf.sql:2 ", "la table de référence « seule »"),
    ([model("source('a_part', 'seule')")], "dbt source", "a_part.seule",
     "dbt_project/models/rapport/rpt_neuf.sql:2 ", "la source dbt « a_part.seule »"),
    ([], "secrecy populations", "effectif", "catalogue/secrecy.yml:", "désactive « effectif »"),
    ([], "secrecy tables", "rpt_libre", "catalogue/secrecy.yml:", "désactive « rpt_libre »"),
    ([], "effect", "MA", "catalogue/rules.yml:", "effets ne dit rien de MA"),
    ([{"catalogue/fields.yml": {"table_a.colonne_seule": {"title": "Autre"}}}], "field", "colonne_seule",
     "catalogue/fields.yml:", "le désactive"),
]  # fmt: skip


@pytest.mark.parametrize(("more", "kind", "name", "place", "said"), NEEDS, ids=[f"{n[1]}-{n[3]}{n[4]}" for n in NEEDS])
def test_what_is_needed_cannot_be_switched_off_and_both_places_are_named(shipped, home, more, kind, name, place, said):
    for files in more:
        for path, content in files.items():
            file = shipped.root / path
            if file.exists() and isinstance(content, dict):
                content = merged(read(shipped, path), content)
                if path.endswith("_models.yml"):
                    content["models"] = [*{one["name"]: one for one in content["models"]}.values()]
            shipped.write(path, content)
    effective(shipped)
    (declared,) = [one for one in KINDS if one.name == kind]
    off = declared.write(name, None)
    write(home, off)
    (path,) = off
    wrong = [text for text in refused(shipped, home).splitlines() if text.startswith(place) and said in text]
    assert wrong and all(f"{home.root}/{path}:" in text and "désactiv" in text for text in wrong), refused(
        shipped, home
    )


def test_alternatives_and_unions_lose_a_branch_and_say_nothing(shipped, home):
    write(shipped, SHAPED)
    shipped.write("catalogue/figures/deux.yml", {"domaine": "deux", "titre": "Deux", "chiffres": [EITHER]})
    before = effective(shipped)
    assert before.figures.by_code["essai.l_un"].figure.sources == [["deux/lignes", "libre/lignes"]]
    assert "deux__lignes" in project_files(before)["models/composed/staging/stg_seule.sql"]
    write(home, {"catalogue/systems/deux.yml": {"system": "deux", **OFF}})
    after = effective(shipped, home)
    assert after.figures.by_code["essai.l_un"].figure.sources == ["libre/lignes"]
    assert "deux__lignes" not in project_files(after)["models/composed/staging/stg_seule.sql"]


def test_a_rule_of_the_engine_may_be_reworded_but_never_switched_off(shipped, home):
    write(home, {"catalogue/rules.yml": {"regles": {"LIG-TYPE": {"titre": "Illisible", "aide": "Relire."}}}})
    rule = effective(shipped, home).rules["LIG-TYPE"]
    assert (rule.titre, rule.aide) == ("Illisible", "Relire.") and rule.effet
    write(home, {"catalogue/rules.yml": {"regles": {"LIG-TYPE": OFF}}})
    said = refused(shipped, home)
    assert said.startswith(f"{home.root}/catalogue/rules.yml:") and "le moteur refuse par LIG-TYPE" in said


def test_a_model_that_needs_a_missing_table_of_a_known_system_names_the_table(shipped, home):
    write(home, model("source('lake', 'libre__ailleurs')"))
    said = refused(shipped, home)
    assert said.startswith(f"{home.root}/dbt_project/models/rapport/rpt_neuf.sql:2 ")
    assert "demande la table « ailleurs », que le système « libre » n’a pas" in said


def test_a_comment_needs_nothing(shipped, home):
    home.write("dbt_project/models/rapport/rpt_neuf.sql", "-- {{ ref('rpt_rien') }}\nselect 1 as un\n")
    effective(shipped, home)


# one catalogue a home --------------------------------------------------------------------------------------------


def test_it_is_kept_for_each_pair_of_layers_until_a_file_changes(shipped, home, tmp_path, monkeypatch):
    alone = load_catalogue()
    assert "neuve" not in alone.fields_declared
    assert (
        load_catalogue(Home(home.root)) is load_catalogue(Home(tmp_path / "autre")) is alone
    )  # neither declares anything
    path = home.write("catalogue/fields.yml", {"neuve": {"title": "Neuve", "description": "Un sens."}})
    changed = load_catalogue(Home(home.root))
    assert "neuve" in changed.fields_declared and "neuve" not in alone.fields_declared
    assert load_catalogue(Home(home.root)) is changed
    Layer(tmp_path / "autre").write("catalogue/fields.yml", {"neuve": {"title": "Neuve", "description": "Un sens."}})
    assert load_catalogue(Home(tmp_path / "autre")) is not changed
    assert load_catalogue() is alone
    before = path.stat()
    home.write("catalogue/fields.yml", {"neuve": {"title": "Vieux", "description": "Un sens."}})  # as many bytes
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert load_catalogue(Home(home.root)).fields_declared["neuve"].data["title"] == "Vieux"
    shipped.write("catalogue/fields.yml", {"autre": {"title": "Autre", "description": "Un sens."}})
    assert load_catalogue() is not alone
    monkeypatch.setenv("MILLESIME_SHIPPED", str(tmp_path / "ailleurs"))
    assert load_catalogue().layers == [tmp_path / "ailleurs"]


def test_a_comment_changes_no_fingerprint(shipped, home):
    write(home, KINDS[0].write("neuf", "neuf"), figures_file({"chiffres": [figure("essai.neuf")]}))
    before = effective(shipped, home).fingerprint
    for layer in (shipped, home):
        for path in layer.root.glob("*/*/**/*.yml"):  # except dbt_project.yml, which is composed unchanged
            path.write_text(f"# une remarque\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
    assert effective(shipped, home).fingerprint == before


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (  # the same figure in another domain
            {"catalogue/figures/a.yml": {"domaine": "essai", "chiffres": [figure("a.b")]}},
            {"catalogue/figures/a.yml": {"domaine": "vide", "chiffres": [figure("a.b")]}},
        ),
        (  # the same chapters in another order
            {"catalogue/report/01.yml": chapter("a"), "catalogue/report/02.yml": chapter("b")},
            {"catalogue/report/02.yml": chapter("a"), "catalogue/report/01.yml": chapter("b")},
        ),
        (  # the same model in another layer
            {"dbt_project/models/marts/rpt_neuf.sql": "select 1 as un\n"},
            {"dbt_project/models/rapport/rpt_neuf.sql": "select 1 as un\n"},
        ),
    ],
)
def test_the_place_of_a_thing_is_in_the_fingerprint_where_it_says_something(shipped, tmp_path, one, other):
    seen = []
    for number, files in enumerate((one, other)):
        layer = Layer(tmp_path / f"home{number}")
        write(layer, files)
        seen.append(effective(shipped, layer).fingerprint)
    assert seen[0] != seen[1]


def test_a_thing_says_where_it_is(shipped, home):
    path = home.write("catalogue/systems/neuf.yml", "# une remarque\nsystem: neuf\ntitle: N\nexports:\n  - name: a\n")
    thing = whole_file("system", path, key="system")
    assert (thing.place, thing.at("exports", 0, "rien")) == (f"{path}:1", f"{path}:5")
    assert put_over([[thing]])["neuf"] is thing and "neuf" in put_over([[thing], []])
    assert whole_file("system", shipped.root / "catalogue/systems/libre.yml", "system").place == (
        "catalogue/systems/libre.yml:1"
    )


def test_a_rule_of_the_engine_that_a_year_waits_for_stays_so():
    def rule(**said: Any) -> Thing:
        return Thing("rule", "REL-DIFFERENCE", {"titre": "T", "aide": "A.", **said}, Path("rules.yml"), {(): 1})

    effects = put_over([[Thing("effect", "REL", "Rien.", Path("rules.yml"), {(): 1})]])
    assert make_rules(put_over([[rule(a_decider=True)], [rule(a_decider=True, aide="B.")]]), effects)
    for loosened in (rule(), rule(a_decider=False)):
        with pytest.raises(DeclarationError, match="un exercice attend REL-DIFFERENCE"):
            make_rules(put_over([[rule(a_decider=True)], [loosened]]), effects)


def test_a_thing_is_named_by_its_kind_and_in_secrecy_by_its_part():
    assert named("system", "glpi") == "le système « glpi »"
    assert named("secrecy populations", "agents").endswith("(populations) « agents »")
