"""The comité, data protection and projects of the hand-made case, all of 2042."""

from typing import Any

ACCEPTED = {
    ("comite/membres", 2042): 0,
    ("comite/seances", 2042): 0,
    ("comite/deliberations", 2042): 0,
    ("rgpd/traitements_responsable", 2042): 0,
    ("rgpd/traitements_sous_traitant", 2042): 0,
    ("rgpd/sous_traitants", 2042): 0,
    ("rgpd/demandes", 2042): 0,
    ("rgpd/violations", 2042): 0,
    ("rgpd/actions", 2042): 0,
    ("projets/projets", 2042): 0,
    ("projets/faits_marquants", 2042): 0,
}


def _mandate(name: str, role: str = "Membre", rank: int | None = None, town: str = "Ville-Haute", **dates: str):
    mandate = {"nom_elu": name, "prenom_elu": "A.", "fonction": role, "rang_vice_presidence": rank}
    return {**mandate, "collectivite": town, "date_debut_mandat": "2036-04-01", "exercice": 2042, **dates}


def _meeting(day: str, present: int, declared: bool | None = True, *, again: bool = False, proxies: int = 0):
    meeting = {"date_seance": day, "nb_presents": present, "nb_pouvoirs": proxies, "est_quorum_declare": declared}
    return {**meeting, "est_seconde_convocation": again, "exercice": 2042}


def _vote(number: int, day: str, *votes: int):
    ballot = dict(zip(("nb_pour", "nb_contre", "nb_abstentions"), votes, strict=True))
    return {
        "reference_deliberation": f"2042-{number:02}",
        "date_deliberation": day,
        "code_matiere": "7.1",
        "objet": "o",
        "exercice": 2042,
        **ballot,
    }


def _request(number: int, received: str, answered: str | None = None, prolonged: str | None = None):
    return {
        "reference_demande": f"DD2042-{number:02}",
        "droit": "accès",
        "date_reception": received,
        "date_prolongation": prolonged,
        "date_reponse": answered,
        "exercice": 2042,
    }


def _breach(
    number: int,
    found: str,
    notified: str | None = None,
    *,
    known: str | None = None,
    due: bool = True,
    people: int | None = 3,
):
    return {
        "reference_violation": f"VD2042-{number:02}",
        "nature": "confidentialité",
        "date_constat": found,
        "date_connaissance": known,
        "date_notification": notified,
        "est_a_notifier": due,
        "nb_personnes": people,
        "exercice": 2042,
    }


def _project(number: int, towns: str, pole: str = "Pôle Études", rank: int = 1, state: str = "en cours"):
    return {
        "reference_projet": f"P2042-{number:02}",
        "pole": pole,
        "ordre": rank,
        "titre": f"projet {number}",
        "collectivites": towns,
        "etat": state,
        "exercice": 2042,
    }


LAKE: dict[str, list[dict[str, Any]]] = {
    "comite__membres": [  # a renewal on 1 June: four members, then three
        _mandate("Zéphyr", "Président", date_fin_mandat="2042-06-01"),
        _mandate("Brume", "Vice-président", 1, date_fin_mandat="2042-06-01"),
        _mandate("Aube", date_fin_mandat="2042-06-01"),
        _mandate("Éclair", town="Ailleurs", date_fin_mandat="2042-06-01"),
        _mandate("Nuage", "Vice-présidente", 2, date_debut_mandat="2042-06-01"),
        _mandate("Brume", "Vice-présidente", 1, "val d'oeuf", date_debut_mandat="2042-06-01"),
        _mandate("Givre", "Présidente", date_debut_mandat="2042-06-01"),
        _mandate("Parti", date_fin_mandat="2042-01-01"),  # over before the year began
    ],
    "comite__seances": [
        _meeting("2042-03-01", 2, proxies=2),  # two of four is no majority, and a proxy is nobody present
        _meeting("2042-03-05", 1, again=True),
        _meeting("2042-06-01", 2),  # two of the three that were installed that day
        _meeting("2042-06-01", 3),  # entered twice
        _meeting("2042-09-01", 1, False),
    ],
    "comite__deliberations": [
        _vote(1, "2042-06-01", 2, 0, 0),
        _vote(2, "2042-06-01", 1, 1, 0),
        _vote(3, "2042-06-01", 2, 0, 1),
        _vote(4, "2042-07-14", 3, 0, 0),  # no meeting that day
    ],
    "rgpd__traitements_responsable": [
        {
            "reference_fiche": f"RT-00{number}",
            "intitule": "t",
            "date_creation": created,
            "date_mise_a_jour": changed,
            "a_donnees_sensibles": number == 1,
            "a_transfert_hors_ue": False,
            "a_aipd": False,
            "exercice": 2042,
        }
        for number, created, changed in [
            (1, "2040-05-25", "2042-01-02"),
            (2, "2042-02-01", None),
            (3, "2043-01-01", None),
        ]
    ],
    "rgpd__traitements_sous_traitant": [
        {
            "reference_fiche": "ST-001",
            "intitule": "t",
            "date_creation": "2040-05-25",
            "a_transfert_hors_ue": True,
            "exercice": 2042,
        }
    ],
    "rgpd__sous_traitants": [
        {
            "raison_sociale": name,
            "a_clauses": True,
            "date_envoi": sent,
            "date_retour": back,
            "note_pct": mark,
            "exercice": 2042,
        }
        for name, sent, back, mark in [
            ("Éditions du Pré", "2042-01-05", "2042-02-05", 61),
            ("EDITIONS DU PRE", None, None, None),  # the same
            ("Nuages et Cie", "2042-01-05", "2042-02-06", 90),
            ("Sept Lieues", "2042-01-05", None, None),
            ("Huit Lieues", None, None, None),
        ]
    ],
    "rgpd__demandes": [
        _request(1, "2042-01-31", "2042-02-28"),  # a month from 31 January ends on 28 February
        _request(2, "2042-03-10", "2042-04-11"),  # a day late
        _request(3, "2042-03-10", "2042-06-10", prolonged="2042-04-10"),
        _request(4, "2042-03-10", "2042-06-10", prolonged="2042-04-11"),  # too late to prolong
        _request(5, "2042-11-30"),  # no answer, the time was over
        _request(6, "2042-12-01"),  # no answer, the time was running
    ],
    "rgpd__violations": [
        _breach(1, "2042-05-01 09:00:00", "2042-05-04 09:00:00"),  # 72 hours to the minute
        _breach(2, "2042-05-01 09:00:00", "2042-05-04 09:01:00", people=None),
        _breach(3, "2042-05-01 09:00:00", due=False),
        _breach(4, "2042-05-01 09:00:00"),
        # a processor told it late: the hours count from then
        _breach(5, "2042-05-01 09:00:00", "2042-05-09 08:00:00", known="2042-05-06 09:00:00"),
    ],
    "rgpd__actions": [
        {
            "reference_action": "A2042-01",
            "date_action": "2042-10-01",
            "type_action": "conseil",
            "intitule": "i",
            "etat": "réalisée",
            "exercice": 2042,
        }
    ],
    "projets__projets": [
        _project(1, "Toutes", rank=2),
        _project(2, "V. HAUTE ; Grand Port;val d'oeuf", rank=1, state="terminé"),
        _project(3, "Grand Port", pole="Réseaux"),
        _project(3, "Ville-Haute", pole="Réseaux"),  # entered twice
    ],
    "projets__faits_marquants": [
        {"date_fait": day, "theme": "t", "titre": title, "exercice": 2042}
        for day, title in [("2042-06-01", "Installation"), ("2042-02-01", "Neige"), ("2042-02-01", "NEIGE")]
    ],
}
