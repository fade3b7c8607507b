"""Makes the ledger of Ciril Finances and the invoices of Multifact.

The mandats and titres of a year add up, account by account, to what its accounts (``budget``) say was done in real
operations: each amount is shared out to the cent over invented pieces. Operations d'ordre and what is carried over
(001, 002) give none. The members' contributions are titres that name them, shared out by inhabitants and use. One piece
is left out of the export: the accounts know it and the ledger does not.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import repeat
from random import Random

from demo import budget, collectivites
from demo.fichiers import FichierTexte
from demo.livraisons import Livraison

CODES = {"P": "00", "A": "01"}
SENS = {"mandats": "D", "titres": "R"}
EXERCICE_PIECE_OMISE = 2019  # one mandat of the principal budget is not exported
COMPTE_PIECE_OMISE = "6156"
MOYENNE = {"D": 34_000, "R": 260_000}  # cents a piece, about
LE_PLUS = 1_500  # pieces on one account
INTITULES = (
    *("Exercice", "Budget", "N° bordereau", "N° {piece}", "N° ligne", "Date d'émission", "Type de {piece}", "Section"),
    *("Nature", "Fonction", "{tiers}", "Objet", "Montant HT", "Montant TTC", "Montant budgétaire"),
)
TIERS = {"mandats": ("mandat", "Créancier"), "titres": ("titre", "Débiteur")}
TAXABLES = ("60", "61", "62", "20", "21", "706", "708")  # accounts whose pieces include VAT
CONTRIBUTIONS = "74741"
USAGE = {"94022": 98, "94054": 108, "94074": 104, "94077": 92, "94011": 103}  # how much each member uses the services
MEMBRES = {one.code_insee: one for one in collectivites.COLLECTIVITES}
ACTIVITES = ("Restauration scolaire", "Accueil périscolaire", "Petite enfance", "Conservatoire")


@dataclass(frozen=True)
class Piece:
    """One mandat or titre; its amount, in cents, is the one charged to the budget."""

    budget: str
    section: str
    compte: str
    date: dt.date
    cents: int
    type: str = "Ordinaire"
    debiteur: str = ""  # code of the member that owes it


def ecritures(exercice: int) -> Iterator[Livraison]:
    """The two lists of one exercice."""
    for liste in ("mandats", "titres"):
        pieces = {nom: _pieces(liste, nom, exercice) for nom in CODES}
        yield Livraison(
            f"{exercice}/ciril_finances/{liste}_demonstration_{exercice}.csv", _fichier(liste, exercice, pieces)
        )


def _pieces(liste: str, nom: str, exercice: int) -> list[Piece]:
    """The pieces of one budget, in the order of their numbers."""
    rng = Random(f"{liste}/{nom}/{exercice}")
    lignes = budget.principal(exercice) if nom == "P" else budget.annexe(exercice)
    found = []
    for ligne in lignes:
        reelle = ligne.operation == budget.REELLE and ligne.chapitre not in ("001", "002")
        if reelle and ligne.sens == SENS[liste] and ligne.realise:
            found += _pieces_du_compte(rng, nom, ligne, exercice)
    return sorted(found, key=lambda piece: (piece.date, piece.compte))


def _pieces_du_compte(rng: Random, nom: str, ligne: budget.Ligne, exercice: int) -> Iterator[Piece]:
    """Pieces that add up to the amount of the account; some are issued by mistake, then cancelled or reduced."""
    nombre = max(1, min(ligne.realise // MOYENNE[ligne.sens], LE_PLUS))
    montants = budget.reparti(ligne.realise, {str(rang): rng.randint(20, 180) for rang in range(nombre)})
    debiteurs = _debiteurs(montants.values(), exercice) if ligne.compte == CONTRIBUTIONS else repeat("")
    for cents, debiteur in zip(montants.values(), debiteurs, strict=False):
        date = _jour_ouvre(rng, exercice)
        piece = Piece(nom, ligne.section, ligne.compte, date, cents, debiteur=debiteur)
        if date.month == 12 and rng.random() < 0.15:
            yield replace(piece, type="Rattachement", date=dt.date(exercice + 1, 1, rng.randint(5, 29)))
        elif rng.random() < 0.01:
            trop = rng.randint(1_000, 40_000)
            yield replace(piece, cents=cents + trop)
            yield replace(piece, cents=trop, type="Réduction", date=date + dt.timedelta(days=14))
        else:
            yield piece
        if rng.random() < 0.005:
            yield piece
            yield replace(piece, type="Annulation", date=date + dt.timedelta(days=14))


def _debiteurs(montants: Iterable[int], exercice: int) -> Iterator[str]:
    """The member that owes each amount: the one that is furthest below its share so far."""
    parts = {c.code_insee: c.population * (USAGE[c.code_insee] + exercice % 7) for c in collectivites.COLLECTIVITES}
    du = dict.fromkeys(parts, 0)
    for cents in montants:
        code = min(du, key=lambda code: (du[code] + cents) / parts[code])
        du[code] += cents
        yield code


def _jour_ouvre(rng: Random, exercice: int) -> dt.date:
    while True:
        jour = dt.date(exercice, 1, 8) + dt.timedelta(days=rng.randrange(340))
        if jour.weekday() < 5:
            return jour


def _fichier(liste: str, exercice: int, pieces: dict[str, list[Piece]]) -> bytes:
    rng = Random(f"{liste}/tiers/{exercice}")
    mot, tiers = TIERS[liste]
    fichier = FichierTexte("cp1252", ";")
    fichier.ajoute(intitule.format(piece=mot, tiers=tiers) for intitule in INTITULES)
    total = 0
    for nom, du_budget in pieces.items():
        omise = _omise(liste, nom, exercice, du_budget)
        for numero, piece in enumerate(du_budget, start=1):
            if numero == omise:
                continue
            ttc = _ttc(piece)
            total += ttc
            fichier.ajoute(_cellules(rng, exercice, nom, numero, piece, ttc))
    fichier.ajoute(["TOTAL", *[""] * 12, _montant(total), ""])
    return fichier.octets()


def _omise(liste: str, nom: str, exercice: int, pieces: list[Piece]) -> int | None:
    """The number of the piece that is left out."""
    if (liste, nom, exercice) != ("mandats", "P", EXERCICE_PIECE_OMISE):
        return None
    rangs = [n for n, x in enumerate(pieces, start=1) if (x.compte, x.type) == (COMPTE_PIECE_OMISE, "Ordinaire")]
    return rangs[len(rangs) // 2]


def piece_omise() -> int:
    """The amount in cents of the mandat that the accounts know and the ledger does not."""
    pieces = _pieces("mandats", "P", EXERCICE_PIECE_OMISE)
    return pieces[_omise("mandats", "P", EXERCICE_PIECE_OMISE, pieces) - 1].cents


def _ttc(piece: Piece) -> int:
    """The amount with VAT: the annexe budget is subject to it, and is charged the amount without tax."""
    taxable = piece.compte.startswith(TAXABLES)
    return piece.cents * 6 // 5 if piece.budget == "A" and taxable else piece.cents


def _cellules(rng: Random, exercice: int, nom: str, numero: int, piece: Piece, ttc: int) -> list[object]:
    taxable = piece.compte.startswith(TAXABLES)
    ht = piece.cents if nom == "A" or not taxable else piece.cents * 5 // 6
    tiers, membre = f"TIERS {rng.randrange(1, 400):04d} DÉMONSTRATION", MEMBRES.get(piece.debiteur)
    return [
        exercice,
        CODES[nom],
        numero // 25 + 1,
        numero,
        1,
        piece.date.strftime("%d/%m/%Y"),
        piece.type,
        piece.section,
        piece.compte,
        "020",
        membre.ecrite(("mairie", "ville", "commune")[numero % 3]) if membre else tiers,
        "Pièce de démonstration",
        _montant(ht),
        _montant(ttc),
        _montant(piece.cents),
    ]


def _montant(cents: int) -> str:
    """``123456789`` → ``1 234 567,89``."""
    return f"{cents // 100:,}".replace(",", " ") + f",{cents % 100:02d}"


def factures(exercice: int) -> Iterator[Livraison]:
    """The invoices printed for the members, month by month; few in the spring of 2020."""
    rng = Random(f"multifact/{exercice}")
    nom = f"multifact_demonstration_{exercice}.csv"
    fichier = FichierTexte("utf-8-sig", ";")
    fichier.ligne_libre(f"DÉMONSTRATION – Multifact – éditions de factures – exercice {exercice}")
    fichier.ajoute(
        [
            *("N° édition", "Date d’édition", "Collectivité", "Activité"),
            *("Factures éditées", "Factures annulées", "Montant facturé"),
        ]
    )
    numero = editees = annulees = 0
    for mois in range(1, 13):
        for membre in collectivites.COLLECTIVITES:
            for activite in ACTIVITES[: 3 if mois == 8 else 4]:
                numero += 1
                nombre = _nombre(rng, exercice, mois, membre.population, activite)
                rejetees = rng.randint(0, nombre // 60)
                editees, annulees = editees + nombre, annulees + rejetees
                fichier.ajoute(
                    [
                        f"M{exercice}-{numero:04d}",
                        f"{rng.randint(3, 12):02d}/{mois:02d}/{exercice}",
                        membre.ecrite(rng.choice(("nom", "majuscules", "mairie"))),
                        activite,
                        nombre,
                        rejetees,
                        _montant(nombre * rng.randint(2_800, 7_400)),
                    ]
                )
    fichier.ajoute(["TOTAL", "", "", "", editees, annulees, ""])
    yield Livraison(f"{exercice}/multifact/{nom}", fichier.octets())


def _nombre(rng: Random, exercice: int, mois: int, population: int, activite: str) -> int:
    part = {"Restauration scolaire": 0.045, "Accueil périscolaire": 0.03, "Petite enfance": 0.006}.get(activite, 0.008)
    saison = 0.35 if mois in (7, 8) else 0.15 if (exercice, mois) in ((2020, 4), (2020, 5)) else 1.0
    return max(1, round(population * part * saison * rng.uniform(0.9, 1.1)))
