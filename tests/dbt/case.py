"""The rows of the hand-made case: the five schemas that a home's warehouse has before dbt runs."""

from pathlib import Path
from typing import Any

import duckdb

from pipelines.catalogue.figures.rows import figure_tables
from pipelines.catalogue.load import Catalogue
from pipelines.catalogue.sources import Registry
from pipelines.stages.transform.load import BUDGETS, PIECES, REFUSED, columns_of, lake_name, load_reference
from tests.catalogue.figures.sql import delivered
from tests.dbt import case_gouvernance, case_rh
from tests.values import values

YEARS = (2041, 2042, 2043)

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
    ("glpi/tickets", 2041): 0,
    ("glpi/tickets", 2042): 0,
    **case_rh.ACCEPTED,
    **case_gouvernance.ACCEPTED,
}

REFUSED_WHOLE = [("gma/comptes", 2041)]  # it came, and nothing of it counts


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


def _help(number: int, entity: str, opened: str, solved: str | None = None, **more: Any) -> dict[str, Any]:
    """A ticket of the help desk, opened in 2041 and closed if it is solved."""
    return {
        "id": number,
        "entite": entity,
        "statut": "Clos" if solved else "Nouveau",
        "date_ouverture": opened,
        "priorite": "Moyenne",
        "type": "Incident",
        "date_resolution": solved,
        "exercice": 2041,
        **more,
    }


LAKE: dict[str, list[dict[str, Any]]] = {
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
    "ciril_finances__titres": [{"numero_piece": 1, "exercice_comptable": 2040, "exercice": 2041}],
    "multifact__factures": [
        {
            "numero_edition": "E1",
            "date_edition": "2041-02-01",
            "collectivite": "Ailleurs",
            "activite": "Cantine",
            "nb_factures": 3,
            "nb_factures_annulees": 0,
            "montant_eur": "30",
            "exercice": 2041,
        }
    ],
    "glpi__tickets": [
        # Ville-Haute: 1 h, then 3 h of which 2 are waiting
        _help(1, "Racine > Ville Haute", "2041-01-05 09:00", "2041-01-05 10:00", statuts_solutions="Acceptée"),
        _help(2, "Racine > VILLE-HAUTE > Écoles", "2041-01-31 23:59", "2041-02-01 02:59", duree_attente="2 heures"),
        # Val d’Œuf: a day and a minute, more waiting than time, solved before it is opened
        _help(
            3, "Racine > Val d'Oeuf", "2041-03-30 08:00", "2041-03-31 08:01", duree_attente="0 minutes", type="Demande"
        ),
        _help(4, "Racine > Val d'Oeuf", "2041-04-01 08:00", "2041-04-01 09:00", duree_attente="61 minutes"),
        _help(5, "Racine > Val d'Oeuf", "2041-04-01 08:00", "2041-03-01 08:00", type="Demande", priorite="Haute"),
        # nobody's: the root, and an entity that no spelling recognises
        _help(6, "Racine", "2041-05-01 08:00", statuts_solutions="Refusée"),
        _help(
            7,
            "Racine > Ailleurs > Ville-Haute",
            "2041-05-01 08:00",
            date_cloture="2041-05-02 08:00",
            categorie="Réseau",
        ),
        _help(8, "Racine > Ville-Haute", "2040-12-31 08:00"),  # another year
        _help(1, "Racine > Ville-Haute", "2041-01-05 09:00"),  # a second time
        # an export that shows neither waiting nor solutions
        _help(1, "Racine > Ville-Haute", "2042-01-05 09:00", "2042-01-05 10:00", exercice=2042),
    ],
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
            ("rh.effectif_permanent.total", "5", "5"),  # 4 are computed
            ("rh.effectif.fonctionnaire", "2", "2"),
        ]
    ],
    **case_rh.LAKE,
    **case_gouvernance.LAKE,
}


