"""Makes the three logs that the syndicate's agents keep: training, assistance, election work.

Every duration is a whole number of quarters of a day, so that the sums are exact. What has no published
number (``?``, ``NC``, an indicator that the report does not print) leaves no contradictory line here.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from demo import chiffres, collectivites
from demo.fichiers import Classeur, FichierTexte, serie
from demo.livraisons import Defaut, Livraison

GRAPHIES = {  # how the agents write the names of the applications; the correct name comes first
    "cegid_rh": ("Cegid RH", "CEGID RH", "Cegid"),
    "ciril_rh": ("Ciril RH", "CIRIL RH"),
    "ciril_finances": ("Ciril Finances", "Ciril finances", "Multifact"),
    "melodie": ("Melodie", "Mélodie"),
    "sirius": ("Sirius", "Sirius billetterie"),
    "ciril_elections": ("Ciril Elections", "Ciril Élections"),
    "kolok": ("Kolok", "KOLOK"),
    "pelehas": ("Péléhas", "Pelehas", "PELEHAS"),
    "gma": ("GMA",),
    "esabora": ("Esabora", "ESABORA", "Esabora SCHS"),
    "eternite": ("Eternite", "Eternité"),
    "elise": ("Elise", "ELISE", "Elise courrier"),
    "maelis": ("Maelis", "Maelis web", "Maelis portail famille"),
    "orphee": ("Orphée", "ORPHEE"),
    "cap_demat": ("Cap Démat Evolution", "Cap Démat"),
    "esri": ("ESRI", "ArcGIS"),
    "colbert": ("Colbert",),
    "cartads": ("Cart@ds", "CART@DS", "Cartads"),
    "maestro": ("Maestro", "MAESTRO"),
}
INTERVENANTS = (
    "M. Barcédreuil",
    "É. Solnandre",
    "S. Lorghiquart",
    "N. Calvivrin",
    "T. Œrsimieux",
    "F. Zelparige",
)
OBJETS = (
    "Aide à la saisie",
    "Anomalie à l’édition",
    "Compte bloqué",
    "Droits d’accès",
    "Montée de version",
    "Paramétrage",
    "Requête ou statistique",
    "Reprise de données",
)
CONFINEMENT = (dt.date(2020, 3, 17), dt.date(2020, 5, 11))
ESPACES = (" ", "\u00a0", "\u202f")  # the space that French tools put between thousands


# A refused line makes every figure of its log partial for the year: each log has one bad year, and 2020 has none.
EXERCICE_ASSISTANCE_REFUSEE = 2018
EXERCICE_FORMATIONS_REFUSEES = 2019
EXERCICE_ELECTIONS_REFUSEES = 2019
EXERCICE_TOTAL_FAUX = 2019  # the one wrong total of the demonstration, in the assistance log


@dataclass
class Ligne:
    """One line of a log before it is written; ``defaut`` is (rule, heading)."""

    date: dt.date | str
    application: str
    collectivite: str
    jours: Decimal | str
    participants: int | str | None = None
    defaut: tuple[str, str] | None = None


def partage(rng: Random, total: int, parts: int) -> list[int]:
    """Split ``total`` into ``parts`` whole numbers of at least 1, which differ but have the same order of magnitude."""
    tas = [total // parts + (rang < total % parts) for rang in range(parts)]
    for _ in range(parts):
        de, vers = rng.randrange(parts), rng.randrange(parts)
        if tas[de] > 1:
            tas[de] -= 1
            tas[vers] += 1
    return tas


def virgule(nombre: Decimal) -> str:
    """``1.50`` → ``1,5``, as a French tool writes it."""
    return f"{nombre:f}".rstrip("0").rstrip(".").replace(".", ",") if "." in f"{nombre:f}" else f"{nombre:f}"


def _quarts(jours: Decimal) -> int:
    quarts = jours * 4
    if quarts != int(quarts):
        raise ValueError(f"{jours} days are not whole quarters")
    return int(quarts)


def _jour_ouvre(rng: Random, exercice: int, *, presence: bool) -> dt.date:
    """A working day, away from both ends of the year; outside the lockdown when people must meet."""
    while True:
        jour = dt.date(exercice, 1, 14) + dt.timedelta(days=rng.randrange(333))
        ferme = presence and (jour.month == 8 or CONFINEMENT[0] <= jour <= CONFINEMENT[1])
        if jour.weekday() < 5 and not ferme:
            return jour


def _apres(jour: dt.date, jours_ouvres: int) -> dt.date:
    while jours_ouvres > 0:
        jour += dt.timedelta(days=1)
        jours_ouvres -= jour.weekday() < 5
    return jour


# --- formations


def formations(exercice: int) -> list[Livraison]:
    """The training log: a workbook of three sheets, kept by hand."""
    rng = Random(f"journal_formations/{exercice}")
    sessions = [s for application in chiffres.applications(exercice) for s in _sessions(rng, application, exercice)]
    sessions.sort(key=lambda s: (s.date, s.application))
    for rang, refusee in enumerate(_sessions_refusees(exercice), start=1):
        sessions.insert(rang * len(sessions) // 3, refusee)
    classeur = Classeur(exercice, f"DÉMONSTRATION – journal des formations {exercice}")
    _lisez_moi(classeur, exercice)
    nom = f"journal_formations_demonstration_{exercice}.xlsx"
    defauts = _feuille_sessions(rng, classeur, exercice, sessions, nom)
    _listes(classeur, exercice)
    return [Livraison(f"{exercice}/journal_formations/{nom}", classeur.octets(), tuple(defauts))]


def _sessions(rng: Random, application: str, exercice: int) -> list[Ligne]:
    """The sessions whose days and participants add up to the published figures."""
    jours = chiffres.valeur(application, "jours_formation", exercice)
    if not jours:
        return []
    formes = chiffres.valeur(application, "agents_formes", exercice)
    quarts = _quarts(jours)
    pas = 2 if quarts % 2 == 0 else 1  # half days whenever the sum allows it
    nombre = max(1, min(round(jours / Decimal("1.5")), quarts // pas, int(formes) if formes else 99))
    durees = [part * pas for part in partage(rng, quarts // pas, nombre)]
    return [
        Ligne(
            _jour_ouvre(rng, exercice, presence=True),
            rng.choice(GRAPHIES[application]),
            collectivites.tire(rng).ecrite(rng.choice(("nom", "nom", "majuscules", "court"))),
            Decimal(duree) / 4,
            participants,
        )
        for duree, participants in zip(durees, _participants(rng, application, exercice, formes, nombre), strict=True)
    ]


def _participants(
    rng: Random, application: str, exercice: int, formes: Decimal | None, nombre: int
) -> list[int | None]:
    """The participants of each session, which add up to the published number; blank when that is ``NC``."""
    if formes is not None:
        return partage(rng, int(formes), nombre) if formes else [0] * nombre
    if chiffres.est_publie(application, "agents_formes", exercice):
        return [None] * nombre
    return [rng.choice((None, 2, 4, 6)) for _ in range(nombre)]


def _sessions_refusees(exercice: int) -> list[Ligne]:
    """Sessions that were not held: nothing in them counts, and one cell cannot be read."""
    if exercice != EXERCICE_FORMATIONS_REFUSEES:
        return []
    return [
        Ligne(dt.date(exercice, 6, 18), "Elise", "Orly", "à définir", None, ("LIG-TYPE", "Durée (jours)")),
        Ligne(dt.date(exercice, 9, 24), "Maestro", "", Decimal(0), 0, ("LIG-OBLIGATOIRE", "Collectivité")),
    ]


def _lisez_moi(classeur: Classeur, exercice: int) -> None:
    feuille = classeur.feuille("Lisez-moi")
    feuille.ajoute([f"DÉMONSTRATION – journal des formations, exercice {exercice}"], gras=True)
    for texte in (
        "Les lignes de ce classeur sont inventées.",
        "Une ligne par session dans la feuille « Sessions ».",
        "Durée en jours, au quart de jour (0,25).",
        "Laisser la colonne Participants vide si la feuille d’émargement manque.",
    ):
        feuille.ajoute([texte])


def _listes(classeur: Classeur, exercice: int) -> None:
    feuille = classeur.feuille("Listes")
    feuille.ajoute(["Applications", "Collectivités"], gras=True)
    noms = [GRAPHIES[application][0] for application in chiffres.applications(exercice)]
    for rang, nom in enumerate(noms):
        membres = collectivites.COLLECTIVITES
        feuille.ajoute([nom, membres[rang].nom if rang < len(membres) else None])


def _feuille_sessions(
    rng: Random, classeur: Classeur, exercice: int, sessions: list[Ligne], nom: str
) -> Iterator[Defaut]:
    """Write the sheet; some numbers are written as text, as when a cell was pasted."""
    feuille = classeur.feuille("Sessions")
    feuille.ajoute([f"DÉMONSTRATION – Journal des formations – exercice {exercice}"], gras=True)
    feuille.ajoute(["Pôle applications – une ligne par session"])
    feuille.ajoute([])
    feuille.ajoute(
        [
            *("N° de session", "Application", "Collectivité", "Début", "Fin", "Lieu"),
            *("Durée (jours)", "Participants", "Observations"),
        ],
        gras=True,
    )
    defauts = []
    for rang, session in enumerate(sessions, start=1):
        ligne = feuille.ajoute(_cellules_session(rng, exercice, rang, session))
        if session.defaut:
            defauts.append(Defaut(exercice, "journal_formations/sessions", nom, ligne, *session.defaut))
    feuille.ajoute([])
    jours = sum(s.jours for s in sessions if isinstance(s.jours, Decimal))
    feuille.ajoute(
        ["TOTAL", None, None, None, None, None, float(jours), sum(s.participants or 0 for s in sessions)],
        gras=True,
    )
    return defauts


def _cellules_session(rng: Random, exercice: int, rang: int, session: Ligne) -> list[object]:
    debut, jours, participants = session.date, session.jours, session.participants
    fin = None
    if isinstance(debut, dt.date) and isinstance(jours, Decimal):
        fin = _apres(debut, -(-_quarts(jours) // 4) - 1)
    if isinstance(jours, Decimal):
        jours = virgule(jours) if rng.random() < 0.2 else float(jours)
    if participants is not None and rng.random() < 0.1:
        participants = str(participants)
    return [
        f"F{exercice}-{rang:03d}",
        session.application,
        session.collectivite,
        debut.strftime("%d/%m/%Y") if isinstance(debut, dt.date) and rng.random() < 0.15 else debut,
        serie(fin) if fin and rng.random() < 0.15 else fin,
        rng.choice(("SICIO", "Sur site", "À distance")),
        jours,
        participants,
        "Session non tenue" if session.defaut else None,
    ]


# --- assistance


def assistance(exercice: int) -> list[Livraison]:
    """The assistance log: one line per ticket, in quarters of a day."""
    rng = Random(f"journal_assistance/{exercice}")
    lignes = [
        ligne for application in chiffres.applications(exercice) for ligne in _interventions(rng, application, exercice)
    ]
    lignes.sort(key=lambda ligne: (ligne.date, ligne.application))
    for rang, refusee in enumerate(_interventions_refusees(exercice), start=1):
        lignes.insert(rang * len(lignes) // 3, refusee)
    nom = f"journal_assistance_demonstration_{exercice}.csv"
    fichier = FichierTexte("cp1252", ";")
    fichier.ligne_libre(f"DÉMONSTRATION – Journal des interventions d’assistance – exercice {exercice}")
    fichier.ajoute(
        [
            "N° ticket",
            "Date",
            "Application",
            "Collectivité",
            "Intervenant",
            "Objet",
            "Durée (jours)",
            "Statut",
        ]
    )
    defauts, numero = [], 100
    for ligne in lignes:
        numero += rng.randint(1, 9)
        place = fichier.ajoute(_cellules_intervention(rng, exercice, numero, ligne))
        if ligne.defaut:
            defauts.append(Defaut(exercice, "journal_assistance/interventions", nom, place, *ligne.defaut))
    total = sum(ligne.jours for ligne in lignes if isinstance(ligne.jours, Decimal))
    if exercice == EXERCICE_TOTAL_FAUX:  # a day too many
        total += 1
    place = fichier.ajoute(["TOTAL", "", "", "", "", "", virgule(total), ""])
    if exercice == EXERCICE_TOTAL_FAUX:
        defauts.append(Defaut(exercice, "journal_assistance/interventions", nom, place, "TOTAL", "Durée (jours)"))
    return [Livraison(f"{exercice}/journal_assistance/{nom}", fichier.octets(), tuple(defauts))]


def _interventions(rng: Random, application: str, exercice: int) -> Iterator[Ligne]:
    """Tickets whose time adds up to the published days."""
    reste = _quarts(chiffres.valeur(application, "jours_assistance", exercice) or Decimal(0))
    while reste:
        duree = min(reste, rng.choices((1, 2, 3, 4, 6, 8), weights=(6, 6, 2, 4, 1, 1))[0])
        reste -= duree
        yield Ligne(
            _jour_ouvre(rng, exercice, presence=False),
            rng.choice(GRAPHIES[application]),
            collectivites.tire(rng).ecrite(rng.choice(("nom", "majuscules", "mairie", "court"))),
            Decimal(duree) / 4,
        )


def _interventions_refusees(exercice: int) -> list[Ligne]:
    """Tickets closed without any time spent, one cell of which cannot be read."""
    if exercice != EXERCICE_ASSISTANCE_REFUSEE:
        return []
    return [
        Ligne(f"30/02/{exercice}", "Sirius", "Orly", Decimal(0), None, ("LIG-TYPE", "Date")),
        Ligne(dt.date(exercice, 10, 8), "ESRI", "Valenton", "néant", None, ("LIG-TYPE", "Durée (jours)")),
    ]


def _cellules_intervention(rng: Random, exercice: int, numero: int, ligne: Ligne) -> list[object]:
    return [
        f"T{exercice % 100}-{numero:05d}",
        ligne.date.strftime("%d/%m/%Y") if isinstance(ligne.date, dt.date) else ligne.date,
        ligne.application,
        ligne.collectivite,
        rng.choice(INTERVENANTS),
        "Ticket à compléter" if ligne.defaut else rng.choice(OBJETS),
        virgule(ligne.jours) if isinstance(ligne.jours, Decimal) else ligne.jours,
        "Clos",
    ]


# --- élections

TRAVAUX = {  # (ballot, date of the work, work, documents an inhabitant)
    2019: (
        ("Européennes 2019", dt.date(2019, 4, 23), "Édition des cartes électorales", Decimal("0.58")),
        ("Européennes 2019", dt.date(2019, 5, 20), "Édition des listes d’émargement", Decimal("0.02")),
        ("Européennes 2019", dt.date(2019, 5, 26), "Présence le jour du scrutin", None),
    ),
    2020: (
        ("Municipales 2020", dt.date(2020, 2, 25), "Étiquettes de propagande", Decimal("0.61")),
        ("Municipales 2020", dt.date(2020, 3, 15), "Présence au premier tour", None),
        ("Municipales 2020", dt.date(2020, 6, 28), "Présence au second tour", None),
    ),
    2021: (
        ("Départementales et régionales 2021", dt.date(2021, 5, 31), "Étiquettes de propagande", Decimal("0.62")),
        ("Départementales et régionales 2021", dt.date(2021, 6, 20), "Présence au premier tour", None),
        ("Départementales et régionales 2021", dt.date(2021, 6, 27), "Présence au second tour", None),
    ),
    2022: (
        ("Présidentielle 2022", dt.date(2022, 3, 14), "Édition des cartes électorales", Decimal("0.60")),
        ("Présidentielle 2022", dt.date(2022, 4, 10), "Présence au premier tour", None),
        ("Législatives 2022", dt.date(2022, 6, 12), "Présence au premier tour", None),
    ),
}


def elections(exercice: int) -> list[Livraison]:
    """The election log; no file for a year whose days are not known."""
    jours = chiffres.valeur("ciril_elections", "jours_traitement_elections", exercice)
    if jours is None:
        return []
    rng = Random(f"journal_elections/{exercice}")
    nom = f"journal_elections_demonstration_{exercice}.csv"
    fichier = FichierTexte("utf-8-sig", ";")
    fichier.ligne_libre(f"DÉMONSTRATION – Journal des traitements électoraux – exercice {exercice}")
    fichier.ligne_libre()
    fichier.ajoute(
        [
            *("Référence", "Application", "Scrutin", "Collectivité", "Date", "Travail effectué"),
            *("Documents édités", "Jours"),
        ]
    )
    travaux = [(travail, membre) for travail in TRAVAUX[exercice] for membre in collectivites.COLLECTIVITES]
    total = 0
    for rang, (((scrutin, date, travail, part), membre), quarts) in enumerate(
        zip(travaux, partage(rng, _quarts(jours), len(travaux)), strict=True), start=1
    ):
        nombre = int(membre.population * part) if part else 0
        total += nombre
        fichier.ajoute(
            [
                *(f"E{exercice}-{rang:03d}", rng.choice(GRAPHIES["ciril_elections"]), scrutin),
                *(membre.ecrite(rng.choice(("nom", "ville"))), date.strftime("%d/%m/%Y"), travail),
                _milliers(nombre, rng.choice(ESPACES)) if part else "",
                virgule(Decimal(quarts) / 4),
            ]
        )
    defauts = []
    if exercice == EXERCICE_ELECTIONS_REFUSEES:
        reference, scrutin = f"E{exercice}-{len(travaux) + 1:03d}", TRAVAUX[exercice][0][0]
        place = fichier.ajoute(
            [
                reference,
                "Ciril Elections",
                scrutin,
                "Orly",
                f"mai {exercice}",
                "Archivage des listes",
                "",
                "0",
            ]
        )
        defauts.append(Defaut(exercice, "journal_elections/traitements", nom, place, "LIG-TYPE", "Date"))
    fichier.ajoute(["TOTAL", "", "", "", "", "", _milliers(total, ESPACES[2]), virgule(jours)])
    return [Livraison(f"{exercice}/journal_elections/{nom}", fichier.octets(), tuple(defauts))]


def _milliers(nombre: int, espace: str) -> str:
    return f"{nombre:,}".replace(",", espace)
