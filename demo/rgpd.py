"""Makes the two registers of article 30 and the yearly follow-up of the data protection officer.

The actions of 2018 to 2020 are those in the report of 2020; processings, processors, requests and breaches are
invented.
"""

import datetime as dt
from dataclasses import dataclass
from random import Random

from demo import personnes
from demo.collectivites import COLLECTIVITES
from demo.fichiers import Classeur
from demo.livraisons import Defaut, Livraison

OUVERTURE = dt.date(2018, 5, 25)  # the day from which the regulation applies
SECURITE = "Habilitations par profil, journalisation, sauvegarde quotidienne, hébergement local"


@dataclass(frozen=True)
class Fiche:
    """One card of a register; ``maj`` are the years in which it was brought up to date."""

    intitule: str
    creation: dt.date
    maj: tuple[int, ...] = ()
    finalites: str = ""
    personnes: str = ""
    donnees: str = ""
    sensibles: bool = False
    aipd: bool = False
    duree: str = ""
    ulterieurs: str = ""


def _rt(intitule, annee, finalites, personnes_, donnees, duree, *maj, sensibles=False, aipd=False) -> Fiche:
    creation = OUVERTURE if annee == OUVERTURE.year else dt.date(annee, 3, 2)
    return Fiche(intitule, creation, maj, finalites, personnes_, donnees, sensibles, aipd, duree)


RESPONSABLE = (
    _rt("Gestion du personnel", 2018, "Carrière et paie des agents", "Agents", "État civil, carrière, rémunération",
        "Cinq ans après le départ", 2020, 2021, sensibles=True, aipd=True),
    _rt("Recrutement", 2018, "Choix des candidats", "Candidats", "Curriculum vitæ, entretiens", "Deux ans", 2019),
    _rt("Formation des agents", 2018, "Plan de formation", "Agents", "Formations suivies", "Cinq ans"),
    _rt("Comptabilité et marchés", 2018, "Exécution budgétaire", "Fournisseurs", "Coordonnées, RIB", "Dix ans"),
    _rt("Comité syndical", 2018, "Convocations et délibérations", "Élus", "Coordonnées, mandats", "Durée du mandat", 2020),
    _rt("Annuaire et messagerie", 2018, "Comptes et courriels", "Agents, élus", "Identité, journaux", "Un an", 2020),
    _rt("Contrôle d’accès aux locaux", 2018, "Sécurité des locaux", "Agents, visiteurs", "Badges", "Trois mois"),
    _rt("Gestion du parc téléphonique", 2018, "Suivi des lignes", "Agents", "Numéros, consommation", "Un an"),
    _rt("Assistance aux utilisateurs", 2019, "Traitement des tickets", "Agents des collectivités",
        "Identité, demandes", "Deux ans"),
    _rt("Journalisation des accès distants", 2020, "Sécurité des connexions", "Agents, élus", "Journaux", "Un an"),
    _rt("Visioconférence", 2020, "Réunions à distance", "Agents, élus", "Identité, présence", "Six mois"),
    _rt("Médecine de prévention", 2021, "Suivi médical des agents", "Agents", "Aptitude", "Durée de la carrière",
        sensibles=True, aipd=True),
)  # fmt: skip
SOUS_TRAITANT = (
    Fiche("Hébergement de la paie et des carrières", OUVERTURE, (2020, 2021), ulterieurs="Éditeur du logiciel de paie"),
    Fiche("Hébergement de la comptabilité", OUVERTURE, (), ulterieurs="Éditeur du logiciel de finances"),
    Fiche("Hébergement de l’état civil", OUVERTURE, (2019,), ulterieurs="Éditeur du logiciel d’état civil"),
    Fiche("Listes électorales", OUVERTURE, (2019, 2020), ulterieurs="Éditeur du logiciel d’élections"),
    Fiche("Portail famille et petite enfance", OUVERTURE, (2020,), ulterieurs="Éditeur du portail"),
    Fiche("Demandes de logement", OUVERTURE, (), ulterieurs="Éditeur du logiciel de logement"),
    Fiche("Courrier et parapheur", OUVERTURE, ()),
    Fiche("Urbanisme et autorisations du sol", OUVERTURE, (2021,)),
    Fiche("Messagerie des collectivités", OUVERTURE, (2020,)),
    Fiche("Sauvegarde et hébergement des serveurs", OUVERTURE, (2020,)),
    Fiche("Impression et mise sous pli", dt.date(2019, 2, 4), ()),
    Fiche("Plateforme de travail à distance", dt.date(2020, 3, 24), (2021,), ulterieurs="Éditeur de la plateforme"),
)

