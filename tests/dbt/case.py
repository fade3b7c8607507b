"""The rows of the hand-made case: the four schemas that a home's warehouse holds before dbt."""

from pathlib import Path
from typing import Any

import duckdb

from pipelines import settings
from pipelines.sources.registry import Registry
from tests.dbt import case_rh

YEARS = (2041, 2042, 2043)
PROVENANCE = [
    ("exercice", "INTEGER"),
    ("_livraison", "VARCHAR"),
    ("_fichier", "VARCHAR"),
    ("_ligne", "BIGINT"),
]

# code, name, first and last exercice, indicators, further spellings
APPLICATIONS = [
    (
        "elise",
        "Élise",
        None,
        None,
        ["agents_formes", "jours_formation", "jours_assistance", "agents_utilisateurs"],
        ["E.L.I.S.E"],
    ),
    ("gma", "GMA", None, 2042, ["agents_formes", "jours_formation", "agents_utilisateurs"], []),
    ("kolok", "Kolok", 2042, None, ["jours_formation", "agents_utilisateurs"], []),
    (
        "ciril_elections",
        "Ciril Élections",
        None,
        None,
        ["jours_traitement_elections", "agents_utilisateurs"],
        [],
    ),
]
COLLECTIVITES = [("99001", "Ville-Haute", ["V. HAUTE"]), ("99002", "Val d’Œuf", [])]

# Accepted tables; every other one is missing. Value: lines refused.
ACCEPTED = {
    ("elise/comptes", 2041): 0,
    ("elise/comptes", 2042): 3,
    ("kolok/comptes", 2042): 0,
    ("kolok/comptes", 2043): 0,
    ("ciril_elections/comptes", 2041): 0,
    ("journal_formations/sessions", 2041): 0,
    ("journal_formations/sessions", 2042): 0,
    ("journal_assistance/interventions", 2041): 0,
    ("journal_elections/traitements", 2041): 1,
    ("absences/absences", 2041): 0,
    ("published_reports/figures", 2041): 0,
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
    **case_rh.ACCEPTED,
}


def _account(
    who: str,
    collectivite: str = "VILLE HAUTE",
    active: bool = True,
    created: str = "2040-02-01",
    year: int = 2041,
):
    return {
        "identifiant": f"k1:{who}",
        "collectivite": collectivite,
        "est_actif": active,
        "date_creation": created,
        "exercice": year,
    }


def _session(number: int, application: str, days: str, trained: int | None, year: int = 2041, date: str | None = None):
    return {
        "reference_session": f"F{year}-{number:03}",
        "application": application,
        "collectivite": "val d'oeuf",
        "date_debut": date or f"{year}-03-04",
        "duree_jours": days,
        "nb_participants": trained,
        "exercice": year,
    }


