"""Drafts what a figure over a table of one's own needs, from its lines to its printed sentence."""

import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from pipelines.catalogue.draft.yaml_text import scalar, with_item
from pipelines.catalogue.fields import unit_of
from pipelines.catalogue.figures.grammar import CODE_PATTERN, placeholders_of
from pipelines.catalogue.load import Catalogue
from pipelines.catalogue.source_grammar import COLUMN, Field, Table
from pipelines.catalogue.spelling import folded_names
from pipelines.catalogue.templates import templates
from pipelines.catalogue.yaml_file import DeclarationError, read_text, shown
from pipelines.did_you_mean import suggestion
from pipelines.french import SIGNS, UNITS, agreed, enumeration
from pipelines.sql import literal

NUMBERS = ("integer", "number")
WORDS = ("string", "boolean", "integer", "year")  # the types whose values may be categories
SYMBOL = 3  # letters at most of the symbol of a unit
MOST_WORDS = 20  # a column with more is not a category
# the columns that the drafted model of the lines adds to those of its table, and those that the tables made of it have
OF_LINES = ("code_collectivite", "double_de", "motif", "motif_exclusion", "poids")
OF_FACTS = ("code_collectivite", "date_mois", "libelle_collectivite", "mois", "role_ligne")


@dataclass(frozen=True)
class FigureRequest:
    """What the author says of a figure; without ``total``, the column that is summed, its lines are counted."""

    code: str
    table: str  # its name, or ``system/table``
    total: str | None = None
    by: str | None = None
    only: tuple[str, str] | None = None  # a column and its value: the lines that count
    unit: str | None = None
    label: str | None = None
    words: tuple[str, ...] = ()  # what the files received say in the column ``by``


@dataclass(frozen=True)
class Columns:
    """The fields of a table that its models speak of; ``along`` says what those of ``axis``, the breakdown, are."""

    member: Field | None
    date: Field | None
    summed: Field | None
    axis_field: Field | None
    along: Literal["member", "month", "words"] | None


def draft_figure(catalogue: Catalogue, home: Path, request: FigureRequest) -> dict[Path, str]:
    """File of the home → its text. What is already there gains an entry, and nothing in it changes: ``fields.yml``, the
    chapter of the domain, the entry of the model of the table's lines.

    Raises DeclarationError when the request does not fit the declared table, or would write over a file.
    """
    code = request.code
    if not re.fullmatch(CODE_PATTERN, code) or placeholders_of(code):
        raise DeclarationError(f"« {code} » n’est pas le code d’un chiffre : domaine.nom, comme dechets.tonnages")
    if code in catalogue.figures.by_code:
        raise DeclarationError(f"{catalogue.figures.by_code[code].place} déclare déjà le chiffre « {code} »")
    source, table = table_named(catalogue, request.table)
    model = _model_of_lines(catalogue, home, source)
    said = _names(catalogue, home, request, source, model) | _words(request, table, known=bool(model))
    # a line without the measure of the first figure counts in no other
    aside = re.search(r"'sans valeur': 'lignes\.(\w+) is null'", catalogue.project.models[model].data if model else "")
    said["without"] = aside[1] if aside and aside[1] != request.total else None
    said |= _gained(catalogue, home, said)
    chapter = catalogue.chapters_declared.on.get(said["chapter"])
    environment = templates(Path(__file__).parent / "templates")
    environment.filters["scalar"] = scalar

    def filled(template: str) -> str:
        return environment.get_template(f"{template}.jinja").render(said)

    files: dict[Path, str] = {}
    for name, template in _templates(said, is_first=not model, has_chapter=bool(chapter)).items():
        if (home / name).exists():
            raise DeclarationError(f"{shown(home / name)} existe déjà : rien n’est écrit")
        files[home / name] = filled(template)
    if chapter:
        files[chapter.path] = with_item(read_text(chapter.path), ["sections"], filled("section.yml"))
    if model:
        entry = catalogue.project.said[model].path
        place = ["models", model, "config", "meta", "lignes", "faits"]
        files[entry] = with_item(read_text(entry), place, f"{said['mart']}: {said['feed']}")
    if meanings := filled("fields.yml"):
        path = home / "catalogue/fields.yml"
        files[path] = (read_text(path).rstrip("\n") + "\n" if path.exists() else "") + meanings
    return files


def _model_of_lines(catalogue: Catalogue, home: Path, source: str) -> str | None:
    """The model of the home that has the lines of a table already. Raises DeclarationError when it is a shipped one."""
    for model, lines in catalogue.lines_declared.items():
        if lines.source == literal(source):
            if catalogue.project.said[model].path.is_relative_to(home):
                return model
            raise DeclarationError(
                f"--table: les lignes de « {source} » font déjà {enumeration([*lines.faits])} : déclarer le chiffre seul, "
                "sur ce mart (docs/catalogue.md)"
            )
    return None


