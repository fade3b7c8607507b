"""Makes the workbook of the comité: its members, meetings and deliberations.

The ten members installed on 23 July 2020 are those that the report of 2020 names: they hold a public office and the
report is public. Everybody else, every meeting and every vote is invented.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from demo.collectivites import COLLECTIVITES
from demo.fichiers import Classeur
from demo.livraisons import Defaut, Livraison

RENOUVELLEMENTS = (dt.date(2014, 5, 15), dt.date(2020, 7, 23))
CHOISY, ORLY, VALENTON, VILLENEUVE, BONNEUIL = (membre.nom for membre in COLLECTIVITES)


@dataclass(frozen=True)
class Mandat:
    """A seat held by one person."""

    nom: str
    prenom: str
    fonction: str
    rang: int | None
    collectivite: str
    qualite: str | None
    debut: dt.date
    fin: dt.date | None = None


def _comite(debut: dt.date, fin: dt.date | None, *membres: tuple) -> tuple[Mandat, ...]:
    return tuple(Mandat(*membre, debut, fin) for membre in membres)


MANDATS = (
    *_comite(
        *RENOUVELLEMENTS,
        ("SOLCALANDRE", "Raphaël", "Président", None, CHOISY, "Maire adjoint"),
        ("MELNABAULT", "Thérèse", "Vice-présidente", 1, ORLY, "Maire adjointe"),
        ("BRUDOZAIRE", "Régis", "Vice-président", 2, VILLENEUVE, "Conseiller municipal"),
        ("FERSIVASQUE", "Noémie", "Vice-présidente", 3, VALENTON, "Maire adjointe"),
        ("PELMOUQUART", "Loïc", "Vice-président", 4, BONNEUIL, "Maire adjoint"),
        ("CORVIRIGE", "Amélie", "Membre", None, CHOISY, "Conseillère municipale"),
        ("GALRÉTOURNE", "Damien", "Membre", None, ORLY, "Conseiller municipal"),
        ("NAUPALUSQUE", "Sabrina", "Membre", None, VALENTON, "Conseillère municipale"),
        ("ÉRILOGNOUX", "Bastien", "Membre", None, VILLENEUVE, "Conseiller municipal"),
        ("TALGHIVRIN", "Cécile", "Membre", None, BONNEUIL, "Conseillère municipale"),
    ),
    *_comite(
        RENOUVELLEMENTS[1],
        None,
        ("GONZALES", "Elise", "Présidente", None, VILLENEUVE, None),
        ("CHALBI", "Yacin", "Vice-président", 1, CHOISY, "Conseiller municipal"),
        ("LETELLIER", "Arnaud", "Vice-président", 2, BONNEUIL, "Maire adjoint"),
        ("BELKHIRI", "Kamel", "Vice-président", 3, VALENTON, "Maire adjoint"),
        ("HAMZA", "Ramzi", "Vice-président", 4, ORLY, "Conseiller municipal"),
        ("CHAZOTTES", "Jean-François", "Membre", None, ORLY, "Maire adjoint"),
        ("GARROUT", "Karim", "Membre", None, CHOISY, "Conseiller municipal"),
        ("NGOYI", "Philippe", "Membre", None, VILLENEUVE, "Conseiller municipal"),
        ("SCEMAMA", "Marc", "Membre", None, BONNEUIL, "Conseiller municipal"),
        ("YAVUZ", "Métin", "Membre", None, VALENTON, "Maire"),
    ),
)

# Day, kind, place, members present, proxies. Two meetings of 2020 fall under the rule of one third of the members.
SEANCES = {
    2018: (
        (dt.date(2018, 2, 8), "Débat d’orientation budgétaire", "Siège", 8, 1),
        (dt.date(2018, 3, 29), "Vote du budget", "Siège", 9, 1),
        (dt.date(2018, 6, 21), "Compte administratif", "Siège", 7, 2),
        (dt.date(2018, 10, 4), "Ordinaire", "Siège", 6, 2),
        (dt.date(2018, 12, 13), "Ordinaire", "Siège", 8, 0),
    ),
    2019: (
        (dt.date(2019, 2, 7), "Débat d’orientation budgétaire", "Siège", 7, 2),
        (dt.date(2019, 3, 28), "Vote du budget", "Siège", 8, 2),
        (dt.date(2019, 6, 20), "Compte administratif", "Siège", 5, 4),
        (dt.date(2019, 10, 3), "Ordinaire", "Siège", 4, 1),
        (dt.date(2019, 10, 10), "Ordinaire", "Siège", 4, 2),
        (dt.date(2019, 12, 12), "Ordinaire", "Siège", 8, 1),
    ),
    2020: (
        (dt.date(2020, 2, 6), "Vote du budget", "Siège", 8, 1),
        (dt.date(2020, 6, 25), "Compte administratif", "À distance", 4, 5),
        (dt.date(2020, 7, 23), "Installation du comité", "Siège", 10, 0),
        (dt.date(2020, 10, 8), "Ordinaire", "Siège", 8, 2),
        (dt.date(2020, 12, 10), "Ordinaire", "À distance", 7, 3),
    ),
    2021: (
        (dt.date(2021, 2, 11), "Débat d’orientation budgétaire", "À distance", 8, 2),
        (dt.date(2021, 4, 8), "Vote du budget", "À distance", 9, 1),
        (dt.date(2021, 6, 24), "Compte administratif", "Siège", 7, 2),
        (dt.date(2021, 12, 9), "Ordinaire", "Siège", 5, 4),
    ),
    2022: (
        (dt.date(2022, 2, 10), "Débat d’orientation budgétaire", "À distance", 8, 1),
        (dt.date(2022, 4, 7), "Vote du budget", "Siège", 9, 0),
        (dt.date(2022, 6, 23), "Compte administratif", "Siège", 7, 2),
        (dt.date(2022, 12, 8), "Ordinaire", "Siège", 8, 2),
    ),
    2023: ((dt.date(2023, 6, 22), "Compte administratif", "Siège", 8, 1),),  # where the accounts of 2022 are voted
}
DEUX_DECISIONS = (2020, 2022)  # years of a second décision modificative, of the principal budget
SECONDES_CONVOCATIONS = (dt.date(2019, 10, 10),)
QUORUM_CONTREDIT = dt.date(2019, 6, 20)  # the minutes wrongly say that five of ten is a quorum
SANS_QUORUM = (dt.date(2019, 10, 3),)
EXERCICE_SEANCE_REFUSEE = 2018

MATIERES = {  # code of the nomenclature « Actes » → (its label, what was decided)
    "7.1": (
        "Décisions budgétaires",
        (
            "Admission en non-valeur de titres anciens",
            "Durée d’amortissement des matériels et logiciels",
            "Provision pour créances douteuses",
        ),
    ),
    "4.1": (
        "Personnels titulaires et stagiaires de la FPT",
        ("Mise à jour du tableau des effectifs", "Régime indemnitaire des ingénieurs", "Charte du télétravail"),
    ),
    "1.1": (
        "Marchés publics",
        (
            "Groupement de commandes pour la téléphonie",
            "Marché de maintenance des applications métiers",
            "Marché de maintenance des serveurs",
            "Marché d’accès à internet",
            "Accord-cadre de postes de travail",
            "Avenant au marché d’impression et de mise sous pli",
        ),
    ),
    "5.2": ("Fonctionnement des assemblées", ("Règlement intérieur du comité", "Délégations à la présidence")),
    "8.8": (
        "Environnement numérique",
        (
            "Convention de mise à disposition de la fibre",
            "Schéma directeur informatique",
            "Politique de protection des données",
            "Convention d’accès distant avec les communes",
        ),
    ),
}
OBLIGEES = {  # what is voted at each kind of meeting
    "Débat d’orientation budgétaire": ("7.1", "Débat d’orientation budgétaire"),
    "Vote du budget": ("7.1", "Vote du budget primitif, budget principal et budget annexe"),
    "Compte administratif": ("7.1", "Approbation du compte administratif et affectation du résultat"),
    "Installation du comité": ("5.1", "Élection de la présidente et des vice-présidents"),
}
MODIFICATIVE = ("7.1", "Décision modificative n° {}")
PRECEDENTE = ("5.2", "Procès-verbal de la séance précédente")
LIBELLES = {code: libelle for code, (libelle, _) in MATIERES.items()} | {"5.1": "Élection exécutif"}


def comite(exercice: int) -> list[Livraison]:
    """The workbook of the comité, its three sheets."""
    nom = f"comite_demonstration_{exercice}.xlsx"
    titre = f"DÉMONSTRATION – Comité syndical – exercice {exercice}"
    classeur = Classeur(exercice, titre)
    _membres(classeur, titre, exercice)
    defauts = _seances(classeur, titre, exercice, nom)
    _deliberations(classeur, titre, exercice)
    return [Livraison(f"{exercice}/comite/{nom}", classeur.octets(), tuple(defauts))]


def vote(nature: str, exercice: int) -> dt.date:
    """The day of the year's meeting of this kind."""
    return next(jour for jour, sorte, *_ in SEANCES[exercice] if sorte == nature)


