"""Makes the portfolio of projects of both poles, and the landmarks of the year.

Those of 2020 are the ones in the report of 2020, in its order and shortened; where it gives no date the month is
invented. Those of the other years are invented, and so are all planned ends and costs.
"""

import datetime as dt

from demo.fichiers import Classeur
from demo.livraisons import Defaut, Livraison

APPLICATIONS, INFRASTRUCTURE = "Applications", "Infrastructure"
TOUTES = "Toutes"
EXERCICE_PROJET_REFUSE = 2018

# Pole, title, description, axis, members concerned, beginning, end, state on 31 December.
PROJETS = {
    2018: (
        (APPLICATIONS, "Assistance à maîtrise d’ouvrage SIG pour l’EPT Grand-Orly Seine Bièvre",
         "Cahier des charges d’une solution pour la direction de l’espace public.", "Données géographiques",
         "EPT Grand-Orly Seine Bièvre", dt.date(2018, 3, 1), None, "en cours"),
        (APPLICATIONS, "Déploiement de Maelis web", "Portail de l’enfance et de la petite enfance.",
         "Services aux familles", "Choisy-le-Roi ; Villeneuve-le-Roi", dt.date(2018, 9, 3), None, "en cours"),
        (INFRASTRUCTURE, "Mise en conformité au RGPD", "Registres, chartes et désignation du délégué.", "Sécurité",
         TOUTES, dt.date(2018, 1, 8), dt.date(2018, 11, 30), "terminé"),
        (INFRASTRUCTURE, "Renouvellement des pare-feux", "Remplacement des équipements des sites.", "Sécurité",
         TOUTES, dt.date(2018, 2, 5), dt.date(2018, 6, 29), "terminé"),
    ),
    2019: (
        (APPLICATIONS, "Élections européennes", "Cartes électorales, listes et présence le jour du scrutin.",
         "Élections", TOUTES, dt.date(2019, 3, 4), dt.date(2019, 5, 27), "terminé"),
        (APPLICATIONS, "Déploiement de Maelis web", "Paramétrage et reprise des données.", "Services aux familles",
         "Choisy-le-Roi ; Villeneuve-le-Roi", dt.date(2018, 9, 3), None, "en cours"),
        (INFRASTRUCTURE, "Étude d’une boucle de fibre optique", "Tracé et marché de la fibre noire.", "Réseau",
         TOUTES, dt.date(2019, 4, 1), dt.date(2019, 12, 13), "terminé"),
        (INFRASTRUCTURE, "Étude d’un stockage hyperconvergé", "Comparaison des solutions.", "Sécurité", TOUTES,
         dt.date(2019, 9, 2), None, "suspendu"),
    ),
    2020: (
        (APPLICATIONS, "Migration de l’application de ressources humaines",
         "Lancement de la démarche de migration vers Ciril RH.", "Ressources humaines",
         "Choisy-le-Roi ; Orly ; Villeneuve-le-Roi", dt.date(2020, 6, 1), None, "en cours"),
        (APPLICATIONS, "Module Millésime Sénior", "Mise en place du module pour les CCAS.", "Solidarité",
         "Choisy-le-Roi ; Valenton", dt.date(2020, 2, 3), dt.date(2020, 11, 27), "terminé"),
        (APPLICATIONS, "Accompagnement des élections municipales",
         "Cartes, étiquettes et listes, formation des agents, bureaux ouverts jusqu’à la validation en préfecture.",
         "Élections", TOUTES, dt.date(2020, 1, 13), dt.date(2020, 6, 29), "terminé"),
        (APPLICATIONS, "Assistance à maîtrise d’ouvrage SIG pour l’EPT Grand-Orly Seine Bièvre",
         "Choix d’une solution ESRI ; deux portails à mettre en place, l’un interne, l’autre public.",
         "Données géographiques", "EPT Grand-Orly Seine Bièvre", dt.date(2018, 3, 1), None, "en cours"),
        (APPLICATIONS, "Fin du déploiement de Maelis web", "Enfance et petite enfance.", "Services aux familles",
         "Choisy-le-Roi ; Villeneuve-le-Roi", dt.date(2018, 9, 3), dt.date(2020, 10, 30), "terminé"),
        (APPLICATIONS, "Plateforme Teams", "Réunions à distance en visioconférence.", "Travail à distance", TOUTES,
         dt.date(2020, 3, 17), dt.date(2020, 3, 24), "terminé"),
        (INFRASTRUCTURE, "Solution hyperconvergée pour les bases de données des applications",
         "Remplacement des serveurs physiques sous AIX ; résilience et continuité de service.", "Sécurité", TOUTES,
         None, dt.date(2020, 9, 30), "terminé"),
        (INFRASTRUCTURE, "Extension du stockage des sauvegardes",
         "Plusieurs dizaines de To de plus pour un hébergement souverain et local.", "Sauvegarde", TOUTES, None,
         dt.date(2020, 7, 31), "terminé"),
        (INFRASTRUCTURE, "Déploiement accéléré des connexions à distance",
         "Accès au système d’information pour les agents et les élus pendant la crise sanitaire.",
         "Travail à distance", TOUTES, dt.date(2020, 3, 16), dt.date(2020, 5, 29), "terminé"),
        (INFRASTRUCTURE, "Montée de version de la messagerie Zimbra",
         "Correction de failles et connecteur avec le client Outlook.", "Messagerie", TOUTES, None,
         dt.date(2020, 10, 16), "terminé"),
        (INFRASTRUCTURE, "Sauvegarde en temps réel et restauration granulaire de la messagerie",
         "Un courriel se restaure sans la boîte entière.", "Sauvegarde", TOUTES, None, dt.date(2020, 11, 20),
         "terminé"),
        (INFRASTRUCTURE, "Boucle de fibre optique noire", "Trente et un kilomètres entre les sites critiques.", "Réseau",
         TOUTES, dt.date(2019, 12, 16), dt.date(2020, 12, 4), "terminé"),
        (INFRASTRUCTURE, "Nouveau fournisseur d’accès à internet", "Débit multiplié par cinq.", "Réseau", TOUTES, None,
         dt.date(2020, 12, 11), "terminé"),
        (INFRASTRUCTURE, "Feuille de route de la délocalisation en centre de données",
         "Une partie de l’infrastructure dans un centre certifié ISO 27001.", "Sécurité", TOUTES,
         dt.date(2020, 9, 1), None, "en cours"),
        (INFRASTRUCTURE, "Intégration des serveurs de la Cité des métiers", "Reprise au sein du système d’information.",
         "Sécurité", "Cité des métiers", None, dt.date(2020, 11, 6), "terminé"),
    ),
    2021: (
        (APPLICATIONS, "Bascule vers Ciril RH", "Paie et carrières des trois communes.", "Ressources humaines",
         "Choisy-le-Roi ; Orly ; Villeneuve-le-Roi", dt.date(2020, 6, 1), dt.date(2021, 9, 30), "terminé"),
        (APPLICATIONS, "Préparation de la déclaration sociale nominative", "Fiabilisation des dossiers.",
         "Ressources humaines", "Choisy-le-Roi ; Orly ; Villeneuve-le-Roi", dt.date(2021, 5, 3), None, "en cours"),
        (INFRASTRUCTURE, "Délocalisation en centre de données", "Premiers serveurs déplacés.", "Sécurité", TOUTES,
         dt.date(2020, 9, 1), None, "en cours"),
    ),
    2022: (
        (APPLICATIONS, "Déclaration sociale nominative", "Premières déclarations mensuelles.", "Ressources humaines",
         TOUTES, dt.date(2021, 5, 3), dt.date(2022, 3, 31), "terminé"),
        (APPLICATIONS, "Portails cartographiques", "Portail interne et portail public.", "Données géographiques",
         "EPT Grand-Orly Seine Bièvre", dt.date(2022, 1, 10), None, "en cours"),
        (INFRASTRUCTURE, "Délocalisation en centre de données", "Seconde salle en service.", "Sécurité", TOUTES,
         dt.date(2020, 9, 1), dt.date(2022, 11, 18), "terminé"),
    ),
}  # fmt: skip
# Of what is not ended: planned end, cost.
PREVUS = {
    (2018, "Déploiement de Maelis web"): (dt.date(2019, 12, 31), 42_000),
    (2019, "Déploiement de Maelis web"): (dt.date(2020, 10, 30), 42_000),
    (2019, "Étude d’un stockage hyperconvergé"): (dt.date(2020, 6, 30), 15_000),
    (2020, "Migration de l’application de ressources humaines"): (dt.date(2021, 6, 30), 68_000),
    (2020, "Assistance à maîtrise d’ouvrage SIG pour l’EPT Grand-Orly Seine Bièvre"): (dt.date(2021, 12, 31), None),
    (2020, "Feuille de route de la délocalisation en centre de données"): (dt.date(2022, 6, 30), 120_000),
    (2021, "Préparation de la déclaration sociale nominative"): (dt.date(2022, 1, 31), 9_500),
    (2021, "Délocalisation en centre de données"): (dt.date(2022, 10, 31), 120_000),
    (2022, "Portails cartographiques"): (dt.date(2023, 3, 31), 36_000),
}
FAITS = {
    2018: (
        (dt.date(2018, 5, 14), "Le RGPD", "Désignation du délégué à la protection des données",
         "Le syndicat désigne un délégué externe et ouvre ses deux registres."),
    ),
    2019: (
        (dt.date(2019, 5, 26), "Élections", "Élections européennes",
         "Les équipes sont présentes jusqu’à la proclamation des résultats."),
    ),
    2020: (
        (dt.date(2020, 3, 15), "Élections", "Premier tour des élections municipales",
         "Les équipes sont sur site jusqu’à la validation des résultats en préfecture."),
        (dt.date(2020, 3, 17), "Crise sanitaire", "Premier confinement",
         "Recherche d’outils pour mieux communiquer avec les communes ; Microsoft Teams est testé en interne."),
        (dt.date(2020, 3, 24), "Crise sanitaire", "Teams mis à disposition de chaque commune",
         "Un groupe « SI des villes », un canal privé par commune et des canaux communs."),
        (dt.date(2020, 6, 28), "Élections", "Second tour des élections municipales", "Reporté du 22 mars."),
        (dt.date(2020, 7, 23), "Gouvernance", "Installation du nouveau comité syndical",
         "Dix membres installés ; élection de la présidente et de quatre vice-présidents."),
        (dt.date(2020, 12, 11), "Réseau", "Nouvel accès à internet", ""),
    ),
    2021: (
        (dt.date(2021, 1, 4), "Ressources humaines", "Ciril RH remplace Cegid RH", "Première paie sur Ciril RH."),
        (dt.date(2021, 6, 20), "Élections", "Élections départementales et régionales", "Deux scrutins le même jour."),
    ),
    2022: (
        (dt.date(2022, 1, 3), "Ressources humaines", "Première déclaration sociale nominative",
         "Les déclarations mensuelles remplacent la déclaration annuelle."),
        (dt.date(2022, 4, 10), "Élections", "Élection présidentielle", "Suivie des législatives en juin."),
    ),
}  # fmt: skip