def _templates(said: dict[str, Any], *, is_first: bool, has_chapter: bool) -> dict[str, str]:
    """New file in the home → its template, in the order in which the lines go through them."""
    name, models = said["name"], "dbt_project/models"
    found = {}
    if is_first:
        found[f"{models}/intermediate/{said['intermediate']}.sql"] = "intermediate.sql"
        found[f"{models}/intermediate/{said['lines']}.yml"] = "intermediate.yml"
    found[f"{models}/marts/{said['mart']}.sql"] = "mart.sql"
    if said["along"]:
        found[f"{models}/rapport/{said['rapport']}.sql"] = "rapport.sql"
    found[f"{models}/marts/{name}.yml"] = "mart.yml"
    found[f"catalogue/figures/{name}.yml"] = "figure.yml"
    if not has_chapter:
        found[f"catalogue/report/50_{said['chapter'].replace('-', '_')}.yml"] = "chapter.yml"
    found[f"catalogue/report/texte/{name}.md"] = "text.md"
    return found


def table_named(catalogue: Catalogue, name: str) -> tuple[str, Table]:
    """The declared table of that name, as ``system/table``. Raises DeclarationError."""
    known = {f"{system.system}/{table.name}": table for system, table in catalogue.registry.tables()}
    found = [source for source in known if name in (source, source.partition("/")[2])]
    if len(found) > 1:
        raise DeclarationError(f"--table: plusieurs systèmes ont une table « {name} » : {enumeration(found)}")
    if not found:
        names = known if "/" in name else {source.partition("/")[2] for source in known}
        raise DeclarationError(f"--table: aucune table « {name} » n’est déclarée{suggestion(name, names)}")
    table = known[found[0]]
    if table.shapes:
        raise DeclarationError(
            f"--table: « {found[0]} » remplit la forme {enumeration(table.shapes)}, dont les marts sont livrés : "
            "déclarer le chiffre seul, sur l’un d’eux (docs/catalogue.md)"
        )
    return found[0], table


def _columns(request: FigureRequest, table: Table) -> Columns:
    """The fields that the request names, and those that any figure uses. Raises DeclarationError."""
    kept = {field.name: field for field in table.kept_fields}

    def chosen(option: str, name: str, types: tuple[str, ...], expected: str) -> Field:
        if name not in kept:
            raise DeclarationError(
                f"{option}: aucune colonne « {name} »{suggestion(name, kept)} (il y a {enumeration([*kept])})"
            )
        if kept[name].personal:
            raise DeclarationError(f"{option}: « {name} » est une colonne personnelle")
        if kept[name].type not in types:
            raise DeclarationError(f"{option}: « {name} » est de type {kept[name].type} ; {expected}")
        return kept[name]

    member = next((field for field in kept.values() if field.member), None)
    date = kept[table.dated_by] if table.dated_by else None
    summed = chosen("--sum", request.total, NUMBERS, "il faut un nombre") if request.total else None
    if not request.by:
        return Columns(member, date, summed, None, None)
    if member and request.by == member.name:
        return Columns(member, date, summed, member, "member")
    if date and request.by == date.name:
        return Columns(member, date, summed, date, "month")
    expected = "il faut des mots, ou la date qui prouve l’exercice (exercice, period), qui donne ses mois"
    return Columns(member, date, summed, chosen("--by", request.by, WORDS, expected), "words")


def _only(request: FigureRequest, table: Table) -> Field | None:
    """The column that says which lines count. Raises DeclarationError when cells of several measures would add up."""
    kept = {field.name: field for field in table.kept_fields}
    if request.only:
        name, value = request.only
        if name not in kept or kept[name].personal or kept[name].type != "string":
            raise DeclarationError(
                f"--only: « {name} » n’est pas une colonne de mots de la table ; une autre condition est un motif, "
                "dans le modèle des lignes"
            )
        known = [str(word) for word in kept[name].constraints.enum or []]
        if known and value not in known:
            raise DeclarationError(f"--only: « {value} » n’est pas un mot de « {name} » ({enumeration(known)})")
        return kept[name]
    origins = [(name, origin) for header in table.header.values() for name, origin in header.items()]
    summed = any(name == request.total and origin.under for name, origin in origins)
    measures = [name for name, origin in origins if origin.heading and name in kept and kept[name].type == "string"]
    if summed and measures and not kept[measures[0]].member:
        words = enumeration([str(word) for word in kept[measures[0]].constraints.enum or ["…"]])
        raise DeclarationError(
            f"--sum: « {request.total} » est chaque fois l’une des mesures de « {measures[0]} » ({words}), qui ne s’ajoutent pas : "
            f"dire laquelle, --only {measures[0]}=…"
        )
    return None


