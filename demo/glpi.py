"""Makes the help desk's tickets as GLPI 9.5 exports them in French: every cell quoted, a ``;`` ending every line.

It works for any exercice. The lockdown of 2020 shows: from the middle of March on, teleworkers ask for access.
Requesters, technicians and texts are invented; the pipeline must not keep any of them.
"""

import datetime as dt
import html
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from demo import collectivites, personnes
from demo.collectivites import Collectivite
from demo.fichiers import FichierTexte
from demo.livraisons import Defaut, Livraison

RACINE = "SICIO"
COLONNES = (
    *("ID", "Titre", "Entité", "Statut", "Dernière modification", "Date d'ouverture", "Priorité", "Urgence"),
    *("Demandeur - Demandeur", "Attribué à - Technicien", "Attribué à - Groupe de techniciens", "Catégorie", "Type"),
    *("Date de résolution", "Date de clôture", "Statistiques - Délai en attente", "Suivis - Description"),
    *("Suivis - Nombre de suivis", "Solution - Statut de la solution", "Solution - Solution", "Tâches - Description"),
)
TICKETS_PAR_MOIS = (265, 240, 260, 225, 205, 255, 190, 120, 330, 300, 275, 215)  # of an ordinary year
TELETRAVAIL = {3: 180, 4: 210, 5: 120, 6: 60, 9: 30, 10: 70, 11: 160, 12: 60}  # more, in 2020
CATEGORIES = (  # (category, type, share, median hours)
    ("Poste de travail > Ordinateur", "Incident", 20, 6),
    ("Poste de travail > Imprimante & copieur", "Incident", 14, 10),
    ("Poste de travail > Installation", "Demande", 10, 48),
    ("Réseau & téléphonie > Téléphone", "Incident", 9, 12),
    ("Réseau & téléphonie > Accès internet", "Incident", 8, 3),
    ("Comptes et droits > Mot de passe", "Demande", 14, 1),
    ("Comptes et droits > Création de compte", "Demande", 10, 24),
    ("Messagerie", "Incident", 8, 5),
    ("Application métier", "Incident", 7, 20),
)
ACCES_DISTANT = ("Télétravail > Accès distant (Citrix)", "Demande", 0, 8)
TITRES = (
    "Ne fonctionne plus",
    "Demande d’un agent",
    'Écran "bleu" au démarrage',
    "Erreur <403>\nau lancement",
    "À voir",
)
SERVICES = ("", "", "", " > Écoles", " > État civil", " > Services techniques & espaces verts")
OUVERT = ("Nouveau", "En cours (Attribué)", "En cours (Planifié)", "En attente")
URGENCES = (("Très haute", 3), ("Haute", 17), ("Moyenne", 65), ("Basse", 12), ("Très basse", 3))

# A refused line makes the figures of its year partial, so 2020 has none.
EXERCICE_DATE_IMPOSSIBLE = 2019
EXERCICE_SANS_ENTITE = 2018
EXERCICE_RESOLU_TROP_TOT = 2019


@dataclass
class Ticket:
    """One ticket before it is written."""

    ouverture: dt.datetime
    membre: Collectivite | None  # None: still in the root entity
    categorie: str | None
    genre: str
    heures: int  # the usual resolution time of its category


def tickets(exercice: int) -> Iterator[Livraison]:
    """The export of the tickets opened in ``exercice``, as made on 20 January of the next year."""
    rng = Random(f"glpi/{exercice}")
    nom = f"glpi_demonstration_{exercice}.csv"
    fichier = FichierTexte("utf-8-sig", ";", "\n", tout_entre_guillemets=True, separateur_final=True)
    fichier.ajoute(COLONNES)
    numero, defauts = 4_000 + 3_100 * (exercice - 2018), []
    for rang, ticket in enumerate(_ouverts(rng, exercice)):
        numero += 1 if rng.random() < 0.95 else 2  # a deleted ticket leaves a gap
        cellules = _cellules(rng, numero, exercice, ticket)
        colonne = _abime(cellules, exercice, rang)
        ligne = fichier.ajoute(html.escape(cellules[nom_], quote=False).replace('"', "''") for nom_ in COLONNES)
        if colonne:
            defauts.append(Defaut(exercice, "glpi/tickets", nom, ligne, *colonne))
    yield Livraison(f"{exercice}/glpi/{nom}", fichier.octets(), tuple(defauts))


def _abime(cellules: dict[str, str], exercice: int, rang: int) -> tuple[str, str] | None:
    """Plant this line's defect, if it has one; return (rule, heading)."""
    if rang == 900 and exercice == EXERCICE_DATE_IMPOSSIBLE:
        cellules["Date d'ouverture"] = f"31-04-{exercice} 09:15"
        return "LIG-TYPE", "Date d'ouverture"
    if rang == 500 and exercice == EXERCICE_SANS_ENTITE:
        cellules["Entité"] = ""
        return "LIG-OBLIGATOIRE", "Entité"
    if rang == 1200 and exercice == EXERCICE_RESOLU_TROP_TOT:
        cellules["Statut"] = "Résolu"
        cellules["Date de résolution"] = f"02-01-{exercice} 08:00"
        cellules["Date de clôture"] = ""
        return "resolution_avant_ouverture", "Date de résolution"
    return None


