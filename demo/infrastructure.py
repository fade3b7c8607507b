"""Makes the exports of the infrastructure pole: print shop, hosted storage, network, Teams, backups.

The charts of the published report lost their values: the volumes are plausible for five towns with some 3 000 agents.
Only the figures of the network were published. Messaging and remote access each have their own module.
"""

import datetime as dt
from collections.abc import Iterator
from random import Random

from demo import infrastructure_citrix, infrastructure_messagerie
from demo.collectivites import COLLECTIVITES, Collectivite
from demo.fichiers import Classeur, FichierTexte
from demo.livraisons import Defaut, Livraison

SYNDICAT = Collectivite("", "SICIO", "SICIO", "SICIO", "du ", 1100)  # the syndicate, as a user of its own tools
LIEUX = (*COLLECTIVITES, SYNDICAT)
AGENTS_PAR_HABITANT = 0.0242

# A refused line makes the figures of its file partial for the year, so 2020 has none.
EXERCICE_EDITIQUE_REFUSEE = 2019
EXERCICE_SAUVEGARDE_REFUSEE = 2018
EXERCICE_TEAMS = 2020  # opened on 24 March
ELECTIONS = {2019: 5, 2020: 3, 2021: 6, 2022: 4}  # year → month of the ballot whose cards are printed


def exports(exercice: int) -> Iterator[Livraison]:
    """Every file of the pole for one exercice."""
    yield from infrastructure_messagerie.exports(exercice)
    yield from infrastructure_citrix.exports(exercice)
    yield editique(exercice)
    yield stockage(exercice)
    yield reseau(exercice)
    if exercice >= EXERCICE_TEAMS:
        yield teams(exercice)
    yield sauvegardes(exercice)


# --- éditique

Travail = tuple[dt.date, str, Collectivite, int, float, bool]  # date, nature, place, documents, pages each, enveloped


def editique(exercice: int) -> Livraison:
    """The production log of the print shop: one line per job; some jobs were cancelled, some printed again."""
    rng = Random(f"editique/{exercice}")
    nom = f"editique_demonstration_{exercice}.csv"
    fichier = FichierTexte("cp1252", ";")
    fichier.ligne_libre(f"DÉMONSTRATION – Journal de l’atelier d’édition – exercice {exercice}")
    fichier.ajoute(
        [
            *("N° de travail", "Date", "Nature", "Collectivité", "Machine", "Documents", "Pages", "Feuilles"),
            *("Mise sous pli", "Plis", "Reprise du travail", "Statut"),
        ]
    )
    lignes = list(_lignes_editique(rng, exercice))
    for ligne in lignes:
        fichier.ajoute(ligne)
    defauts = []
    if exercice == EXERCICE_EDITIQUE_REFUSEE:
        numero = f"ED{exercice % 100}-{len(lignes) + 1:05d}"
        place = fichier.ajoute(
            [numero, f"12/11/{exercice}", "Courriers", "Orly", "", "compteur HS", 0, 0, "N", "", "", "Terminé"]
        )
        defauts.append(Defaut(exercice, "editique/travaux", nom, place, "LIG-TYPE", "Documents"))
    documents, pages = (sum(ligne[rang] for ligne in lignes) for rang in (5, 6))
    fichier.ajoute(["TOTAL", "", "", "", "", documents, pages, "", "", "", "", ""])
    return Livraison(f"{exercice}/editique/{nom}", fichier.octets(), tuple(defauts))