def _free(name: str, taken: tuple[str, ...]) -> str:
    """The name of a column beside those that a model makes."""
    return f"{name}_source" if name in taken else name


def _names(catalogue: Catalogue, home: Path, request: FigureRequest, source: str, model: str | None) -> dict[str, Any]:
    """What the files, the models and the parts of the chapter are called."""
    domain, _, rest = request.code.partition(".")
    rest = rest.replace(".", "_")
    chapter = domain.replace("_", "-")
    known = catalogue.chapters_declared.on.get(chapter)
    if known and not known.path.is_relative_to(home):  # a chapter of that name would replace the shipped one
        chapter = f"{chapter}-propre"
    lines = source.replace("/", "__")
    return {
        "code": request.code,
        "domain": domain,
        "domain_title": _title_of(domain, catalogue, request, source),
        "source": source,
        "name": f"{domain}_{rest}",
        "intermediate": model or f"int_{lines}",
        "lines": lines,
        "table_name": source.partition("/")[2],
        "mart": f"fct_{domain}_{rest}",
        "rapport": f"rpt_{domain}__{rest}",
        "chapter": chapter,
        "section": f"{domain}-{rest}".replace("_", "-"),
    }


def _title_of(domain: str, catalogue: Catalogue, request: FigureRequest, source: str) -> str:
    """What a domain is called: a word of what is declared, with its accents, or the title of the system named so."""
    system, _, name = source.partition("/")
    declared = catalogue.registry.systems[system]
    titles = [request.label or "", declared.title]
    titles += [title for export in declared.exports for one in export.tables for title in (export.title, one.title)]
    words: list[str] = re.findall(r"[^\W\d_]+", " ".join(titles))
    alike = folded_names([domain, *words])
    for word in words:
        if alike[word] == alike[domain]:
            return word[:1].upper() + word[1:]
    return declared.title if domain in (system, name) else domain.replace("_", " ").capitalize()


def _words(request: FigureRequest, table: Table, *, known: bool) -> dict[str, Any]:
    """What is said of the figure; ``known`` when a model has the lines of its table already."""
    said = _columns(request, table)
    columns = {field.name: _free(field.name, OF_LINES) for field in table.kept_fields}
    summed, axis = said.summed, said.axis_field
    measure = _free(columns[summed.name], OF_FACTS) if summed else f"nb_{table.name}"
    unit = request.unit or unit_of(measure) or ("" if summed else "lignes")
    unit = "EUR" if unit == "€" else unit
    if not unit:
        raise DeclarationError(f"--unit: en quoi « {measure} » est compté : t, km, EUR, documents…")
    label = request.label or (summed.title if summed else table.title)
    measured = summed.title if summed else label
    decimals = summed.decimals if summed and summed.type == "number" else 0
    words = _free(columns[axis.name], OF_FACTS) if axis and said.along == "words" else None
    only, kept = _only(request, table), {words: axis} if axis and words else {}
    only_by = _free(columns[only.name], OF_FACTS) if only else None
    kept |= {only_by: only} if only and only_by else {}
    words_sql = {name: _words_sql(field, columns[field.name]) for name, field in kept.items()}
    values = {"mois": f"month({columns[said.date.name]})"} if said.date else {}
    of_line = columns[summed.name] if summed else "1"
    values |= {name: sql for name, sql in {**words_sql, measure: of_line}.items() if name != sql}
    grain = {"exercice": "exercice"}
    grain |= {"mois": "mois"} if said.date else {}
    grain |= {"code_collectivite": "collectivité"} if said.member else {}
    grain |= {name: field.title.lower() for name, field in kept.items()}
    along = {"member": "code_collectivite", "month": "mois", "words": words, None: None}[said.along]
    motifs, lacking = _reasons(table, said.date, None if known else summed)
    form = f"decimal{min(decimals, 2)}" if decimals else "entier"
    if unit == "EUR":
        form = "euros2" if decimals else "euros"
    # « Documents prêtés » names documents, and « Tonnage collecté » no kg
    names_unit = {unit.casefold(), agreed(unit, Decimal(1)).casefold()} & {*re.findall(r"[^\W\d_]+", label.casefold())}
    seen = ["oui", "non"] if axis and axis.type == "boolean" else sorted(request.words)
    shows_words = words and not table.has_personal_data and len(seen) <= MOST_WORDS  # anybody may read few words
    return {
        **vars(said),
        "columns": columns,
        "measure": measure,
        "of_line": of_line,
        "measure_title": measured,
        "measure_said": measured[:1].lower() + measured[1:] if measured[1:2].islower() else measured,
        "unit": unit,
        "field_unit": unit_of(measure) or unit,
        # in a sentence, after the number; the report writes a sign itself
        "unit_argument": "" if unit in SIGNS else f', unite="{unit}"',
        "unit_said": UNITS.get(unit) or (unit.capitalize() if len(unit) > SYMBOL else unit),
        "decimals": decimals,
        "format": form,
        "sql_type": f"decimal(38, {decimals})" if decimals else "bigint",
        "label": label,
        # in a title; the report prints the sign of an amount beside each number, and that of others on a card alone
        "in_unit": "" if unit == "EUR" or names_unit else f", en {unit}",
        "is_sign": unit in (*SIGNS, "octets"),
        "is_labelled": request.label is not None,
        "words": words,
        "kept": kept,
        "only": {only_by: request.only[1]} if request.only else {},
        "axis_words": seen if shows_words else [],
        "words_sql": words_sql,
        "axis": along,
        "axis_said": grain[along] if along else None,
        "by_said": _by_said(label, grain[along]) if along else None,
        "grain": [*grain],
        "grain_said": enumeration([*grain.values()]),
        "feed": f"{{colonnes: {{{', '.join(f'{name}: {scalar(sql)}' for name, sql in values.items())}}}}}",
        "motifs": motifs,
        "lacking": lacking,
        "key": [columns[name] for name in table.primaryKey],
        "is_spread": COLUMN in table.provenance,
        "may_be_empty": summed is not None and not summed.constraints.required,
        "is_known": known,
        "is_about_persons": table.has_personal_data,
        "counts": _counts(table, unit, is_sum=bool(summed)),
    }