def decisions_modificatives(exercice: int) -> list[dt.date]:
    """The days on which the credits of a year are changed: its last meetings."""
    jours = [jour for jour, *_ in SEANCES[exercice]]
    return jours[-2:] if exercice in DEUX_DECISIONS else jours[-1:]


def mandats(exercice: int) -> list[Mandat]:
    """Those who sat for at least a day of the exercice, an end known by then."""
    debut, fin = dt.date(exercice, 1, 1), dt.date(exercice, 12, 31)
    return [m for m in MANDATS if m.debut <= fin and (m.fin is None or m.fin > debut)]


def _membres(classeur: Classeur, titre: str, exercice: int) -> None:
    feuille = classeur.feuille("Membres")
    feuille.ajoute([titre], gras=True)
    feuille.ajoute(
        ["Nom", "Prénom", "Fonction", "Rang", "Collectivité", "Qualité dans la commune", "Début", "Fin"], gras=True
    )
    for m in mandats(exercice):
        fin = m.fin if m.fin and m.fin.year <= exercice else None
        feuille.ajoute([m.nom, m.prenom, m.fonction, m.rang, m.collectivite, m.qualite, m.debut, fin])


def _seances(classeur: Classeur, titre: str, exercice: int, nom: str) -> list[Defaut]:
    feuille = classeur.feuille("Séances")
    feuille.ajoute([titre], gras=True)
    entete = ["Date", "Nature", "Lieu", "Présents", "Pouvoirs", "Seconde convocation", "Quorum atteint"]
    feuille.ajoute(entete, gras=True)
    for jour, nature, lieu, presents, pouvoirs in SEANCES[exercice]:
        seconde = "Oui" if jour in SECONDES_CONVOCATIONS else "Non"
        quorum = "Non" if jour in SANS_QUORUM else "Oui"
        feuille.ajoute([jour, nature, lieu, presents, pouvoirs, seconde, quorum])
    if exercice == EXERCICE_SEANCE_REFUSEE:
        place = feuille.ajoute(["novembre (reportée)", "Ordinaire", "Siège", 0, 0, "Non", "Non"])
        return [Defaut(exercice, "comite/seances", nom, place, "LIG-TYPE", "Date")]
    return []