def _ticket(number: int, application: str, days: str, collectivite: str = "Ville-Haute"):
    return {
        "ticket": f"T41-{number:05}",
        "application": application,
        "collectivite": collectivite,
        "date_intervention": "2041-07-01",
        "duree_jours": days,
        "exercice": 2041,
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


def _breach(number: int, found: str, notified: str | None = None, *, due: bool = True, people: int | None = 3):
    return {
        "reference_violation": f"VD2042-{number:02}",
        "nature": "confidentialité",
        "date_constat": found,
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
    "elise__comptes": [
        _account("a"),
        _account("a", "Val d’Œuf", created="2039-01-01"),  # the same person, longer ago: this one counts
        _account("b", active=False),
        _account("c", active=False),
        _account("c"),
        _account("d", created="2042-01-03"),  # after the exercice
        _account("e", "Ailleurs"),
        _account("a", year=2042),
    ],
    "journal_formations__sessions": [
        _session(1, "ELISE", "1.25", 4),
        _session(2, "é-li se", "0.10", 3),
        _session(3, "Elyse", "9", 9),  # nobody knows this spelling
        _session(4, "E.L.I.S.E", "2", 1, date="2040-12-31"),  # another year
        _session(5, "gma", "3", 2),
        _session(6, "GMA", "0.5", None),  # no attendance sheet: the number of agents is unknown
        _session(7, "Kolok", "8", 8),  # not yet in use
        _session(1, "Kolok", "2.5", 7, year=2042),
        _session(1, "Kolok", "2.5", 7, year=2042),  # entered twice
    ],
    "journal_assistance__interventions": [
        _ticket(1, "Elise", "0.25"),
        _ticket(2, "élise", "0.5", "Nulle part"),
    ],
    "journal_elections__traitements": [],
    "absences__absences": [
        {
            "code": "applications.ciril_elections.jours_traitement_elections",
            "code_manquant": "NC",
            "motif": "m",
            "exercice": 2041,
        },
        {"code": "applications.elise.jours_assistance", "code_manquant": "?", "motif": "m", "exercice": 2041},
        {
            "code": "applications.gma.agents_utilisateurs",
            "code_manquant": "NC",
            "motif": "m",
            "exercice": 2041,
        },
    ],
    "published_reports__figures": [
        {"figure_id": code, "value_text": value, "published_text": text, "unit": "u", "exercice": 2041}
        for code, value, text in [
            ("applications.elise.jours_formation", "1.4", "1,4"),  # 1.35 is computed
            ("applications.elise.agents_utilisateurs", "4", "4"),  # 3 are computed
            ("applications.ciril_elections.jours_traitement_elections", None, "NC"),
            ("applications.gma.agents_formes", "6", "6"),
            ("chapitre.chiffre_sans_formule", "12", "12"),
            ("gouvernance.comite.membres", "4", "4"),  # no list of members was accepted that year
            ("rh.filiere.police.tous", None, None),  # a blank cell
        ]
    ],
    **case_rh.LAKE,
}


def fill(path: Path, registry: Registry) -> None:
    """Create the file ``path`` with every table that dbt reads."""
    with duckdb.connect(str(path)) as db:
        for schema in ("lake", "organisation", "collecte", "reference"):
            db.execute(f"create schema {schema}")
        for system, table in registry.tables():
            columns = [(field.name, field.sql_type) for field in table.kept_fields] + PROVENANCE
            name = f"{system.system}__{table.name}"
            _create(db, f"lake.{name}", columns, _with_provenance(LAKE.get(name, [])))
        _organisation(db)
        _collecte(db, registry)
        for file in sorted(settings.REFERENCE_DIR.glob("*.csv")):
            rows = f"read_csv('{file}', all_varchar=true, header=true)"
            db.execute(f"create table reference.{file.stem} as from {rows}")


def _with_provenance(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {**row, "_livraison": f"livraison-{row['exercice']}", "_fichier": "fichier", "_ligne": line}
        for line, row in enumerate(rows, start=2)
    ]


def _organisation(db: duckdb.DuckDBPyConnection) -> None:
    text, whole = "VARCHAR", "INTEGER"
    _create(
        db,
        "organisation.profil",
        [("nom", text), ("sigle", text), ("siren", text), ("est_demonstration", "BOOLEAN")],
        [{"nom": "Syndicat des Hauts", "sigle": "SH", "siren": "000000000", "est_demonstration": False}],
    )
    _create(db, "organisation.exercices", [("exercice", whole)], [{"exercice": year} for year in YEARS])
    _create(
        db,
        "organisation.collectivites",
        [("code_insee", text), ("siren", text), ("nom", text), ("type", text), ("population", "BIGINT")],
        [
            {"code_insee": code, "siren": "0", "nom": name, "type": "commune", "population": 10}
            for code, name, _ in COLLECTIVITES
        ],
    )
    _create(
        db,
        "organisation.collectivites_alias",
        [("alias", text), ("code_insee", text)],
        [{"alias": alias, "code_insee": code} for code, name, more in COLLECTIVITES for alias in (name, *more)],
    )
    _create(
        db,
        "organisation.applications",
        [("code_application", text), ("libelle", text), ("domaine", text), ("debut", whole), ("fin", whole)],
        [
            {"code_application": code, "libelle": name, "domaine": "d", "debut": first, "fin": last}
            for code, name, first, last, _, _ in APPLICATIONS
        ],
    )
    _create(
        db,
        "organisation.applications_alias",
        [("alias", text), ("code_application", text)],
        [
            {"alias": alias, "code_application": code}
            for code, name, *_, more in APPLICATIONS
            for alias in (code, name, *more)
        ],
    )
    _create(
        db,
        "organisation.indicateurs",
        [("code_application", text), ("indicateur", text)],
        [{"code_application": a[0], "indicateur": indicateur} for a in APPLICATIONS for indicateur in a[4]],
    )


def _collecte(db: duckdb.DuckDBPyConnection, registry: Registry) -> None:
    counts = ("nb_lues", "nb_acceptees", "nb_refusees", "nb_ignorees")
    rows = []
    for system, table in registry.tables():
        for year in YEARS:
            refused = ACCEPTED.get((f"{system.system}/{table.name}", year))
            row = {
                "systeme": system.system,
                "nom_table": table.name,
                "exercice": year,
                "est_attendue": True,
                "est_acceptee": refused is not None,
            }
            rows.append(row | (dict.fromkeys(counts, 0) | {"nb_refusees": refused} if refused is not None else {}))
    columns = [
        ("systeme", "VARCHAR"),
        ("nom_table", "VARCHAR"),
        ("exercice", "INTEGER"),
        ("est_attendue", "BOOLEAN"),
    ]
    columns += [("est_acceptee", "BOOLEAN"), ("livraison", "VARCHAR"), *((name, "BIGINT") for name in counts)]
    _create(db, "collecte.tables", columns, rows)


def _create(
    db: duckdb.DuckDBPyConnection, name: str, columns: list[tuple[str, str]], rows: list[dict[str, Any]]
) -> None:
    db.execute(f"create table {name} ({', '.join(f'{column} {kind}' for column, kind in columns)})")
    if rows:
        values = [[row.get(column) for column, _ in columns] for row in rows]
        db.executemany(f"insert into {name} values ({', '.join('?' * len(columns))})", values)