PRESTATAIRES = (
    ("Logiciels Barcoméo", "Paie et carrières"),
    ("Solutions Ferlavrin", "Finances"),
    ("Éditions Zelcivrine", "État civil"),
    ("Atelier Mardosande", "Élections"),
    ("Galpanoux Informatique", "Portail famille"),
    ("Priloquart", "Logement"),
    ("Systèmes Vermouniade", "Courrier"),
    ("Nautarige", "Urbanisme"),
    ("Jalréba Réseaux", "Fibre optique et accès à internet"),
    ("Corghidreuil", "Sauvegarde"),
    ("Belsitourne Services", "Maintenance des serveurs"),
    ("Impressions Dalfizaire", "Mise sous pli"),
)

# The officer's work: from the report of 2020, then invented from 2021 on.
ACTIONS = {
    2018: (
        (dt.date(2018, 2, 5), "documentation", "Cartographie des traitements du syndicat", "Services", None),
        (dt.date(2018, 3, 19), "documentation", "Politique de protection des données des usagers et des agents",
         "Usagers et agents", None),
        (dt.date(2018, 4, 9), "documentation", "Charte d’utilisation des données à caractère personnel des tiers",
         "Agents", None),
        (dt.date(2018, 4, 23), "documentation", "Charte des moyens informatiques et de communication électronique",
         "Agents", None),
        (dt.date(2018, 5, 14), "désignation", "Désignation du délégué à la protection des données", None, None),
        (dt.date(2018, 5, 25), "documentation", "Ouverture des deux registres des traitements", "Services", None),
        (dt.date(2018, 9, 10), "documentation", "Accord de responsabilité conjointe avec les collectivités adhérentes",
         "Collectivités", None),
        (dt.date(2018, 11, 5), "documentation", "Annexes RGPD aux contrats de sous-traitance", "Sous-traitants", None),
    ),
    2019: (
        (dt.date(2019, 3, 11), "documentation", "Code de bonne conduite des agents", "Agents", None),
        (dt.date(2019, 6, 6), "sensibilisation", "Réunion de sensibilisation au RGPD", "Agents", 23),
    ),
    2020: (
        (dt.date(2020, 6, 15), "documentation", "Durées de conservation des données des agents (migration vers Ciril RH)",
         "Ressources humaines", None),
        (dt.date(2020, 9, 7), "contrôle", "Liste des sous-traitants du syndicat", "Sous-traitants", None),
        (dt.date(2020, 11, 16), "documentation", "Rédaction du questionnaire de conformité des sous-traitants",
         "Sous-traitants", None),
    ),
    2021: (
        (dt.date(2021, 2, 1), "contrôle", "Envoi du questionnaire aux sous-traitants", "Sous-traitants", None),
        (dt.date(2021, 10, 5), "sensibilisation", "Ateliers par pôle", "Agents", 19),
    ),
    2022: (
        (dt.date(2022, 3, 14), "contrôle", "Relance des sous-traitants et plans d’action", "Sous-traitants", None),
        (dt.date(2022, 5, 30), "conseil", "Analyse d’impact du suivi médical", "Ressources humaines", None),
        (dt.date(2022, 9, 20), "sensibilisation", "Hameçonnage : bons réflexes", "Agents et élus", 41),
    ),
}  # fmt: skip
# begun in 2020, says the report; its due date is invented
EN_COURS = {"Liste des sous-traitants du syndicat": dt.date(2021, 3, 31)}

