"""The published figures that the exports must give, and the files that come straight from them."""

import csv
import functools
from decimal import Decimal
from pathlib import Path

from demo.fichiers import FichierTexte
from demo.livraisons import Livraison

FICHIER = Path(__file__).with_name("published_figures.csv")
EXERCICES = (2018, 2019, 2020)
MOTIFS = {
    "?": "Valeur inconnue : aucun relevé n’a été tenu pour cet exercice (démonstration).",
    "NC": "Valeur non communiquée par le service concerné (démonstration).",
}


@functools.cache
def publies() -> tuple[dict[str, str], ...]:
    """Every published figure, in the order of the reports."""
    with FICHIER.open(encoding="utf-8", newline="") as fichier:
        return tuple(csv.DictReader(fichier))


@functools.cache
def _valeurs() -> dict[tuple[str, int], Decimal | None]:
    return {
        (ligne["figure_id"], int(ligne["exercice"])): Decimal(ligne["value"]) if ligne["value"] else None
        for ligne in publies()
    }


def applications() -> list[str]:
    """The codes of the applications, in the order of the report."""
    codes = (ligne["figure_id"].split(".")[1] for ligne in publies() if ligne["figure_id"].startswith("applications."))
    return list(dict.fromkeys(codes))


def est_publie(application: str, indicateur: str, exercice: int) -> bool:
    """True when the report has this line for this application, even if its cell says ``?`` or ``NC``."""
    return (f"applications.{application}.{indicateur}", exercice) in _valeurs()


def valeur(application: str, indicateur: str, exercice: int) -> Decimal | None:
    """The published value; None when the report has no number for it."""
    return _valeurs().get((f"applications.{application}.{indicateur}", exercice))


def absences(exercice: int) -> list[Livraison]:
    """The declaration of absences of the year; no file when every figure is known."""
    manquants = [
        ligne
        for ligne in publies()
        if int(ligne["exercice"]) == exercice and ligne["published_text"] in MOTIFS and not ligne["value"]
    ]
    if not manquants:
        return []
    fichier = FichierTexte(encodage="utf-8", fin_de_ligne="\n")
    fichier.ajoute(["code", "code_manquant", "motif"])
    for ligne in manquants:
        fichier.ajoute([ligne["figure_id"], ligne["published_text"], MOTIFS[ligne["published_text"]]])
    return [Livraison(f"{exercice}/absences.csv", fichier.octets())]


def rapports_publies(exercice: int) -> list[Livraison]:
    """The published figures of the year, as the source ``published_reports`` delivers them."""
    fichier = FichierTexte(encodage="utf-8", separateur=",", fin_de_ligne="\n")
    fichier.ajoute(publies()[0])
    for ligne in publies():
        if int(ligne["exercice"]) == exercice:
            fichier.ajoute(ligne.values())
    return [Livraison(f"{exercice}/published_reports/published_figures.csv", fichier.octets())]
