"""An invented body known by three flows only: DSN, budget documents and PES, which agree with each other.

Its accounts are decided here; what is paid to its agents follows from the hours of its declarations; each real amount of the
accounts is shared out over mandats and titres. What happens to real flows happens here too: a total wrongly announced, a file
that is missing, a bordereau sent twice, one that is refused and sent again, January's flows for the year before.
"""

import datetime as dt
import io
import zipfile
from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from itertools import count
from pathlib import Path
from random import Random

from demo import budget, dsn, personnes, pes
from demo.budget import ORDRE, Ligne, reparti
from demo.livraisons import Livraison

ORGANISATION = Path(__file__).with_name("flux.yml")
EXERCICES = (2023, 2024)
SIREN, NIC = "254899909", "00017"
ORGANISME = budget.Organisme(
    nom="SIVO - DÉMONSTRATION",
    prefixe="SIVO",
    departement="48",
    code_insee="48901",
    nomenclature="M57-M57_D",
    sirets={"P": SIREN + NIC},
    libelles={"P": "BUDGET PRINCIPAL - DÉMONSTRATION"},
)
EMPLOYEUR = dsn.Employeur(SIREN, NIC, "SIVO (DEMONSTRATION)", "48000", "COURTEBELLE SUR ORVANCE")
EMETTEUR = pes.Emetteur(SIREN + NIC, "SIVO (DEMONSTRATION)", "048001", "901")
MEMBRES = {  # who contributes, in proportion to its inhabitants; the last one is known by its name alone
    pes.Tiers("COMMUNE DE COURTEBELLE SUR ORVANCE", "23", "21489010500015"): 6240,
    pes.Tiers("COMMUNE DE MIRANDOLLE", "23", "21489020400016"): 3115,
    pes.Tiers("COMMUNE DE SAINT OYEN DES PRES", "23", "21489030300016"): 1870,
    pes.Tiers("COMMUNE DE VALORGE", "23"): 940,
}

# --- the staff


@dataclass(frozen=True)
class Emploi:
    """A contract or nomination: what changes in it begins another one."""

    debut: str
    statut: str = "01"  # 01 titulaire, 02 contractuel, 08 stagiaire
    nature: str = "50"  # 50 nomination, 09 CDI, 10 CDD
    quotite_pct: int = 100
    fin: str = ""
    motif: str = ""


# matricule → sex, birth and contracts. In 2023 a contractuel arrives; in 2024 one is nommé stagiaire, a CDD is renewed, a
# titulaire retires, another one arrives by mutation and a contractuel resigns.
AGENTS: dict[str, tuple[str, str, tuple[Emploi, ...]]] = {
    "00101": ("F", "1968-03-11", (Emploi("1999-09-01"),)),
    "00102": ("M", "1961-05-23", (Emploi("1988-01-01", fin="2024-06-30", motif="039"),)),
    "00103": ("F", "1975-11-02", (Emploi("2004-04-01"),)),
    "00104": ("F", "1982-07-19", (Emploi("2010-02-01", quotite_pct=80),)),
    "00105": ("M", "1990-01-30", (Emploi("2016-10-01"),)),
    "00106": ("F", "1979-09-14", (Emploi("2008-03-01"),)),
    "00107": ("M", "1971-12-06", (Emploi("2001-07-01"),)),
    "00108": ("F", "1986-04-27", (Emploi("2024-09-01"),)),
    "00109": (
        "F",
        "1993-02-08",
        (Emploi("2020-01-01", "02", "10", fin="2024-03-31", motif="031"), Emploi("2024-04-01", "08")),
    ),
    "00110": ("M", "1988-08-21", (Emploi("2019-05-01", "02", "09"),)),
    "00111": (
        "F",
        "1996-10-17",
        (
            Emploi("2022-06-01", "02", "10", fin="2024-05-31", motif="031"),
            Emploi("2024-06-01", "02", "10", quotite_pct=50),
        ),
    ),
    "00112": ("M", "1999-06-03", (Emploi("2023-03-01", "02", "10"),)),
    "00113": ("F", "1984-01-12", (Emploi("2018-09-01", "02", "09"),)),
    "00114": ("M", "1992-05-29", (Emploi("2021-02-01", "02", "09", fin="2024-10-31", motif="059"),)),
}