def _lignes_editique(rng: Random, exercice: int) -> Iterator[list]:
    numero = 0
    for date, nature, lieu, documents, par_document, sous_pli in sorted(
        _travaux(rng, exercice), key=lambda travail: (*travail[:2], travail[2].nom)
    ):
        numero += 1
        pages = round(documents * par_document)
        plis = round(documents * rng.uniform(0.93, 1)) if sous_pli else ""
        reference = f"ED{exercice % 100}-{numero:05d}"
        statut = "Annulé" if rng.random() < 0.02 else "Terminé"
        ligne = [nature, lieu.ecrite(rng.choice(("nom", "court", "sigle"))), rng.choice(("IMP-1", "IMP-2"))]
        suite = [documents, pages, -(-pages // 2), "ON"[not sous_pli], plis]
        yield [reference, f"{date:%d/%m/%Y}", *ligne, *suite, "", statut]
        if statut == "Terminé" and rng.random() < 0.03:  # a jam: printed again the next day, counted once
            numero += 1
            reprise = f"ED{exercice % 100}-{numero:05d}"
            demain = min(date + dt.timedelta(days=1), dt.date(exercice, 12, 31))
            yield [reprise, f"{demain:%d/%m/%Y}", *ligne, *suite, reference, "Terminé"]


def _travaux(rng: Random, exercice: int) -> Iterator[Travail]:
    croissance = 1 + 0.012 * (exercice - 2018)
    for mois in range(1, 13):
        for lieu in LIEUX:
            agents = round(lieu.population * AGENTS_PAR_HABITANT * croissance * rng.uniform(0.985, 1.015))
            yield dt.date(exercice, mois, 22), "Bulletins de salaire", lieu, agents, 1.2, True
            if lieu is SYNDICAT:
                continue
            factures = round(lieu.population * 0.045 * rng.uniform(0.9, 1.1))
            if not (exercice == 2020 and mois in (4, 5)):  # schools and crèches were closed
                yield dt.date(exercice, mois, 8), "Factures", lieu, factures, 1.1, True
            if mois % 3 == 0:
                courriers = round(lieu.population * rng.uniform(0.01, 0.03))
                yield dt.date(exercice, mois, 14), "Courriers", lieu, courriers, 1.6, rng.random() < 0.7
            if mois in (5, 9):
                yield dt.date(exercice, mois, 27), "Avis et convocations", lieu, round(lieu.population * 0.02), 1, False
            if ELECTIONS.get(exercice) == mois:
                yield dt.date(exercice, mois, 3), "Cartes électorales", lieu, round(lieu.population * 0.55), 1, True


# --- stockage


def stockage(exercice: int) -> Livraison:
    """The monthly readings of the hosting platform, in gigabytes."""
    classeur = Classeur(exercice, f"DÉMONSTRATION – stockage {exercice}")
    feuille = classeur.feuille("Volumes")
    feuille.ajoute([f"DÉMONSTRATION – Relevé de la plateforme – Exercice {exercice}"], gras=True)
    feuille.ajoute(["Mois", "Collectivité", "Utilisé (Go)", "Alloué (Go)"], gras=True)
    total = 0.0
    for mois in range(1, 13):
        total = 0.0
        for lieu in LIEUX:
            rng = Random(f"stockage/{lieu.nom}/{exercice}/{mois}")
            age = 12 * (exercice - 2018) + mois - 1
            volume = round((900 + lieu.population * 0.31) * 1.013**age * rng.uniform(0.99, 1.01), 1)
            total += volume
            feuille.ajoute([dt.date(exercice, mois, 1), lieu.ecrite("nom"), volume, round(volume * 1.4, -2)])
    feuille.ajoute([None, "TOTAL décembre", round(total, 1)], gras=True)
    nom = f"stockage_demonstration_{exercice}.xlsx"
    return Livraison(f"{exercice}/stockage/{nom}", classeur.octets())


# --- réseau

BOUCLE = (  # the loop of dark fibre: 31 km
    ("SICIO", "Choisy-le-Roi", 6.4),
    ("Choisy-le-Roi", "Orly", 5.1),
    ("Orly", "Villeneuve-le-Roi", 4.8),
    ("Villeneuve-le-Roi", "Valenton", 5.9),
    ("Valenton", "Bonneuil-sur-Marne", 4.6),
    ("Bonneuil-sur-Marne", "SICIO", 4.2),
)
MISE_EN_SERVICE_BOUCLE = dt.date(2020, 6, 15)
LIENS = (  # reference, nature, from, to, operator, Mb/s, km, first and last day
    ("INT-01", "Accès internet", "SICIO", "Internet", "Opérateur A", 200, None, dt.date(2014, 3, 1), dt.date(2020, 9, 30)),
    ("INT-02", "Accès internet", "SICIO", "Internet", "Opérateur B", 1000, None, dt.date(2020, 9, 1), None),
    ("INT-03", "Accès internet de secours", "SICIO", "Internet", "Opérateur C", 50, None, dt.date(2016, 1, 4), None),
    *(
        (f"LL-{rang:02d}", "Liaison louée", "SICIO", lieu.nom, "Opérateur A", 100, None, dt.date(2014, 3, 1), dt.date(2020, 7, 31))
        for rang, lieu in enumerate(COLLECTIVITES, start=1)
    ),
    *(
        (f"FO-{rang:02d}", "Fibre noire", de, vers, None, None, km, MISE_EN_SERVICE_BOUCLE, None)
        for rang, (de, vers, km) in enumerate(BOUCLE, start=1)
    ),
)  # fmt: skip


def reseau(exercice: int) -> Livraison:
    """The inventory of the network links in service during the year."""
    classeur = Classeur(exercice, f"DÉMONSTRATION – réseau {exercice}")
    feuille = classeur.feuille("Liens")
    feuille.ajoute([f"DÉMONSTRATION – Inventaire des liens au 31/12/{exercice}"], gras=True)
    feuille.ajoute([])
    feuille.ajoute(
        [
            *("Réf.", "Nature", "De", "Vers", "Opérateur", "Débit (Mb/s)", "Longueur (km)"),
            *("Mise en service", "Résiliation"),
        ],
        gras=True,
    )
    for *lien, debut, fin in LIENS:
        if debut.year <= exercice and (fin is None or fin.year >= exercice):
            feuille.ajoute([*lien, debut, fin if fin and fin.year <= exercice else None])
    nom = f"reseau_demonstration_{exercice}.xlsx"
    return Livraison(f"{exercice}/reseau/{nom}", classeur.octets())


# --- Teams


def teams(exercice: int) -> Livraison:
    """The monthly usage report; nothing before Teams was opened."""
    rng = Random(f"teams/{exercice}")
    fichier = FichierTexte("utf-8", ",", "\n")
    fichier.ajoute(
        ["Report Month", "Company", "Active Users", "Meetings Organized", "Channel Messages", "Active Channels"]
    )
    for mois in range(3 if exercice == EXERCICE_TEAMS else 1, 13):
        for lieu in LIEUX:
            part = 0.10 if (exercice, mois) < (2020, 9) else 0.16
            agents = max(20, round(lieu.population * AGENTS_PAR_HABITANT))
            utilisateurs = round(agents * part * rng.uniform(0.7, 1.1) * (0.5 if mois == 8 else 1))
            reunions = round(utilisateurs * rng.uniform(0.8, 2.2))
            fichier.ajoute(
                [
                    f"{exercice}-{mois:02d}-01",
                    lieu.ecrite("nom"),
                    utilisateurs,
                    reunions,
                    round(utilisateurs * rng.uniform(4, 12)),
                    6 if lieu is SYNDICAT else rng.randint(4, 7),
                ]
            )
    return Livraison(f"{exercice}/teams/teams_demonstration_{exercice}.csv", fichier.octets())


# --- sauvegardes

SAUVEGARDES = (  # what, hour of start, gigabytes of a whole backup in 2018
    ("Annuaires", 20, 40),
    ("Bases de données métiers", 21, 1900),
    ("Messagerie Zimbra", 22, 950),
    ("Serveurs de fichiers", 23, 9500),
    ("Machines virtuelles", 19, 7200),
)


def sauvegardes(exercice: int) -> Livraison:
    """The yearly log of backup jobs: whole on Saturdays, incremental on other days."""
    rng = Random(f"sauvegardes/{exercice}")
    nom = f"sauvegardes_demonstration_{exercice}.csv"
    fichier = FichierTexte("cp1252", ";")
    fichier.ligne_libre(f"DÉMONSTRATION – Journal des sauvegardes – exercice {exercice}")
    fichier.ajoute(["Session", "Travail", "Type", "Début", "Fin", "Résultat", "Volume (Go)"])
    total, numero = 0, 0  # tenths of a gigabyte
    jour = dt.date(exercice, 1, 1)
    while jour.year == exercice:
        for travail, heure, volume in SAUVEGARDES:
            numero += 1
            ligne, dixiemes = _sauvegarde(rng, jour, heure, volume * 1.16 ** (exercice - 2018))
            total += dixiemes
            fichier.ajoute([f"S{exercice}-{numero:05d}", travail, *ligne, _gigaoctets(dixiemes)])
        jour += dt.timedelta(days=1)
    defauts = []
    if exercice == EXERCICE_SAUVEGARDE_REFUSEE:
        place = fichier.ajoute(
            [f"S{exercice}-{numero + 1:05d}", "Annuaires", "Complète", f"31/11/{exercice} 20:00", "", "Échec", "0"]
        )
        defauts.append(Defaut(exercice, "sauvegardes/travaux", nom, place, "LIG-TYPE", "Début"))
    fichier.ajoute(["TOTAL", "", "", "", "", "", _gigaoctets(total)])
    return Livraison(f"{exercice}/sauvegardes/{nom}", fichier.octets(), tuple(defauts))


def _sauvegarde(rng: Random, jour: dt.date, heure: int, volume: float) -> tuple[list, int]:
    """One run: its cells but the volume, and the volume in tenths of a gigabyte."""
    complete = jour.weekday() == 5
    resultat = rng.choices(("Réussite", "Avertissement", "Échec", "Annulé"), weights=(930, 40, 24, 6))[0]
    ecrit = volume * (1 if complete else rng.uniform(0.02, 0.06))
    dixiemes = round(ecrit * rng.uniform(0.98, 1.02) * 10) if resultat in ("Réussite", "Avertissement") else 0
    debut = dt.datetime.combine(jour, dt.time(heure, rng.randrange(6)))
    fin = debut + dt.timedelta(minutes=5 + dixiemes // 400)
    fini = "" if resultat == "Annulé" else f"{fin:%d/%m/%Y %H:%M}"
    return ["Complète" if complete else "Incrémentielle", f"{debut:%d/%m/%Y %H:%M}", fini, resultat], dixiemes


def _gigaoctets(dixiemes: int) -> str:
    return f"{dixiemes // 10},{dixiemes % 10}"