def fill(path: Path, catalogue: Catalogue) -> None:
    """Create the file ``path`` with every table that dbt reads."""
    registry = catalogue.registry
    with duckdb.connect(str(path)) as db:
        for schema in ("lake", "organisation", "collecte", "catalogue", "reference"):
            db.execute(f"create schema {schema}")
        for system, table in registry.tables():
            name = lake_name(system, table)
            _create(db, f"lake.{name}", columns_of(table), _with_provenance(LAKE.get(name, [])))
        _organisation(db)
        _collecte(db, registry)
        for name, (columns, rows) in figure_tables(catalogue.figures).items():
            db.execute(f"create table catalogue.{name} ({columns})")
            db.execute(f"insert into catalogue.{name} values {values(rows)}")
        regles = [(rule.code, rule.titre) for rule in catalogue.rules.values()]
        db.execute(f"create table catalogue.regles as from (values {values(regles)}) as t(code, titre)")
        for file, reference in catalogue.references.items():
            load_reference(db, file, reference)


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
        [
            *((name, text) for name in ("nom", "sigle", "siren")),
            ("est_demonstration", "BOOLEAN"),
            ("seuil_signification", "DECIMAL(10, 6)"),
        ],
        [
            {"nom": "Syndicat des Hauts", "sigle": "SH", "siren": "000000000", "est_demonstration": False}
            | {"seuil_signification": "0.005"}
        ],
    )
    _create(db, "organisation.exercices", [("exercice", whole)], [{"exercice": year} for year in YEARS])
    _create(
        db,
        "organisation.collectivites",
        [
            *(("code_collectivite", text), ("siren", text), ("libelle_collectivite", text)),
            *(("type_collectivite", text), ("nb_habitants", "BIGINT"), ("annee_population", "INTEGER")),
        ],
        [
            {
                "code_collectivite": code,
                "siren": "0",
                "libelle_collectivite": name,
                "type_collectivite": "commune",
                "nb_habitants": 10,
            }
            for code, name, _ in COLLECTIVITES
        ],
    )
    _create(
        db,
        "organisation.collectivites_alias",
        [("orthographe", text), ("code_collectivite", text)],
        [
            {"orthographe": alias, "code_collectivite": code}
            for code, name, more in COLLECTIVITES
            for alias in (name, *more)
        ],
    )
    _create(
        db,
        "organisation.applications",
        [
            *(("code_application", text), ("libelle_application", text), ("domaine_metier", text)),
            *(("rang_application", whole), ("exercice_debut", whole), ("exercice_fin", whole)),
        ],
        [
            {
                "code_application": code,
                "libelle_application": name,
                "domaine_metier": "d",
                "rang_application": rank,
                "exercice_debut": first,
                "exercice_fin": last,
            }
            for rank, (code, name, first, last, _, _) in enumerate(APPLICATIONS, 1)
        ],
    )
    _create(
        db,
        "organisation.applications_alias",
        [("orthographe", text), ("code_application", text)],
        [
            {"orthographe": alias, "code_application": code}
            for code, name, *_, more in APPLICATIONS
            for alias in (code, name, *more)
        ],
    )
    _create(
        db,
        "organisation.indicateurs",
        [("code_application", text), ("indicateur", text), ("rang_indicateur", whole)],
        [
            {"code_application": a[0], "indicateur": indicateur, "rang_indicateur": rank}
            for a in APPLICATIONS
            for rank, indicateur in enumerate(a[4], 1)
        ],
    )

    db.execute(f"create table organisation.budgets ({BUDGETS})")


def _collecte(db: duckdb.DuckDBPyConnection, registry: Registry) -> None:
    rows = []
    for system, table in registry.tables():
        for year in YEARS:
            name, refused = f"{system.system}/{table.name}", ACCEPTED.get((f"{system.system}/{table.name}", year))
            rows.append(
                delivered(name, year, refused is not None, refused or 0, system.covers(year), system.covers(year), 1000)
            )
    db.execute(f"create table collecte.pieces ({PIECES})")
    db.executemany(f"insert into collecte.pieces values ({', '.join('?' * len(rows[0]))})", rows)
    db.execute(f"create table collecte.lignes_refusees ({REFUSED})")
    refused = [
        (*name.split("/"), year, "d", "f.csv", line, "LIG-TYPE", None, "A", f"{name} {year} {line}", 1)
        for (name, year), count in ACCEPTED.items()
        for line in range(count or 0)
    ]
    if refused:
        db.executemany(f"insert into collecte.lignes_refusees values ({', '.join('?' * len(refused[0]))})", refused)
    _create(db, "collecte.fichiers", [(name, "VARCHAR") for name in ("livraison", "fichier", "sha256")], [])
    _create(db, "collecte.mois_muets", [("source", "VARCHAR"), ("exercice", "INTEGER"), ("mois", "INTEGER")], [])
    absent = [("source", "VARCHAR"), ("exercice", "INTEGER"), ("champ", "VARCHAR"), ("titre", "VARCHAR")]
    absent.append(("nb_lignes", "BIGINT"))
    _create(db, "collecte.champs_absents", absent, [])
    _create(db, "collecte.decisions", [(name, "VARCHAR") for name in ("code", "cle", "empreinte", "motif")], [])
    said = [(name, "VARCHAR") for name in ("code_regle", "source", "effet", "motif", "empreinte")]
    _create(db, "collecte.constats", [*said, ("exercice", "INTEGER")], [])
    refusals = [{"source": source, "exercice": year, "regle": "FIC-ENTETE"} for source, year in REFUSED_WHOLE]
    _create(db, "collecte.refus", [("source", "VARCHAR"), ("exercice", "INTEGER"), ("regle", "VARCHAR")], refusals)


def _create(
    db: duckdb.DuckDBPyConnection, name: str, columns: list[tuple[str, str]], rows: list[dict[str, Any]]
) -> None:
    db.execute(f"create table {name} ({', '.join(f'{column} {kind}' for column, kind in columns)})")
    if rows:
        values = [[row.get(column) for column, _ in columns] for row in rows]
        db.executemany(f"insert into {name} values ({', '.join('?' * len(columns))})", values)