@cache
def salaries(exercice: int) -> tuple[dsn.Salarie, ...]:
    """Who is paid in the year, with the hours of each month."""
    found = []
    for matricule, (sexe, naissance, emplois) in AGENTS.items():
        contrats = tuple(
            _contrat(rang, emploi, exercice) for rang, emploi in enumerate(emplois, 1) if _court(emploi, exercice)
        )
        if contrats:
            nom, prenom = personnes.tire_noms(Random(f"flux/{matricule}"), sexe)
            jour, code = dt.date.fromisoformat(naissance), "02" if sexe == "F" else "01"
            nir = dsn.nir_invente(code, jour, int(matricule))
            nom = nom.upper().replace("Œ", "OE")
            found.append(dsn.Salarie(matricule, nir, nom, prenom.replace("Œ", "OE"), code, jour, contrats))
    return tuple(found)


def _court(emploi: Emploi, exercice: int) -> bool:
    return int(emploi.debut[:4]) <= exercice and (not emploi.fin or int(emploi.fin[:4]) >= exercice)


def _contrat(rang: int, emploi: Emploi, exercice: int) -> dsn.Contrat:
    debut = dt.date.fromisoformat(emploi.debut)
    fin = dt.date.fromisoformat(emploi.fin) if emploi.fin else None
    quotite = (dsn.TEMPS_COMPLET * emploi.quotite_pct / 100).quantize(Decimal("0.01"))
    mois = [dt.date(exercice, numero, 1) for numero in range(1, 13)]
    payes = [m for m in mois if debut <= m and (fin is None or fin >= m)]  # all begin on the 1st and end on a last day
    est_partiel = emploi.quotite_pct < 100
    return dsn.Contrat(
        numero=f"CT{rang:04d}",
        debut=debut,
        nature=emploi.nature,
        statut=emploi.statut,
        libelle_emploi="AGENT DU SYNDICAT",
        heures={m.month: quotite for m in payes},
        fin_prevue=fin if emploi.nature == "10" else None,
        quotite=quotite,
        modalite="20" if est_partiel else "10",
        taux_temps_partiel_pct=Decimal(emploi.quotite_pct) if est_partiel else None,
        fin=fin if fin and fin.year == exercice else None,
        motif_fin=emploi.motif or None,
    )


