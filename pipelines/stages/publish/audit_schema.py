"""Schema ``audit`` of a publication: a dated copy of the ledger, of the refused lines and of what was expected, independent of dbt.

No table here holds a personal value: ingest left ``recu`` empty for tables with personal columns.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipelines.ledger.records import ACCEPTED, WHOLE, WITHDRAWN, Finding, Standing
from pipelines.ledger.store import Ledger
from pipelines.settings import Home
from pipelines.sql import insert, parquet_scan
from pipelines.stages.publish.copy import say
from pipelines.stages.publish.secret.worlds import Group

TABLES: dict[str, tuple[str, list[tuple[str, str, str]]]] = {
    "livraisons": (
        "Chaque livraison lue, une ligne par fichier d’origine.",
        [
            ("livraison", "varchar", "Identifiant de la livraison."),
            ("systeme", "varchar", "Système d’origine."),
            ("export", "varchar", "Export du système."),
            ("exercice", "integer", "Exercice."),
            ("rang", "integer", "Rang du fichier dans la livraison."),
            ("fichier", "varchar", "Nom du fichier déposé."),
            ("sha256", "varchar", "Empreinte SHA-256 de l’original archivé."),
            ("taille_octets", "bigint", "Taille du fichier en octets."),
            ("recue_le", "timestamp", "Date et heure de réception (UTC)."),
            ("est_courante", "boolean", "Vrai si la livraison est celle qui compte."),
        ],
    ),
    "tables_livrees": (
        "Bilan de lecture de chaque table livrée : lues = acceptées + refusées + ignorées.",
        [
            ("livraison", "varchar", "Identifiant de la livraison."),
            ("systeme", "varchar", "Système d’origine."),
            ("nom_table", "varchar", "Table."),
            ("exercice", "integer", "Exercice."),
            ("nb_lues", "bigint", "Lignes lues."),
            ("nb_acceptees", "bigint", "Lignes acceptées."),
            ("nb_refusees", "bigint", "Lignes refusées."),
            ("nb_ignorees", "bigint", "Lignes ignorées : en-tête, titres, totaux, lignes vides."),
        ],
    ),
    "pieces": (
        "Ce que chaque table devait recevoir dans l’exercice, élément par élément (sa livraison, ses mois), et ce qui est venu.",
        [
            ("systeme", "varchar", "Système d’origine."),
            ("nom_table", "varchar", "Table."),
            ("exercice", "integer", "Exercice."),
            ("nature_morceau", "varchar", "livraison ou mois."),
            ("piece", "varchar", "Mois, par exemple 2020-03 ; vide pour la livraison."),
            ("est_suivie", "boolean", "Vrai si l’organisation emploie ce système pour l’exercice."),
            ("est_attendue", "boolean", "Vrai si l’élément était attendu."),
            ("est_recue", "boolean", "Vrai si l’élément est venu dans une livraison acceptée."),
            ("est_acceptee", "boolean", "Vrai si l’élément est venu, et qu’il compte."),
            ("livraison", "varchar", "Identifiant de la livraison."),
            ("nb_lues", "bigint", "Lignes lues."),
            ("nb_acceptees", "bigint", "Lignes acceptées."),
            ("nb_refusees", "bigint", "Lignes refusées."),
            ("nb_ignorees", "bigint", "Lignes ignorées."),
            (
                "montant_perdu_eur",
                "decimal(20, 2)",
                "Montant des lignes refusées, au plus ; vide s’il n’est pas connu.",
            ),
        ],
    ),
    "refus": (
        "Livraisons refusées en entier.",
        [
            ("refus", "varchar", "Identifiant du refus."),
            ("systeme", "varchar", "Système d’origine."),
            ("export", "varchar", "Export du système."),
            ("exercice", "integer", "Exercice."),
            ("refusee_le", "timestamp", "Date et heure du refus (UTC)."),
            ("livraison", "varchar", "Identifiant de la livraison, si elle a pu être lue."),
            ("code_regle", "varchar", "Règle."),
            ("titre", "varchar", "Intitulé de la règle."),
            ("fichier", "varchar", "Fichier en cause."),
            ("ligne", "bigint", "Ligne en cause."),
            ("colonne", "varchar", "Colonne en cause."),
            ("recu", "varchar", "Ce qui a été reçu."),
            ("attendu", "varchar", "Ce qui était attendu."),
            ("aide", "varchar", "Comment corriger."),
        ],
    ),
    "verdicts": (
        "Résultat de chaque contrôle de chaque table livrée.",
        [
            ("verdict", "varchar", "Identifiant du jugement de la table."),
            ("rang", "integer", "Rang du contrôle dans le jugement."),
            ("livraison", "varchar", "Identifiant de la livraison."),
            ("systeme", "varchar", "Système d’origine."),
            ("nom_table", "varchar", "Table."),
            ("exercice", "integer", "Exercice."),
            ("controle", "varchar", "Clé du contrôle."),
            ("type", "varchar", "Type d’attente."),
            ("colonne", "varchar", "Colonne contrôlée."),
            ("severite", "varchar", "critical : bloque l’acceptation ; warning : alerte."),
            ("resultat", "varchar", "réussi, échoué ou erreur du contrôle."),
            ("nb_inattendus", "bigint", "Nombre de lignes en défaut."),
            ("raison", "varchar", "Ce que la règle protège."),
            ("aide", "varchar", "Comment corriger."),
        ],
    ),
    "lignes_refusees": (
        "Lignes refusées des livraisons courantes, une ligne par motif.",
        [
            ("systeme", "varchar", "Système d’origine."),
            ("nom_table", "varchar", "Table."),
            ("exercice", "integer", "Exercice."),
            ("livraison", "varchar", "Identifiant de la livraison."),
            ("rang", "bigint", "Rang du motif parmi ceux de la table."),
            ("fichier", "varchar", "Fichier."),
            ("feuille", "varchar", "Feuille du classeur ; vide si le fichier n’en a pas."),
            ("ligne", "bigint", "Ligne du fichier, ou de la feuille."),
            ("colonne", "varchar", "Colonne du fichier."),
            ("position", "integer", "Rang de la colonne dans le fichier."),
            ("regle", "varchar", "Règle."),
            ("attendu", "varchar", "Ce qui était attendu."),
            ("recu", "varchar", "Ce qui a été reçu ; vide si la table porte des données personnelles."),
        ],
    ),
    "constats": (
        "Tous les constats à connaître ou à trancher.",
        [
            ("constat", "varchar", "Identifiant du constat, le même tant qu’il demeure."),
            ("code_regle", "varchar", "Règle."),
            ("severite", "varchar", "bloquant, alerte ou information."),
            ("exercice", "integer", "Exercice ; 0 si le constat les concerne tous."),
            ("ou", "varchar", "Table, chiffre ou modèle en cause."),
            ("message", "varchar", "Le constat."),
            ("fichier", "varchar", "Fichier."),
            ("ligne", "bigint", "Ligne du fichier."),
            ("recu", "varchar", "Ce qui a été reçu."),
            ("attendu", "varchar", "Ce qui était attendu."),
            ("ecart", "varchar", "Différence, s’il y en a une."),
            ("effet", "varchar", "Ce qu’il retire aux chiffres : rien, réserve (personne ne sait combien) ou manque."),
            ("aide", "varchar", "Comment corriger."),
            ("depuis", "timestamp", "Date et heure (UTC) depuis lesquelles il est constaté."),
            (
                "decision",
                "varchar",
                "Dernière décision : accepté, rien ne manque ou retiré ; vide si personne n’a décidé.",
            ),
            ("motif_decision", "varchar", "Motif de la décision."),
            ("decide_par", "varchar", "Auteur de la décision."),
            ("decide_jusqu_au", "date", "Dernier jour de validité de la décision ; vide si elle est sans date de fin."),
        ],
    ),
    "decisions": (
        "Toutes les décisions prises sur les constats, dans leur ordre ; aucune n’est jamais supprimée.",
        [
            ("rang", "integer", "Rang de la décision dans le registre."),
            ("constat", "varchar", "Identifiant du constat."),
            ("code_regle", "varchar", "Règle."),
            ("exercice", "integer", "Exercice."),
            ("ou", "varchar", "Table, chiffre ou modèle en cause."),
            ("decision", "varchar", "accepté (la perte est connue et admise), rien ne manque, ou retiré."),
            ("motif", "varchar", "Motif."),
            ("decide_par", "varchar", "Auteur."),
            ("decide_le", "timestamp", "Date et heure (UTC)."),
            ("jusqu_au", "date", "Dernier jour de validité ; vide si la décision est sans date de fin."),
        ],
    ),
    "versions": (
        "Exercices figés, une ligne par version.",
        [
            ("version", "varchar", "Nom de la version."),
            ("exercice", "integer", "Exercice."),
            ("empreinte", "varchar", "Empreinte de la version."),
            ("prepare_par", "varchar", "Qui l’a préparée."),
            ("revu_par", "varchar", "Qui l’a revue."),
            ("approuve_par", "varchar", "Qui l’a approuvée."),
            ("motif", "varchar", "Motif d’une version qui en remplace une autre."),
            ("figee_le", "timestamp", "Date et heure (UTC)."),
        ],
    ),
    "secret": (
        "Preuve du secret statistique : combien de personnes chaque groupe que distinguent les tableaux publics peut compter.",
        [
            ("rang", "integer", "Rang du groupe."),
            ("exercice", "integer", "Exercice."),
            ("nombre", "varchar", "Les personnes du groupe, ou ce qui les compte (heures, bulletins)."),
            (
                "nature_secret",
                "varchar",
                "Obsolète : toujours groupe (personnes que rien de public ne distingue entre elles).",
            ),
            ("valeur", "decimal(20, 6)", "Valeur vraie."),
            ("borne_basse", "decimal(20, 6)", "Plus petite valeur démontrée possible pour le lecteur."),
            ("borne_haute", "decimal(20, 6)", "Plus grande valeur démontrée possible pour le lecteur."),
        ],
    ),
    "constructions": (
        "Constructions de l’entrepôt.",
        [
            ("rang", "integer", "Rang de la construction dans le registre."),
            ("construction", "varchar", "Identifiant de la construction."),
            ("construite_le", "timestamp", "Date et heure (UTC)."),
            ("est_reussie", "boolean", "Vrai si l’entrepôt a remplacé le précédent."),
            ("nb_livraisons", "bigint", "Nombre de livraisons acceptées qui la composent."),
        ],
    ),
}
KEYS = {
    "livraisons": ("livraison", "rang"),
    "tables_livrees": ("livraison", "nom_table"),
    "pieces": ("systeme", "nom_table", "exercice", "nature_morceau", "piece"),
    "refus": ("refus",),
    "verdicts": ("verdict", "rang"),
    "lignes_refusees": ("livraison", "nom_table", "rang"),
    "constats": ("constat",),
    "decisions": ("rang",),
    "versions": ("version",),
    "secret": ("rang",),
    "constructions": ("rang",),
}
MAY_BE_EMPTY = {  # every other column is filled
    "pieces": {"livraison", "nb_lues", "nb_acceptees", "nb_refusees", "nb_ignorees", "montant_perdu_eur"},
    "refus": {"livraison", "titre", "fichier", "ligne", "colonne", "recu", "attendu", "aide"},
    "verdicts": {"colonne", "nb_inattendus", "raison", "aide"},
    "lignes_refusees": {"fichier", "feuille", "ligne", "colonne", "position", "attendu", "recu"},
    "constats": {
        *("fichier", "ligne", "recu", "attendu", "ecart", "aide", "depuis"),
        *("decision", "motif_decision", "decide_par", "decide_jusqu_au"),
    },
    "decisions": {"jusqu_au"},
    "versions": {"motif"},
}
LINE = "_fichier, _feuille, _ligne, colonne, position, regle, attendu, recu"
RESULT = {True: "réussi", False: "échoué", None: "erreur"}
CHOICES = {ACCEPTED: "accepté", WHOLE: "rien ne manque", WITHDRAWN: "retiré"}


def write_audit(db, home: Home, ledger: Ledger) -> None:
    """Create schema ``audit`` in ``db``, to which the warehouse is attached as ``source``, and fill what the ledger and
    the warehouse tell; ``complete_audit`` adds the rest.
    """
    create_audit(db)
    for name, rows in _rows(ledger).items():
        insert(db, f"audit.{name}", rows)
    db.execute("insert into audit.pieces select * from source.collecte.pieces order by all")
    for current in ledger.current().values():
        manifest = current.manifest
        for name, counts in manifest.tables.items():
            if counts.refusees:
                refused = Path(home.lake / counts.parquet).with_suffix(".refus.parquet")
                db.execute(
                    f"insert into audit.lignes_refusees select ?, ?, ?, ?, row_number() over (order by {LINE}), {LINE} "
                    f"from {parquet_scan(refused)}",
                    [manifest.system, name, manifest.exercice, manifest.delivery],
                )


def complete_audit(db, ledger: Ledger, findings: list[Finding], groups: list[Group]) -> None:
    """Add the findings, and the proof of the public profile."""
    # findings with one identity are the same finding: decisions are about the identity
    standing = {one.finding.id: _standing(one) for one in ledger.standing(findings)}
    secret = [
        (rank, one.exercice, one.label, "groupe", one.value, one.low, one.high) for rank, one in enumerate(groups, 1)
    ]
    insert(db, "audit.constats", [*standing.values()])
    insert(db, "audit.secret", secret)


def create_audit(db) -> None:
    """Create schema ``audit``, its tables empty."""
    db.execute("create schema audit")
    for name, (comment, columns) in TABLES.items():
        empty = MAY_BE_EMPTY.get(name, set())
        made = [f"{column} {kind}{'' if column in empty else ' not null'}" for column, kind, _ in columns]
        db.execute(f"create table audit.{name} ({', '.join(made)}, primary key ({', '.join(KEYS[name])}))")
        say(db, f"audit.{name}", comment, {column: text for column, _, text in columns})


def _rows(ledger: Ledger) -> dict[str, list[tuple]]:
    current = {c.manifest.delivery for c in ledger.current().values()}
    deliveries = {row["delivery"]: row for row in ledger.all_rows("deliveries")}
    return {
        "livraisons": [
            (
                *_of(row, "delivery system export exercice"),
                rank,
                *_of(file, "name sha256 size"),
                row["received_at"],
                row["delivery"] in current,
            )
            for row in deliveries.values()
            for rank, file in enumerate(row["manifest"]["files"], 1)
        ],
        "tables_livrees": [
            (*_of(row, "delivery system"), name, row["exercice"], *_of(t, "lues acceptees refusees ignorees"))
            for row in deliveries.values()
            for name, t in row["manifest"]["tables"].items()
        ],
        "refus": [
            (
                *_of(row, "refusal system export exercice refused_at delivery"),
                *(
                    row["rule"].get(k)
                    for k in ("code", "titre", "fichier", "ligne", "colonne", "recu", "attendu", "aide")
                ),
            )
            for row in ledger.all_rows("refusals")
        ],
        "verdicts": [
            (
                *(row["verdict"], rank, row["delivery"], of["system"], row["table_name"], of["exercice"]),
                *_of(result, "key type column severity"),
                RESULT[result["success"]],
                *_of(result, "unexpected reason fix"),
            )
            for row in ledger.all_rows("verdicts")
            if (of := deliveries.get(row["delivery"]))
            for rank, result in enumerate(row["results"], 1)
        ],
        "decisions": [
            (
                *_of(row, "seq finding"),
                *_of(row["content"], "code exercice ou"),
                CHOICES[row["choice"]],
                *_of(row, "reason decided_by decided_at until"),
            )
            for row in ledger.all_rows("decisions")
        ],
        "versions": [
            (
                *_of(row, "release exercice fingerprint"),
                *_of(row["visas"], "prepared_by reviewed_by approved_by"),
                *_of(row, "reason released_at"),
            )
            for row in ledger.all_rows("releases")
        ],
        "constructions": [
            (*_of(row, "seq build built_at succeeded"), len(row["deliveries"])) for row in ledger.all_rows("builds")
        ],
    }


def _of(row: dict[str, Any], names: str) -> Iterator[Any]:
    return (row[name] for name in names.split())


def _standing(one: Standing) -> tuple:
    """One row of ``constats``."""
    said, decision = vars(one.finding), one.decision
    return (
        one.finding.id,
        *_of(said, "code severity exercice ou message fichier ligne recu attendu ecart effet aide"),
        one.since,
        *((CHOICES[decision.choice], decision.reason, decision.decided_by, decision.until) if decision else [None] * 4),
    )