def _deliberations(classeur: Classeur, titre: str, exercice: int) -> None:
    rng = Random(f"comite/{exercice}")
    feuille = classeur.feuille("Délibérations")
    feuille.ajoute([titre], gras=True)
    feuille.ajoute(
        [
            *("DELIB_ID", "DELIB_DATE", "DELIB_MATIERE_CODE", "DELIB_MATIERE_NOM", "DELIB_OBJET"),
            *("VOTE_EFFECTIF", "VOTE_REEL", "VOTE_POUR", "VOTE_CONTRE", "VOTE_ABSTENTION"),
        ],
        gras=True,
    )
    possibles = [(code, objet) for code, (_, objets) in MATIERES.items() for objet in objets]
    rng.shuffle(possibles)
    numero = 0
    for jour, nature, _, presents, pouvoirs in SEANCES[exercice]:
        for code, objet in _ordre_du_jour(possibles, jour, nature):
            numero += 1
            # the president withdraws when the accounts are voted (CGCT, art. L. 2121-14)
            votants = presents + pouvoirs - (objet == OBLIGEES["Compte administratif"][1])
            contre, abstentions = rng.choices([(0, 0), (0, 1), (1, 0), (1, 1)], weights=[12, 3, 1, 1])[0]
            if objet == OBLIGEES["Installation du comité"][1]:
                contre, abstentions = 0, 0
            votes = [votants - contre - abstentions, contre, abstentions]
            feuille.ajoute([f"{exercice}-{numero:02d}", jour, code, LIBELLES[code], objet, 10, votants, *votes])


def _ordre_du_jour(possibles: list[tuple[str, str]], jour: dt.date, nature: str) -> Iterator[tuple[str, str]]:
    """What is voted at one meeting, taken from what is still ``possibles`` in the year; nothing when there was no quorum."""
    if jour in SANS_QUORUM:
        return
    if nature in OBLIGEES:
        yield OBLIGEES[nature]
    votees, (code, objet) = [PRECEDENTE], MODIFICATIVE
    modificatives = decisions_modificatives(jour.year)
    if jour in modificatives:
        votees.append((code, objet.format(1 + modificatives.index(jour))))
    yield from sorted([*votees, *(possibles.pop() for _ in range(4 - len(votees)))])