@cache
def paie(exercice: int) -> dict[str, tuple[int, ...]]:
    """Account → what is charged to it each month, in cents: gross pay, as declared, and its charges."""
    brut = {"64111": [0] * 12, "64131": [0] * 12}
    for contrat in (contrat for salarie in salaries(exercice) for contrat in salarie.contrats):
        compte = "64131" if contrat.statut == "02" else "64111"
        for mois, heures in contrat.heures.items():
            brut[compte][mois - 1] += int((heures * dsn.TAUX_HORAIRE).quantize(Decimal("0.01")) * 100)
    urssaf = [(titulaires + autres) * 30 // 100 for titulaires, autres in zip(*brut.values(), strict=True)]
    retraite = [cents * 25 // 100 for cents in brut["64111"]]
    return {**{compte: tuple(mois) for compte, mois in brut.items()}, "6451": tuple(urssaf), "6453": tuple(retraite)}


# --- the budget: account → its chapter, then what was done in each year, in cents

DEPENSES = {
    "60612": ("011", 3_841_255, 4_120_980),
    "60632": ("011", 912_430, 874_615),
    "6064": ("011", 318_844, 342_190),
    "611": ("011", 16_204_500, 17_011_275),
    "61358": ("011", 2_210_400, 2_254_608),
    "6156": ("011", 4_811_936, 5_027_340),
    "62268": ("011", 1_250_000, 980_000),
    "6262": ("011", 1_426_812, 1_398_554),
    "65311": ("65", 2_118_240, 2_160_600),
    "673": ("67", 120_000, 36_500),
}
RECETTES = {"6419": ("013", 604_218, 711_950), "706888": ("70", 3_412_600, 3_598_140), "75888": ("75", 48_115, 22_970)}
EQUIPEMENTS = {
    "2051": ("20", 1_214_400, 960_000),
    "21838": ("21", 3_528_912, 2_804_160),
    "2188": ("21", 1_802_350, 612_484),
}
FCTVA = (812_044, 1_073_590)
AMORTISSEMENTS = {"2805": (1_150_000, 1_190_000), "281838": (2_410_000, 2_655_000), "28188": (640_000, 655_000)}
PREMIER_REPORT, PREMIER_SOLDE = 12_408_117, 2_650_000  # 002 and 001 of the first year
CONTRIBUTIONS = "74741"


@cache
def lignes(exercice: int) -> tuple[Ligne, ...]:
    """The lines of the budget: the contributions are called in full, and balance the credits."""
    rang = EXERCICES.index(exercice)
    amortis = {compte: par_an[rang] for compte, par_an in AMORTISSEMENTS.items()}
    report, solde = _reprise(exercice)
    fonctionnement = [
        *(_ligne(compte, "D", "F", chapitre, par_an[rang]) for compte, (chapitre, *par_an) in DEPENSES.items()),
        *(_ligne(compte, "D", "F", "012", sum(mois)) for compte, mois in paie(exercice).items()),
        Ligne("6811", "D", "F", "042", ORDRE, primitif=sum(amortis.values()), realise=sum(amortis.values())),
        Ligne("002", "R", "F", "002", primitif=report, realise=report),
        *(_ligne(compte, "R", "F", chapitre, par_an[rang]) for compte, (chapitre, *par_an) in RECETTES.items()),
    ]
    investissement = [
        *(_ligne(compte, "D", "I", chapitre, par_an[rang]) for compte, (chapitre, *par_an) in EQUIPEMENTS.items()),
        Ligne("001", "R", "I", "001", primitif=solde, realise=solde),
        _ligne("10222", "R", "I", "10", FCTVA[rang]),
        *(Ligne(compte, "R", "I", "040", ORDRE, primitif=cents, realise=cents) for compte, cents in amortis.items()),
    ]
    virement = _manque(investissement)
    if virement < 0:  # more receipts than equipment: more equipment is voted
        derniere = investissement[2]
        investissement[2] = replace(derniere, primitif=derniere.primitif - virement)
        virement = 0
    if virement:
        fonctionnement.append(Ligne("023", "D", "F", "023", ORDRE, primitif=virement))
        investissement.append(Ligne("021", "R", "I", "021", ORDRE, primitif=virement))
    contributions = _manque(fonctionnement)
    fonctionnement.append(Ligne(CONTRIBUTIONS, "R", "F", "74", primitif=contributions, realise=contributions))
    return (*fonctionnement, *investissement)


def _ligne(compte: str, sens: str, section: str, chapitre: str, realise: int) -> Ligne:
    """A real operation: some 5 % more is voted than what is spent, some 5 % less than what is received, in whole hundreds of euros."""
    vote = realise * (105 if sens == "D" else 95) // 100 // 10_000 * 10_000 + (10_000 if sens == "D" else 0)
    return Ligne(compte, sens, section, chapitre, primitif=vote, realise=realise)


def _manque(section: list[Ligne]) -> int:
    """What the credits of receipts lack to reach those of expenditure."""
    return sum(ligne.primitif if ligne.sens == "D" else -ligne.primitif for ligne in section)


def _reprise(exercice: int) -> tuple[int, int]:
    """What is carried over from the year before: 002 and 001."""
    if exercice == EXERCICES[0]:
        return PREMIER_REPORT, PREMIER_SOLDE
    soldes = dict.fromkeys("FI", 0)
    for ligne in lignes(exercice - 1):
        soldes[ligne.section] += ligne.realise if ligne.sens == "R" else -ligne.realise
    return soldes["F"], soldes["I"]


def documents(exercice: int) -> Iterator[Livraison]:
    """The budget primitif and the compte administratif."""
    avant = {} if exercice == EXERCICES[0] else {(x.compte, x.sens): x.credits for x in lignes(exercice - 1)}
    for nature, jour in (("BP", f"{exercice}-04-08"), ("CA", f"{exercice + 1}-05-27")):
        document = budget.Document("P", nature, exercice, date=jour, avant=avant, organisme=ORGANISME)
        yield Livraison(f"{exercice}/budget/{document.fichier}", document.octets(lignes(exercice)))


# --- the flows to the public accountant

FOURNISSEURS = tuple(pes.Tiers(f"FOURNISSEUR INVENTE {rang}", siret=f"9998887770001{rang}") for rang in range(5))
AGENTS_PAYES, ELU = (
    pes.Tiers("AGENTS INVENTES", "50"),
    pes.Tiers("ELUE INVENTEE", "01", nir=dsn.nir_invente("2", dt.date(1960, 4, 9), 901)),
)
CAISSE = pes.Tiers("TRESORERIE INVENTEE", "20")
MOYENNE = 250_000  # cents a piece, about
RATTACHE, CENTS_RATTACHES = "611", 400_000  # of the first year, taken back in the second when the invoice is paid
ANNULE = ("6064", 30_000)  # issued by mistake, then cancelled
REDUIT = ("62268", 100_000, 20_000)  # too much by the last amount, then reduced

TOTAL_FAUX = (2023, 4)  # the month of a bordereau of mandats whose total is wrong
EN_DOUBLE = (2023, 5)  # sent twice
ABSENT = (2024, 7)  # never delivered
REFUSE = (2024, 9)  # refused, then sent again as it should have been


@cache
def bordereaux(exercice: int) -> tuple[pes.Bordereau, ...]:
    """What is issued for the year: a bordereau of mandats a month, one of titres a quarter, then January's and corrections."""
    mandats = _par_bordereau(_mandats(exercice), exercice, pes.DEPENSE)
    titres = _par_bordereau(_titres(exercice), exercice, pes.RECETTE)
    return (*mandats, *titres, *_corrections(exercice, mandats), *_ordres_de_paiement(exercice))


def _mandats(exercice: int) -> Iterator[tuple[int, pes.Piece]]:
    """(rank of the bordereau, piece): 1 to 12 are months, 13 is January of the year after."""
    rng = Random(f"flux/mandats/{exercice}")
    for mois in range(12):
        yield (
            mois + 1,
            _piece([(compte, cents[mois], AGENTS_PAYES) for compte, cents in paie(exercice).items()], nature="11"),
        )
    for ligne in lignes(exercice):
        if ligne.sens == "D" and ligne.realise and ligne.compte not in paie(exercice):
            yield from _mandats_du_compte(rng, ligne, exercice)


def _mandats_du_compte(rng: Random, ligne: Ligne, exercice: int) -> Iterator[tuple[int, pes.Piece]]:
    if ligne.operation == ORDRE:
        yield 12, _piece([(ligne.compte, ligne.realise, CAISSE)], type="03")
        return
    du = ligne.realise
    if ligne.compte == RATTACHE:
        rang = EXERCICES.index(exercice)
        du -= (CENTS_RATTACHES, 0)[rang]
        yield (
            (13, _piece([(RATTACHE, CENTS_RATTACHES, FOURNISSEURS[0])], type="10"))
            if rang == 0
            else (
                2,
                _piece([(RATTACHE, CENTS_RATTACHES, FOURNISSEURS[0])]),
            )
        )
    if ligne.compte == ANNULE[0]:
        yield 3, _piece([(ligne.compte, ANNULE[1], FOURNISSEURS[1])])
    if ligne.compte == REDUIT[0]:
        yield 3, _piece([(ligne.compte, REDUIT[1], FOURNISSEURS[2])])
        du -= REDUIT[1] - REDUIT[2]
    nombre = max(1, du // MOYENNE)
    poids = {str(rang): rng.randint(40, 160) for rang in range(nombre)}
    nature = "01" if ligne.section == "F" else "02"
    for cents in reparti(du, poids).values():
        tiers = ELU if ligne.compte == "65311" else rng.choice(FOURNISSEURS)
        yield rng.randint(1, 13), _piece([(ligne.compte, cents, tiers)], nature=nature)


def _titres(exercice: int) -> Iterator[tuple[int, pes.Piece]]:
    """(rank of the bordereau, piece): 1 to 4 are quarters, 5 is January of the year after."""
    rng = Random(f"flux/titres/{exercice}")
    for ligne in lignes(exercice):
        if ligne.sens != "R" or not ligne.realise or ligne.chapitre in ("001", "002"):
            continue
        if ligne.operation == ORDRE:
            yield 4, _piece([(ligne.compte, ligne.realise, CAISSE)], type="03", nature="02")
        elif ligne.compte == CONTRIBUTIONS:
            for membre, du in zip(
                MEMBRES, reparti(ligne.realise, {m.nom: n for m, n in MEMBRES.items()}).values(), strict=True
            ):
                for trimestre, cents in enumerate(reparti(du, dict.fromkeys("1234", 1)).values(), 1):
                    yield trimestre, _piece([(ligne.compte, cents, membre)])
        else:
            nature = "01" if ligne.section == "F" else "02"
            poids = {str(rang): rng.randint(40, 160) for rang in range(max(1, ligne.realise // (4 * MOYENNE)))}
            for cents in reparti(ligne.realise, poids).values():
                yield rng.randint(1, 5), _piece([(ligne.compte, cents, rng.choice(FOURNISSEURS))], nature=nature)


def _piece(imputations: list[tuple[str, int, pes.Tiers]], type: str = "01", nature: str = "01") -> pes.Piece:
    return pes.Piece(0, tuple(pes.Ligne(*imputation) for imputation in imputations if imputation[1]), type, nature)


def _par_bordereau(pieces: Iterator[tuple[int, pes.Piece]], exercice: int, sens: str) -> list[pes.Bordereau]:
    """The pieces in their bordereaux, numbered in order; each bordereau says what was issued until then."""
    rangees = defaultdict(list)
    for rang, piece in pieces:
        rangees[rang].append(piece)
    numeros, cumul, found = count(1), 0, []
    for numero, rang in enumerate(sorted(rangees), 1):
        numerotees = tuple(replace(piece, numero=next(numeros)) for piece in rangees[rang])
        bordereau = pes.Bordereau(exercice, numero, _date(exercice, rang, sens), numerotees, sens)
        cumul += bordereau.cents
        found.append(replace(bordereau, cumul=cumul))
    return found


def _date(exercice: int, rang: int, sens: str) -> dt.date:
    mois = rang if sens == pes.DEPENSE else rang * 3
    if mois > 12:
        return dt.date(exercice + 1, 1, 15)
    return dt.date(exercice, mois, monthrange(exercice, mois)[1] - 2)


def _corrections(exercice: int, mandats: list[pes.Bordereau]) -> Iterator[pes.Bordereau]:
    """What is cancelled, reduced or, of the year before, taken back: bordereaux of type 02, with numbers of their own."""
    pieces = [_reprise_de(mandats, *ANNULE, ANNULE[1]), _reprise_de(mandats, *REDUIT)]
    if exercice != EXERCICES[0]:
        origine = _ligne_de(bordereaux(exercice - 1), RATTACHE, CENTS_RATTACHES)
        ligne = pes.Ligne(RATTACHE, CENTS_RATTACHES, FOURNISSEURS[0], ("01", exercice - 1, *origine))
        pieces.append(pes.Piece(0, (ligne,), "02", "10"))
    numerotees = tuple(replace(piece, numero=rang) for rang, piece in enumerate(pieces, 1))
    cents = sum(piece.cents for piece in numerotees)
    yield pes.Bordereau(exercice, 1, dt.date(exercice, 4, 20), numerotees, type=pes.ANNULATION, cumul=cents)


def _reprise_de(mandats: list[pes.Bordereau], compte: str, cents: int, repris: int) -> pes.Piece:
    origine = (mandats[0].exercice, *_ligne_de(mandats, compte, cents))
    tiers = FOURNISSEURS[1] if compte == ANNULE[0] else FOURNISSEURS[2]
    return pes.Piece(0, (pes.Ligne(compte, repris, tiers, ("01", *origine)),), "02", "06")


def _ligne_de(parmi: list[pes.Bordereau] | tuple[pes.Bordereau, ...], compte: str, cents: int) -> tuple[int, int]:
    """The number of the mandat of this account and amount, and of its line."""
    for bordereau in parmi:
        for piece in bordereau.pieces:
            if bordereau.sens == pes.DEPENSE and [(x.compte, x.cents) for x in piece.lignes] == [(compte, cents)]:
                return piece.numero, 1
    raise ValueError(f"no mandat of {cents} on {compte}")


def _ordres_de_paiement(exercice: int) -> Iterator[pes.Bordereau]:
    """What is paid before its mandat: no budget is charged with it."""
    piece = pes.Piece(1, (pes.Ligne("62268", 50_000, FOURNISSEURS[3]),), "11")
    yield pes.Bordereau(exercice, 1, dt.date(exercice, 5, 4), (piece,), type=pes.ORDRE_DE_PAIEMENT, cumul=50_000)


def flux(exercice: int) -> Iterator[Livraison]:
    """Every file of the year and its acknowledgement; those of the first months are in one archive."""
    archive = {}
    for bordereau in bordereaux(exercice):
        mois = bordereau.numero
        mensuel = (exercice, mois) if (bordereau.sens, bordereau.type) == (pes.DEPENSE, pes.ORDINAIRE) else None
        nom = f"PES_{bordereau.sens}_{exercice}_{bordereau.type}_{bordereau.numero:03d}"
        if mensuel == ABSENT:
            continue
        if mensuel == TOTAL_FAUX:
            bordereau = replace(bordereau, annonce=bordereau.cents + 36_000_00)
        fichiers = dict(_envoi(nom, bordereau.date, [bordereau]))
        if mensuel == EN_DOUBLE:
            fichiers |= dict(_envoi(f"{nom}_BIS", bordereau.date, [bordereau]))
        if mensuel == REFUSE:
            fichiers = dict(_envoi(nom, bordereau.date, [], refuses=[_fautif(bordereau)]))
            fichiers |= dict(_envoi(f"{nom}_CORRIGE", bordereau.date + dt.timedelta(days=4), [bordereau]))
        if mensuel and exercice == EXERCICES[0] and mois < 4:
            archive |= fichiers
        else:
            yield from (Livraison(f"{exercice}/pes/{chemin}", contenu) for chemin, contenu in fichiers.items())
    if archive:
        yield Livraison(f"{exercice}/pes/PES_premier_trimestre_{exercice}.zip", _zip(archive))
    if exercice - 1 in EXERCICES:  # January's bordereau for the year before, once more, in a file of this year
        janvier = [
            one for one in bordereaux(exercice - 1) if (one.sens, one.type, one.numero) == (pes.DEPENSE, "01", 13)
        ]
        [ordre] = _ordres_de_paiement(exercice)
        nom = f"PES_JANVIER_{exercice}"
        contenu = pes.fichier(nom, dt.date(exercice, 1, 16), EMETTEUR, [*janvier, replace(ordre, numero=2)])
        yield Livraison(f"{exercice}/pes/{nom}.xml", contenu)


def _fautif(bordereau: pes.Bordereau) -> pes.Bordereau:
    """The bordereau with an amount of its first piece ten times too large."""
    premiere, *suivantes = bordereau.pieces
    [ligne, *autres] = premiere.lignes
    return replace(
        bordereau, pieces=(replace(premiere, lignes=(replace(ligne, cents=ligne.cents * 10), *autres)), *suivantes)
    )


def _envoi(
    nom: str, date: dt.date, acceptes: list[pes.Bordereau], refuses: list[pes.Bordereau] | None = None
) -> Iterator[tuple[str, bytes]]:
    """A flow and its acknowledgement, by the names of their files."""
    refuses = refuses or []
    yield f"{nom}.xml", pes.fichier(nom, date, EMETTEUR, [*acceptes, *refuses])
    yield f"ACQUIT_{nom}.xml", pes.acquit(nom, date + dt.timedelta(days=1), EMETTEUR, acceptes, refuses)


def _zip(fichiers: dict[str, bytes]) -> bytes:
    tampon = io.BytesIO()
    with zipfile.ZipFile(tampon, "w", zipfile.ZIP_DEFLATED) as archive:
        for nom, contenu in fichiers.items():
            archive.writestr(zipfile.ZipInfo(nom, (2023, 4, 3, 9, 0, 0)), contenu)
    return tampon.getvalue()


def livraisons(exercice: int) -> Iterator[Livraison]:
    """Every file of one exercice."""
    yield from documents(exercice)
    yield from dsn.livraisons(exercice, salaries(exercice), EMPLOYEUR)
    yield from flux(exercice)
