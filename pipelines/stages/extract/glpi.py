"""The tickets of GLPI 9.4 and 9.5, as its own French export writes them.

Only the columns named here are ever read: no title, no text, no person. An account that may read nothing
else is enough (``docs/glpi.md``). Words are those of GLPI's French interface; a code that it does not know is written as it
is, and the suite of the table refuses it. An exercice holds the tickets opened in it, deleted ones left out.

GLPI keeps dates in its server's local time; when its columns are ``timestamp``, MariaDB gives them in the server's own time
zone, which the session leaves alone. The export cuts both dates and waiting time to the minute.
"""

import datetime as dt

from sqlalchemy import ColumnElement, Select, String, case, cast, column, func, select, table

# table → column → kind (``database.KINDS``)
COLUMNS = {
    "glpi_tickets": {
        "id": "integer",
        "entities_id": "integer",
        "itilcategories_id": "integer",
        "date": "datetime",
        "date_mod": "datetime",
        "solvedate": "datetime",
        "closedate": "datetime",
        "status": "integer",
        "type": "integer",
        "priority": "integer",
        "urgency": "integer",
        "waiting_duration": "integer",
        "is_deleted": "integer",
    },
    "glpi_entities": {"id": "integer", "completename": "text"},
    "glpi_itilcategories": {"id": "integer", "completename": "text"},
    "glpi_itilfollowups": {"itemtype": "text", "items_id": "integer"},
    "glpi_itilsolutions": {"id": "integer", "itemtype": "text", "items_id": "integer", "status": "integer"},
}
STATUTS = {1: "Nouveau", 2: "En cours (Attribué)", 3: "En cours (Planifié)", 4: "En attente", 5: "Résolu", 6: "Clos"}
TYPES = {1: "Incident", 2: "Demande"}
URGENCES = {1: "Très basse", 2: "Basse", 3: "Moyenne", 4: "Haute", 5: "Très haute"}
PRIORITES = {**URGENCES, 6: "Majeure"}
STATUTS_SOLUTIONS = {1: "Non soumis à validation", 2: "En attente de validation", 3: "Acceptée", 4: "Refusée"}


def query(exercice: int) -> Select:
    """One row per ticket opened in ``exercice``, in order of number; columns have the names of the declared fields."""
    tickets, entities, categories, followups, solutions = (
        table(name, *(column(each) for each in columns)) for name, columns in COLUMNS.items()
    )

    def of_the_ticket(child) -> list:
        return [child.c.itemtype == "Ticket", child.c.items_id == tickets.c.id]

    number_of_followups = select(func.count()).select_from(followups).where(*of_the_ticket(followups))
    # comma separated: no word contains one
    words_of_solutions = func.group_concat(_word(solutions.c.status, STATUTS_SOLUTIONS).op("order by")(solutions.c.id))
    statuses_of_solutions = select(func.replace(words_of_solutions, ",", "\n")).where(*of_the_ticket(solutions))
    return (
        select(
            tickets.c.id,
            _label(entities.c.completename).label("entite"),
            _word(tickets.c.status, STATUTS).label("statut"),
            tickets.c.date_mod.label("date_modification"),
            tickets.c.date.label("date_ouverture"),
            _word(tickets.c.priority, PRIORITES).label("priorite"),
            _word(tickets.c.urgency, URGENCES).label("urgence"),
            _label(categories.c.completename).label("categorie"),
            _word(tickets.c.type, TYPES).label("type"),
            tickets.c.solvedate.label("date_resolution"),
            tickets.c.closedate.label("date_cloture"),
            _duration(tickets.c.waiting_duration).label("duree_attente"),
            number_of_followups.scalar_subquery().label("nb_suivis"),
            statuses_of_solutions.scalar_subquery().label("statuts_solutions"),
        )
        # outer joins: a ticket whose entity is gone is refused with its line, never lost
        .outerjoin_from(tickets, entities, entities.c.id == tickets.c.entities_id)
        .outerjoin(categories, categories.c.id == tickets.c.itilcategories_id)
        .where(
            tickets.c.is_deleted == 0,
            tickets.c.date >= dt.datetime(exercice, 1, 1),
            tickets.c.date < dt.datetime(exercice + 1, 1, 1),
        )
        .order_by(tickets.c.id)
    )


def _word(code: ColumnElement, words: dict[int, str]) -> ColumnElement:
    return case(words, value=code, else_=cast(code, String))


def _label(name: ColumnElement) -> ColumnElement:
    """SQL of a label as the export writes it: two apostrophes for a quote."""
    return func.replace(name, '"', "''")


def _duration(seconds: ColumnElement) -> ColumnElement:
    """``27 heures 15 minutes``: GLPI writes these durations without days nor seconds."""
    hours, minutes = func.floor(seconds / 3600), func.floor(func.mod(seconds, 3600) / 60)
    return func.if_(
        seconds < 3600, func.concat(minutes, " minutes"), func.concat(hours, " heures ", minutes, " minutes")
    )