def _ouverts(rng: Random, exercice: int) -> list[Ticket]:
    found = []
    for mois, usuel in enumerate(TICKETS_PAR_MOIS, start=1):
        usuel += round(usuel * 0.03 * (exercice - 2018))
        found += [
            _ticket(rng, exercice, mois, rng.choices(CATEGORIES, [c[2] for c in CATEGORIES])[0]) for _ in range(usuel)
        ]
        if exercice == 2020:
            found += [_ticket(rng, exercice, mois, ACCES_DISTANT) for _ in range(TELETRAVAIL.get(mois, 0))]
    return sorted(found, key=lambda ticket: ticket.ouverture)


def _ticket(rng: Random, exercice: int, mois: int, categorie: tuple[str, str, int, int]) -> Ticket:
    while True:
        jour = dt.date(exercice, mois, rng.randint(1, 28))
        confine = categorie is ACCES_DISTANT and mois == 3 and jour.day < 17
        if jour.weekday() < 5 and not confine:
            break
    libelle, genre, _, heures = categorie
    return Ticket(
        dt.datetime.combine(jour, dt.time(rng.randint(8, 17), rng.randrange(60))),
        None if rng.random() < 0.04 else collectivites.tire(rng),
        None if rng.random() < 0.03 else libelle,
        genre,
        heures,
    )


def _cellules(rng: Random, numero: int, exercice: int, ticket: Ticket) -> dict[str, str]:
    """The cells of a line, by heading, in their state on the day of the export."""
    export = dt.datetime(exercice + 1, 1, 20, 18)
    attente = rng.choices((0, rng.randint(30, 6000)), weights=(80, 20))[0]  # minutes
    travail = max(2, round(rng.lognormvariate(0, 1.1) * ticket.heures * 60))
    fin = ticket.ouverture + dt.timedelta(minutes=attente + travail)
    rouvert = rng.random() < 0.03
    resolu = fin < export and rng.random() < (0.85 if rouvert else 0.985)
    clos = resolu and fin + dt.timedelta(days=7) < export
    urgence = rng.choices([u for u, _ in URGENCES], [part for _, part in URGENCES])[0]
    membre = ticket.membre or rng.choice(collectivites.COLLECTIVITES)
    demandeur = personnes.tire(rng, membre, numero)
    derniere = (fin + dt.timedelta(days=7) if clos else fin) if resolu else ticket.ouverture
    suivis = rng.choices((0, 1, 2, 5), weights=(35, 40, 20, 5))[0]
    return {
        "ID": f"{numero:,}".replace(",", "\u00a0"),
        "Titre": rng.choice(TITRES),
        "Entité": f"{RACINE} > {ticket.membre.nom}{rng.choice(SERVICES)}" if ticket.membre else RACINE,
        "Statut": ("Clos" if clos else "Résolu") if resolu else rng.choice(OUVERT[1:] if rouvert else OUVERT),
        "Dernière modification": _instant(derniere),
        "Date d'ouverture": _instant(ticket.ouverture),
        "Priorité": "Majeure" if urgence == "Très haute" and rng.random() < 0.2 else urgence,
        "Urgence": urgence,
        "Demandeur - Demandeur": f"{demandeur.nom} {demandeur.prenom}",
        "Attribué à - Technicien": "\n".join(
            rng.sample(("Cordreuil Noé", "Jalvrin Inès", "Zelmieux Loïc"), rng.choice((1, 1, 2)))
        ),
        "Attribué à - Groupe de techniciens": "Proximité",
        "Catégorie": ticket.categorie or "",
        "Type": ticket.genre,
        "Date de résolution": _instant(fin) if resolu else "",
        "Date de clôture": _instant(fin + dt.timedelta(days=7)) if clos else "",
        "Statistiques - Délai en attente": _duree(attente),
        "Suivis - Description": "\n".join(["Relance de l’agent ; voir ci-joint"] * suivis),
        "Suivis - Nombre de suivis": str(suivis),
        "Solution - Statut de la solution": "\n".join(
            ["Refusée"] * rouvert + ["Acceptée" if clos else "En attente de validation"] * resolu
        ),
        "Solution - Solution": "Redémarrage du poste" if resolu else "",
        "Tâches - Description": "",
    }


def _instant(instant: dt.datetime) -> str:
    return instant.strftime("%d-%m-%Y %H:%M")


def _duree(minutes: int) -> str:
    return f"{minutes // 60} heures {minutes % 60} minutes" if minutes >= 60 else f"{minutes} minutes"