def portefeuille(exercice: int) -> list[Livraison]:
    """The workbook of projects and landmarks."""
    nom = f"projets_demonstration_{exercice}.xlsx"
    titre = f"DÉMONSTRATION – Projets et faits marquants – exercice {exercice}"
    classeur = Classeur(exercice, titre)
    feuille = classeur.feuille("Projets")
    feuille.ajoute([titre], gras=True)
    feuille.ajoute(
        [
            *("N° de projet", "Pôle", "Ordre", "Projet", "Description", "Axe"),
            *("Collectivités concernées", "Début", "Fin", "État", "Fin prévue", "Coût (€)"),
        ],
        gras=True,
    )
    rangs: dict[str, int] = {}
    for numero, (pole, *textes) in enumerate(PROJETS[exercice], start=1):
        rangs[pole] = rangs.get(pole, 0) + 1
        feuille.ajoute(
            [f"P{exercice}-{numero:02d}", pole, rangs[pole], *textes, *PREVUS.get((exercice, textes[0]), ())]
        )
    defauts = []
    if exercice == EXERCICE_PROJET_REFUSE:
        cellules = [
            f"P{exercice}-{len(PROJETS[exercice]) + 1:02d}",
            INFRASTRUCTURE,
            9,
            "",
            "À préciser",
            "Réseau",
            TOUTES,
        ]
        place = feuille.ajoute([*cellules, None, None, "à lancer"])
        defauts.append(Defaut(exercice, "projets/projets", nom, place, "LIG-OBLIGATOIRE", "Projet"))
    _faits_marquants(classeur, titre, exercice)
    return [Livraison(f"{exercice}/projets/{nom}", classeur.octets(), tuple(defauts))]


def _faits_marquants(classeur: Classeur, titre: str, exercice: int) -> None:
    feuille = classeur.feuille("Faits marquants")
    feuille.ajoute([titre], gras=True)
    feuille.ajoute(["Date", "Thème", "Titre", "Texte"], gras=True)
    for fait in FAITS[exercice]:
        feuille.ajoute(fait)