# Request: received, right, prolongation announced, answered.
DEMANDES = {
    2018: ((dt.date(2018, 10, 2), "accès", None, dt.date(2018, 10, 24)),),
    2019: (
        (dt.date(2019, 2, 18), "rectification", None, dt.date(2019, 2, 26)),
        (dt.date(2019, 7, 3), "accès", None, dt.date(2019, 8, 9)),  # late
    ),
    2020: (
        (dt.date(2020, 3, 9), "accès", dt.date(2020, 4, 3), dt.date(2020, 5, 28)),
        (dt.date(2020, 9, 14), "effacement", None, dt.date(2020, 10, 1)),
        (dt.date(2020, 12, 17), "accès", None, None),  # still within its time limit on 31 December
    ),
    2021: ((dt.date(2021, 4, 26), "opposition", None, dt.date(2021, 5, 17)),),
    2022: (
        (dt.date(2022, 1, 31), "accès", None, dt.date(2022, 2, 28)),
        (dt.date(2022, 6, 8), "portabilité", None, dt.date(2022, 7, 7)),
    ),
}
# Breach: found, known to the controller, property, data, people, members, to be notified, notified.
VIOLATIONS = {
    2018: (),
    2019: (("14/05/2019 10:20", None, "confidentialité", "Adresses", 12, "Orly", True, "16/05/2019 17:45"),),
    2020: (
        ("02/04/2020 09:10", None, "disponibilité", "Dossiers du portail famille", 340, "Valenton", False, None),
        # seen by a processor, which told the syndicate three days later
        (
            "21/11/2020 08:30",
            "24/11/2020 14:15",
            "confidentialité",
            "Bulletins de salaire",
            4,
            "Choisy-le-Roi",
            True,
            "25/11/2020 11:00",
        ),
    ),
    2021: (),
    2022: (("07/02/2022 14:00", None, "intégrité", "Demandes de logement", 55, "Orly", True, "09/02/2022 09:30"),),
}
EXERCICE_DEMANDE_REFUSEE = 2018


def registres(exercice: int) -> list[Livraison]:
    """The two registers as of 31 December: one workbook, two sheets."""
    classeur = Classeur(exercice, f"DÉMONSTRATION – registres des traitements {exercice}")
    feuille = classeur.feuille("Responsable de traitement")
    feuille.ajoute(
        [
            *("N° de fiche", "Nom du traitement", "Date de création", "Dernière mise à jour", "Finalités"),
            *("Catégories de personnes", "Catégories de données", "Données sensibles", "Destinataires"),
            *("Transferts hors UE", "Durée de conservation", "Mesures de sécurité", "Analyse d’impact"),
        ],
        gras=True,
    )
    for rang, fiche in _tenues(RESPONSABLE, exercice):
        feuille.ajoute(
            [
                *(f"RT-{rang:03d}", fiche.intitule, fiche.creation, _mise_a_jour(fiche, exercice), fiche.finalites),
                *(fiche.personnes, fiche.donnees, _oui(fiche.sensibles), "Services du syndicat"),
                *("Non", fiche.duree, SECURITE, _oui(fiche.aipd)),
            ]
        )
    feuille = classeur.feuille("Sous-traitant")
    feuille.ajoute(
        [
            *("N° de fiche", "Responsable de traitement", "Catégories de traitements", "Date de création"),
            *("Dernière mise à jour", "Sous-traitants ultérieurs", "Transferts hors UE", "Mesures de sécurité"),
        ],
        gras=True,
    )
    for rang, fiche in _tenues(SOUS_TRAITANT, exercice):
        feuille.ajoute(
            [
                *(f"ST-{rang:03d}", "Collectivités adhérentes", fiche.intitule, fiche.creation),
                *(_mise_a_jour(fiche, exercice), fiche.ulterieurs, "Non", SECURITE),
            ]
        )
    return [Livraison(f"{exercice}/rgpd/registres_demonstration_{exercice}.xlsx", classeur.octets())]


def suivi(exercice: int) -> list[Livraison]:
    """The follow-up of the year: processors, requests, breaches, actions."""
    nom = f"suivi_dpo_demonstration_{exercice}.xlsx"
    titre = f"DÉMONSTRATION – Suivi du délégué à la protection des données – exercice {exercice}"
    classeur = Classeur(exercice, titre)
    _sous_traitants(classeur, titre, exercice)
    defauts = _demandes(classeur, titre, exercice, nom)
    _violations(classeur, titre, exercice)
    _actions(classeur, titre, exercice)
    return [Livraison(f"{exercice}/rgpd/{nom}", classeur.octets(), tuple(defauts))]


def _tenues(fiches: tuple[Fiche, ...], exercice: int) -> list[tuple[int, Fiche]]:
    return [(rang, fiche) for rang, fiche in enumerate(fiches, start=1) if fiche.creation.year <= exercice]


def _mise_a_jour(fiche: Fiche, exercice: int) -> dt.date | None:
    annees = [annee for annee in fiche.maj if annee <= exercice]
    return dt.date(max(annees), 10, 12) if annees else None


