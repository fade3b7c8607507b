"""The figures that the exports must give: the published ones, then invented ones for the years that follow.

It also makes the two files that are copied from them.
"""

import csv
import functools
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from random import Random

from demo.fichiers import FichierTexte
from demo.livraisons import Livraison

FICHIER = Path(__file__).with_name("published_figures.csv")
EXERCICES = (2018, 2019, 2020)  # those of the published reports
SUIVANTS = (2021, 2022)
SUCCESSEURS = {"cegid_rh": "ciril_rh"}  # application → the one that replaced it after the last report
PAS = {"jours": Decimal("0.25"), "agents": Decimal(1)}  # unit → the smallest step of an invented value
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
    valeurs = {
        (ligne["figure_id"], int(ligne["exercice"])): Decimal(ligne["value"]) if ligne["value"] else None
        for ligne in publies()
    }
    return valeurs | _inventees(valeurs)


def _inventees(publiees: dict[tuple[str, int], Decimal | None]) -> dict[tuple[str, int], Decimal | None]:
    """The applications' figures after the last report: each year a little more or less than the year before."""
    inventees = {}
    for ligne in publies():
        if not ligne["figure_id"].startswith("applications.") or int(ligne["exercice"]) != EXERCICES[-1]:
            continue
        domaine, application, indicateur = ligne["figure_id"].split(".")
        code = f"{domaine}.{SUCCESSEURS.get(application, application)}.{indicateur}"
        valeur = publiees[ligne["figure_id"], EXERCICES[-1]]
        for exercice in SUIVANTS:
            valeur = _evolue(Random(f"{code}/{exercice}"), valeur, PAS[ligne["unit"]])
            inventees[code, exercice] = valeur
    return inventees


def _evolue(rng: Random, valeur: Decimal | None, pas: Decimal) -> Decimal | None:
    """A value within a fifth of the former one, in whole steps; 0 stays 0, and nothing else becomes 0."""
    if not valeur:
        return valeur
    nombre = (valeur * rng.randint(90, 120) / 100 / pas).quantize(Decimal(1), ROUND_HALF_UP)
    return max(nombre, Decimal(1)) * pas


def applications(exercice: int) -> list[str]:
    """The codes of the applications in use, in the order of the report."""
    codes = (code.split(".")[1] for code, annee in _valeurs() if code.startswith("applications.") and annee == exercice)
    return list(dict.fromkeys(codes))


def est_publie(application: str, indicateur: str, exercice: int) -> bool:
    """True when the report has this line for this application, even if its cell says ``?`` or ``NC``."""
    return (f"applications.{application}.{indicateur}", exercice) in _valeurs()


def valeur(application: str, indicateur: str, exercice: int) -> Decimal | None:
    """The published or invented value; None when there is no number for it."""
    return publie(f"applications.{application}.{indicateur}", exercice)


def publie(code: str, exercice: int) -> Decimal | None:
    """The value of a figure by its code in the catalogue; None when there is no number for it."""
    return _valeurs().get((code, exercice))


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
    """The published figures of the year, as the source ``published_reports`` delivers them; none after the last report."""
    lignes = [ligne for ligne in publies() if int(ligne["exercice"]) == exercice]
    if not lignes:
        return []
    fichier = FichierTexte(encodage="utf-8", separateur=",", fin_de_ligne="\n")
    fichier.ajoute(publies()[0])
    for ligne in lignes:
        fichier.ajoute(ligne.values())
    return [Livraison(f"{exercice}/published_reports/published_figures.csv", fichier.octets())]
