"""Writes the budget as open data: one CSV per exercice in the schema SCDL « budget » 0.8.3, and the package that says so.

scdl/budget_<exercice>.csv     every line of every document that counts, UTF-8, comma, decimal point
     schema.json               the Table Schema that they follow
     datapackage.json          which files there are, what is left out, what a CFU becomes

The schema says « chapitre » of the column that holds the account, and the other way round; like every published file we
follow the columns' names: CONTNAT is the chapter, NATURE the account. The chapter is that of the chart of accounts: the
documents' ContNat is too often missing or not a chapter, and has no label. An account that is not in the plan, placed
by its ContNat, is labelled by its number. The label of a function is unknown here: its column is there, like every
column of the schema, but empty.
"""

import json
import shutil
from collections.abc import Collection
from pathlib import Path

from pipelines import settings
from pipelines.catalogue.organisation import Organisation
from pipelines.sql import literal
from pipelines.stages.publish.datapackage import LICENCE, PROFILE, about, csv_file

SCHEMA = "catalogue/reference/schemas/scdl_budget_0.8.3.json"
FACT, PIECES = "fct_lignes_budgetaires", "fct_collecte"
DESCRIPTION = (
    "Lignes des documents budgétaires en vigueur : budgets primitifs, décisions modificatives, budgets supplémentaires et "
    "comptes administratifs. Le schéma ne connaît pas le compte financier unique : il est publié sous l’étape « compte "
    "administratif », dont il tient lieu."
)


def _code(column: str) -> str:
    """A code from the document, when it consists of digits alone: anybody may have the file, so it must hold no free text."""
    return f"case when regexp_full_match({column}, '[0-9]{{{{1,10}}}}') then {column} end"


SELECT = f"""
    select
        case code_nature_decision
            when '01' then 'budget primitif'
            when '02' then 'décision modificative'
            when '03' then 'budget supplémentaire'
            when '09' then 'compte administratif'
            when '10' then 'compte administratif'
        end as BGT_NATDEC,
        exercice as BGT_ANNEE,
        siret as BGT_SIRET,
        coalesce({{name}}, siret) as BGT_NOM,
        code_chapitre as BGT_CONTNAT,
        libelle_chapitre as BGT_CONTNAT_LABEL,
        {_code("compte")} as BGT_NATURE,
        coalesce(libelle_compte, {_code("compte")}) as BGT_NATURE_LABEL,
        {_code("code_fonction")} as BGT_FONCTION,
        cast(null as varchar) as BGT_FONCTION_LABEL,
        {_code("code_operation")} as BGT_OPERATION,
        section as BGT_SECTION,
        case type_operation when 'réelle' then 'réel' else 'ordre' end as BGT_OPBUDG,
        sens_budgetaire as BGT_CODRD,
        realise_eur as BGT_MTREAL,
        budget_precedent_eur as BGT_MTBUDGPREC,
        restes_a_realiser_precedents_eur as BGT_MTRARPREC,
        proposition_eur as BGT_MTPROPNOUV,
        vote_eur as BGT_MTPREV,
        credits_ouverts_eur as BGT_CREDOUV,
        restes_a_realiser_eur as BGT_MTRAR3112,
        case when est_article_specialise then 'spécialisé' when not est_article_specialise then 'non spécialisé' end
            as BGT_ARTSPE
    from marts.{FACT}
    where not est_compte_inconnu
"""


def write_scdl(db, folder: Path, organisation: Organisation, build: str) -> list[Path]:
    """Write the files of every exercice that has budget lines into ``folder``; nothing when there is none.

    ``organisation`` gives them, from ``build``.

    ``db`` is a DuckDB connection in which ``marts.fct_lignes_budgetaires`` can be read by that name, or is absent. A
    line that neither its account nor its vote places has no section, which the schema requires: it is left out, and
    counted in the package. Returns the files.
    """
    if not _has(db, FACT):
        return []
    years = db.execute(
        f"select exercice, count(*) filter (est_compte_inconnu) from marts.{FACT} group by exercice order by exercice"
    ).fetchall()
    if not years:
        return []
    folder.mkdir(parents=True)
    names = [budget.libelle for budget in organisation.budgets if budget.libelle]
    rows = {year: _write_year(db, folder, year, names) for year, _ in years}
    written = [folder / _file(year) for year in rows]
    written.append(Path(shutil.copyfile(settings.shipped() / SCHEMA, folder / "schema.json")))
    absent = _absent(db)
    notes = {year: _what_lacks(left_out, absent.get(year, 0)) for year, left_out in years}
    written.append(_write_package(folder, rows, notes, organisation, build))
    return written


def _has(db, table: str) -> bool:
    known = f"select 1 from information_schema.tables where table_schema = 'marts' and table_name = {literal(table)}"
    return db.execute(known).fetchone() is not None


def _absent(db) -> dict[int, int]:
    """How many documents of each exercice were expected, or came, but do not count."""
    if not _has(db, PIECES):
        return {}
    lost = "nature_morceau = 'document' and source = 'budget/lignes' and (est_attendue or est_recue) and est_acceptee is not true"
    return dict(db.execute(f"select exercice, count(*) from marts.{PIECES} where {lost} group by exercice").fetchall())


def _what_lacks(left_out: int, absent: int) -> str:
    """The notes for readers of an exercice's lines."""
    lines = f"Lignes de compte inconnu, non publiées : {left_out}." if left_out else ""
    documents = f"Documents attendus ou reçus qui n’y sont pas : {absent}." if absent else ""
    return " ".join(filter(None, [lines, documents])) or "Toutes les lignes."


def _file(year: int) -> str:
    return f"budget_{year}.csv"


def _write_year(db, folder: Path, year: int, names: Collection[str]) -> int:
    """Write the lines of an exercice; return how many. A budget that has none of these ``names`` is called by its SIRET."""
    listed = ", ".join(map(literal, names)) or "null"
    select = SELECT.format(name=f"case when libelle_budget in ({listed}) then libelle_budget end")
    (rows,) = db.execute(
        f"copy ({select} and exercice = {int(year)} order by document_id, ligne, ligne_id) "
        f"to {literal(folder / _file(year))} (format csv, header, delimiter ',')"
    ).fetchone()
    return rows


def _write_package(
    folder: Path, rows: dict[int, int], notes: dict[int, str], organisation: Organisation, build: str
) -> Path:
    """The Data Package; ``notes`` says what each exercice leaves out."""
    schema = json.loads((settings.shipped() / SCHEMA).read_text(encoding="utf-8"))
    resources = [
        {
            "name": f"budget-{year}",
            "title": f"Budget de l’exercice {year}",
            "description": note,
            **csv_file(folder, _file(year), rows[year]),
            "schema": "schema.json",
        }
        for year, note in notes.items()
    ]
    package = {
        "$schema": PROFILE,
        "name": "budget",
        "title": schema["title"],
        "description": f"{DESCRIPTION} Construction {build}.",
        "version": f"construction-{build[:12]}",
        **about(organisation, ["budget", "comptes publics", "SCDL"], min(rows), max(rows)),
        "licenses": [LICENCE],
        "homepage": schema["homepage"],
        "resources": resources,
    }
    path = folder / "datapackage.json"
    path.write_text(json.dumps(package, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path