def _oui(vrai: bool) -> str:
    return "Oui" if vrai else "Non"


def _sous_traitants(classeur: Classeur, titre: str, exercice: int) -> None:
    """The processors, listed from 2020 on; the questionnaire is sent in 2021, and the answers come back little by little."""
    feuille = classeur.feuille("Sous-traitants")
    feuille.ajoute([titre], gras=True)
    feuille.ajoute(
        [
            *("Sous-traitant", "Prestation", "Clauses RGPD signées", "Questionnaire envoyé le"),
            *("Questionnaire retourné le", "Note sur 100", "Conclusion"),
        ],
        gras=True,
    )
    if exercice < 2020:
        return
    rng = Random("rgpd/sous_traitants")
    for rang, (raison_sociale, prestation) in enumerate(PRESTATAIRES):
        note = rng.randint(48, 97)
        retour = dt.date(2021, 3, 1) + dt.timedelta(days=45 * rang)
        envoi = dt.date(2021, 2, 1) if exercice > 2020 else None
        cellules: list[object] = [raison_sociale, prestation, _oui(exercice > 2020 or rang % 3 > 0), envoi]
        if envoi and retour.year <= exercice:
            conclusion = "conforme" if note >= 80 else "à améliorer" if note >= 55 else "non conforme"
            cellules += [retour, note, conclusion]
        feuille.ajoute(cellules)


def _demandes(classeur: Classeur, titre: str, exercice: int, nom: str) -> list[Defaut]:
    rng = Random(f"rgpd/demandes/{exercice}")
    feuille = classeur.feuille("Demandes de droits")
    feuille.ajoute([titre], gras=True)
    entete = ["N° de demande", "Demandeur", "Reçue le", "Droit exercé", "Prolongation annoncée le", "Réponse le"]
    feuille.ajoute(entete, gras=True)
    demandes = DEMANDES[exercice]
    for rang, (reception, droit, prolongation, reponse) in enumerate(demandes, start=1):
        demandeur = personnes.tire(rng, COLLECTIVITES[0], rang)
        cellules = [f"{demandeur.prenom} {demandeur.nom}", reception, droit, prolongation, reponse]
        feuille.ajoute([f"DD{exercice}-{rang:02d}", *cellules])
    if exercice == EXERCICE_DEMANDE_REFUSEE:
        demandeur = personnes.tire(rng, COLLECTIVITES[0], len(demandes) + 1)
        numero = f"DD{exercice}-{len(demandes) + 1:02d}"
        place = feuille.ajoute([numero, f"{demandeur.prenom} {demandeur.nom}", "31/11/2018", "accès", None, None])
        return [Defaut(exercice, "rgpd/demandes", nom, place, "LIG-TYPE", "Reçue le")]
    return []


def _violations(classeur: Classeur, titre: str, exercice: int) -> None:
    feuille = classeur.feuille("Violations")
    feuille.ajoute([titre], gras=True)
    feuille.ajoute(
        [
            *("N° de violation", "Constatée le", "Connue du responsable le", "Atteinte", "Données concernées"),
            *("Personnes concernées", "Collectivités concernées", "Personnes informées"),
            *("À notifier", "Notifiée à la CNIL le"),
        ],
        gras=True,
    )
    for rang, (constat, connue, nature, donnees, nombre, pour, a_notifier, notifiee) in enumerate(
        VIOLATIONS[exercice], start=1
    ):
        informees = "Oui" if a_notifier else None  # the register does not say it of the others
        touchees = [donnees, nombre, pour, informees]
        feuille.ajoute([f"VD{exercice}-{rang:02d}", constat, connue, nature, *touchees, _oui(a_notifier), notifiee])


def _actions(classeur: Classeur, titre: str, exercice: int) -> None:
    feuille = classeur.feuille("Actions")
    feuille.ajoute([titre], gras=True)
    feuille.ajoute(["N° d’action", "Date", "Type", "Action", "Public", "Participants", "État", "Échéance"], gras=True)
    for rang, (jour, type_action, intitule, public, participants) in enumerate(ACTIONS[exercice], start=1):
        echeance = EN_COURS.get(intitule)
        etat = "en cours" if echeance else "réalisée"
        feuille.ajoute([f"A{exercice}-{rang:02d}", jour, type_action, intitule, public, participants, etat, echeance])
