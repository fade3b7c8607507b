"""Writes the accounts of an application in the layout of its tool."""

import datetime as dt
from collections.abc import Iterator

from demo.comptes import Compte, comptes
from demo.fichiers import Classeur, FichierTexte, serie
from demo.livraisons import Defaut, Livraison
from demo.outils import OUTILS, Outil, Tableur, Texte


def exports(exercice: int) -> Iterator[Livraison]:
    """The user list of every application in use in one exercice."""
    for outil in (outil for outil in OUTILS if outil.sert(exercice)):
        nom = outil.fichier.format(exercice=exercice)
        lignes = comptes(outil, exercice)
        ecrit = _texte if isinstance(outil.ecrit, Texte) else _classeur
        contenu, places = ecrit(outil, exercice, lignes)
        yield Livraison(
            f"{exercice}/{outil.code}/{nom}", contenu, tuple(_defauts(outil, exercice, nom, lignes, places))
        )


def _texte(outil: Outil, exercice: int, lignes: list[Compte]) -> tuple[bytes, list[int]]:
    """The delimited file, and the physical line of each account."""
    forme = outil.ecrit
    fichier = FichierTexte(forme.encodage, forme.separateur, forme.fin_de_ligne, forme.tout_entre_guillemets)
    for titre in outil.titres:
        fichier.ligne_libre(titre.format(exercice=exercice))
    fichier.ajoute(intitule for intitule, _ in outil.colonnes_de(exercice))
    places = [fichier.ajoute(_cellules(outil, exercice, compte, rang)) for rang, compte in enumerate(lignes)]
    if outil.total:
        fichier.ajoute(_total(outil, exercice, len(lignes)))
    if outil.fin:
        fichier.ligne_libre(outil.fin)
    return fichier.octets(), places


def _classeur(outil: Outil, exercice: int, lignes: list[Compte]) -> tuple[bytes, list[int]]:
    """The workbook, and the row of each account."""
    forme: Tableur = outil.ecrit
    classeur = Classeur(exercice, f"DÉMONSTRATION – {outil.code}")
    for nom in forme.avant:
        _feuille_annexe(classeur, nom)
    feuille = classeur.feuille(forme.feuille)
    for titre in outil.titres:
        feuille.ajoute([titre.format(exercice=exercice)], gras=True)
    feuille.ajoute([intitule for intitule, _ in outil.colonnes_de(exercice)], gras=True)
    places = [feuille.ajoute(_cellules(outil, exercice, compte, rang)) for rang, compte in enumerate(lignes)]
    if outil.total:
        feuille.ajoute([])
        feuille.ajoute(_total(outil, exercice, len(lignes)), gras=True)
    for nom in forme.apres:
        _feuille_annexe(classeur, nom)
    return classeur.octets(), places


def _feuille_annexe(classeur: Classeur, nom: str) -> None:
    """An extra sheet that the report does not use."""
    feuille = classeur.feuille(nom)
    feuille.ajoute([f"{nom} – DÉMONSTRATION"], gras=True)
    feuille.ajoute(["Feuille sans donnée pour le rapport d’activité."])


def _total(outil: Outil, exercice: int, nombre: int) -> list[object]:
    """The total line: its label under the login, the number of lines of the list, defects included."""
    champs = [champ for _, champ in outil.colonnes_de(exercice)]
    cellules: list[object] = [None] * len(champs)
    cellules[champs.index("identifiant")] = outil.total.libelle
    cellules[champs.index(outil.total.champ)] = nombre
    return cellules


def _cellules(outil: Outil, exercice: int, compte: Compte, rang: int) -> list[object]:
    return [_cellule(outil, compte, champ, rang) for _, champ in outil.colonnes_de(exercice)]


def _cellule(outil: Outil, compte: Compte, champ: str, rang: int) -> object:
    """One cell, as the tool writes it; an unreadable value is written as it is."""
    if champ == "":
        return None
    if champ == "nom_complet":
        return f"{compte.prenom} {compte.nom}"
    valeur = getattr(compte, champ)
    if champ == "est_actif" and isinstance(valeur, bool):
        return outil.actif[0] if valeur else outil.actif[1]
    return _date(outil, valeur, rang) if isinstance(valeur, dt.date) else valeur


def _date(outil: Outil, date: dt.date, rang: int) -> object:
    if outil.dates == "cellule":
        return date
    if outil.dates == "serie":
        return serie(date)
    if outil.dates == "mixte":
        return date if rang % 3 else date.strftime("%d/%m/%Y")
    return date.strftime(outil.dates)


def _defauts(outil: Outil, exercice: int, nom: str, lignes: list[Compte], places: list[int]) -> Iterator[Defaut]:
    intitules = {champ: intitule for intitule, champ in outil.colonnes_de(exercice)}
    for compte, place in zip(lignes, places, strict=True):
        for regle, champ in compte.defauts:
            yield Defaut(exercice, f"{outil.code}/comptes", nom, place, regle, intitules.get(champ))