def _counts(table: Table, unit: str, *, is_sum: bool) -> str | None:
    """What the figure counts, in the words of ``compte``; None when nothing says whether it may be persons.

    A measure has a symbol (t, kWh); what has a name (documents, élèves), or initials (ETP), may be anybody.
    """
    if not is_sum and any(table.field(name).personal for name in table.primaryKey):
        return "citoyens"
    is_measure = unit in SIGNS or (len(unit) <= SYMBOL and not unit.isupper())
    return "choses" if is_measure and not table.has_personal_data else None


def _by_said(label: str, axis: str) -> str:
    """The end of a chart's title: ``par nature du déchet``, unless its label says so, ``Déchets collectés par nature``."""
    by = f" par {axis.split()[0]}"
    return "" if f"{by} " in f"{label.lower()} " else f" par {axis}"


def _words_sql(field: Field, column: str) -> str:
    """The words of a category, in SQL over a line, those of a line that says nothing too."""
    if field.type == "boolean":
        return f"case when {column} then 'oui' when not {column} then 'non' else 'non précisé' end"
    text = column if field.type == "string" else f"cast({column} as string)"
    return text if field.constraints.required else f"coalesce({text}, 'non précisé')"


def _reasons(table: Table, date: Field | None, summed: Field | None) -> tuple[dict[str, str], list[str]]:
    """Why a line does not count, each with its SQL condition; and what those take away that the engine does not say itself.

    Of a line of another exercice, ``COL-EXERCICE`` says it.
    """
    found: dict[str, str] = {}
    empty = {"sans date": date, "sans valeur": summed}
    for reason, field in empty.items():
        if field and not field.constraints.required:
            found[reason] = f"lignes.{field.name} is null"
    lacking = [f"{reason}: manque" for reason in found]
    if rule := table.exercice:
        is_year = table.field(rule.column).type in ("year", "integer")
        year = f"lignes.{rule.column}" if is_year else f"year(lignes.{rule.column})"
        found["hors période"] = f"{year} {'>' if rule.rule == 'not_after' else '<>'} lignes.exercice"
    elif date:
        found["hors période"] = f"year(lignes.{date.name}) <> lignes.exercice"
    return found, lacking


def _gained(catalogue: Catalogue, home: Path, said: dict[str, Any]) -> dict[str, Any]:
    """What the catalogue does not know yet. A name that means something else in what is shipped gets its meaning here."""
    declared, tables = catalogue.fields_declared, [said["mart"], *([said["rapport"]] if said["along"] else [])]

    def keys(name: str) -> list[str]:
        if name not in declared:
            return [name]
        there = tables if name in (said["measure"], said["words"]) else tables[:1]
        return [] if declared[name].path.is_relative_to(home) else [f"{table}.{name}" for table in there]

    return {
        "is_new_domain": said["domain"] not in catalogue.figures.titles,
        "is_new_word": f"{said['domain']}.{said['measure']}" not in catalogue.figures_declared.words,
        "measure_keys": keys(said["measure"]),
        "words_keys": {name: keys(name) for name in said["kept"]},
    }
