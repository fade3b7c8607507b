"""Turns the rows of the controls of a new warehouse (``controles.controles``) into findings, in the words of their rules."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from pipelines.catalogue.rules import Rules, where
from pipelines.catalogue.wording import plain, worded
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.ledger.records import Finding

CONTRADICTED = "PUB-ECART"  # the rule of a printed value that is not the computed one


def build_findings(warehouse: Path, rules: Rules) -> list[Finding]:
    """One finding for each row of the controls, in a stable order."""
    with duckdb.connect(str(warehouse), read_only=True) as db:
        return [_finding(row, rules) for row in _rows(db, "from controles.controles order by all")]


def printed_values(warehouse: Path, rules: Rules) -> dict[tuple[int, str], str]:
    """(exercice, figure) → the printed value it is compared with, in the words of the rule about one that differs."""
    compared = (
        "select p.exercice, p.code_chiffre, valeur_publiee as recu, texte_publie as texte, c.unite "
        "from rapport.rpt_rapprochement_publie as p left join rapport.chiffres as c "
        "on p.code_chiffre = c.code and p.exercice = c.exercice"
    )
    with duckdb.connect(str(warehouse), read_only=True) as db:
        return {
            (row["exercice"], row["code_chiffre"]): worded(rules[CONTRADICTED], row)["recu"]
            for row in _rows(db, compared)
        }


def _rows(db: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    found = db.execute(query)
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _finding(row: dict[str, Any], rules: Rules) -> Finding:
    """``valeurs`` holds, as JSON, what else the rule's sentences need. Raises DeclarationError when nothing declares the rule."""
    rule = rules.get(row["code_regle"])
    if rule is None:
        raise DeclarationError(
            f"catalogue/rules.yml: un contrôle donne la règle « {row['code_regle']} », que rien ne déclare"
        )
    said = worded(rule, row | json.loads(row["valeurs"] or "{}", parse_float=Decimal))
    return Finding(
        rule.code,
        row["severite"],
        row["exercice"],
        row["ou"],
        f"{rule.titre} : {row['sujet']}" if row["sujet"] else rule.titre,
        attendu=said["attendu"],
        recu=said["recu"] or None,
        ecart=None if row["ecart"] is None else plain(row["ecart"]),
        aide=f"{rule.aide}{said['complement']}",
        fichier=row["fichier"] and where(row["fichier"], row["feuille"]),
        ligne=row["ligne"],
        cle=row["cle"],
        effet=row["effet"],
        empreinte=row["empreinte"],
    )
