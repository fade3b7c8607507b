"""Writes the demonstration's social declarations (DSN): the monthly files of one year, from its agents and their hours.

Block by block in the order of the norm (cahier technique de la DSN), one rubrique per line, ISO-8859-1 and CRLF. An
activity (S21.G00.53) hangs under the one remuneration of type 002, as the norm wants. What happens to real declarations
happens here too: a test file, a month replaced whole, a month sent in error, cancelled and sent again.
The agents and their hours come from other modules.
"""

import datetime as dt
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial

from demo.livraisons import Livraison

TEMPS_COMPLET = Decimal("151.67")  # hours a month
TAUX_HORAIRE = Decimal("19.50")  # € an hour, the same for all: no amount is read

NORMALE, REMPLACE, ANNULE = "01", "03", "04"
MOIS_ESSAI = 2  # sent as a test first, then for good
MOIS_REMPLACE = 5  # sent without its last agent, then replaced whole
MOIS_ANNULE = 9  # sent with twice the hours, cancelled, then sent again


@dataclass(frozen=True)
class Employeur:
    """Who declares."""

    siren: str
    nic: str
    nom: str
    code_postal: str
    ville: str
    adresse: str = "PLACE DE L'HOTEL DE VILLE"


SYNDICAT = Employeur("259400117", "00018", "SICIO (DEMONSTRATION)", "94600", "CHOISY LE ROI")


@dataclass(frozen=True)
class Suspension:
    """A contract that is suspended, for example for a disponibilité (675) or a parental leave (632)."""

    motif: str  # S21.G00.65.001
    debut: dt.date
    fin: dt.date | None = None


@dataclass(frozen=True)
class Regularisation:
    """Hours of an earlier month, paid (or taken back, when negative) in the month ``mois``."""

    mois: int
    periode: dt.date  # first day of the month that the hours belong to
    heures: Decimal


@dataclass(frozen=True)
class Contrat:
    """One contract or nomination of an agent, and the hours that it paid month by month."""

    numero: str  # S21.G00.40.009, 5 to 20 characters, its own among the agent's contracts
    debut: dt.date
    nature: str  # .007: 50 nomination, 09 CDI and 10 CDD of public law, 80 and 81 mandates
    statut: str  # .026: 01 fonctionnaire, 02 contractuel, 08 stagiaire, 99 not concerned
    libelle_emploi: str
    heures: Mapping[int, Decimal] = field(default_factory=dict)  # month (1 to 12) → paid hours of that month
    regularisations: tuple[Regularisation, ...] = ()
    absences: Mapping[int, Decimal] = field(default_factory=dict)  # month → hours that were not paid
    code_emploi: str = "523j"  # PCS-ESE
    fin_prevue: dt.date | None = None
    quotite: Decimal = TEMPS_COMPLET  # hours a month
    quotite_reference: Decimal = TEMPS_COMPLET
    modalite: str = "10"  # .014: 10 full time, 20 part time, 41 and 42 part time by right
    taux_temps_partiel_pct: Decimal | None = None
    nature_poste: str = "01"  # .053: 01 temps complet, 02 temps non complet
    motif_recours: str | None = None  # .021: 01 replacement, 02 temporary increase, 03 seasonal
    fin: dt.date | None = None
    motif_fin: str | None = None  # S21.G00.62.002: 031, 039, 059, 100…
    suspensions: tuple[Suspension, ...] = ()

    def declare_en(self, premier: dt.date) -> bool:
        """True when the declaration of the month that begins on ``premier`` includes this contract."""
        en_cours = self.debut <= _dernier_jour(premier) and (self.fin is None or self.fin >= premier)
        return en_cours or premier.month in self.heures or any(r.mois == premier.month for r in self.regularisations)


@dataclass(frozen=True)
class Salarie:
    """An agent (or an elected member) as payroll software describes them."""

    matricule: str
    nir: str  # 13 digits, or 15 with its key: see ``nir_invente``
    nom: str
    prenoms: str
    sexe: str  # 01 masculine, 02 feminine
    date_naissance: dt.date
    contrats: tuple[Contrat, ...]


@dataclass(frozen=True)
class Declaration:
    """The header of a declaration."""

    mois: dt.date  # first day of the month
    numero_ordre: int = 1
    type: str = NORMALE
    date_fichier: dt.date | None = None  # the fifth of the following month, unless said otherwise
    annulee: str | None = None  # identifier of the declaration that this one replaces or cancels

    @property
    def constitution(self) -> dt.date:
        """The day the file was made."""
        return self.date_fichier or _dernier_jour(self.mois) + dt.timedelta(days=5)

    @property
    def identifiant(self) -> str:
        """The identifier by which another declaration refers to this one: date of the file, then order number."""
        return f"{_date(self.constitution)}{self.numero_ordre}"

    def suivante(self, type_: str, jours: int, *, annule: bool = True) -> "Declaration":
        """The declaration sent ``jours`` later for the same month."""
        return replace(
            self,
            type=type_,
            numero_ordre=self.numero_ordre + 1,
            date_fichier=self.constitution + dt.timedelta(days=jours),
            annulee=self.identifiant if annule else None,
        )


def nir_invente(sexe: str, naissance: dt.date, rang: int) -> str:
    """A well-formed number of 15 digits that nobody has: department 99 and country 999 do not exist together.

    The key is 97 less the remainder of the 13 digits by 97.
    """
    numero = f"{int(sexe)}{naissance:%y%m}99999{rang:03d}"
    return f"{numero}{97 - int(numero) % 97:02d}"


def livraisons(exercice: int, salaries: Sequence[Salarie], employeur: Employeur = SYNDICAT) -> Iterator[Livraison]:
    """Every file of the year, in the order it was sent: 12 months, plus a test, a replacement, a cancellation."""
    livraison = partial(_livraison, employeur=employeur)
    for mois in range(1, 13):
        declaration = Declaration(dt.date(exercice, mois, 1))
        if mois == MOIS_ESSAI:
            yield livraison("essai", declaration, salaries, est_test=True)
            yield livraison("", declaration, salaries)
        elif mois == MOIS_REMPLACE:
            yield livraison("", declaration, salaries[:-1])
            yield livraison("annule_remplace", declaration.suivante(REMPLACE, 6), salaries)
        elif mois == MOIS_ANNULE:
            yield livraison("erreur", declaration, [_double(salarie, mois) for salarie in salaries])
            yield livraison("annule", annulation := declaration.suivante(ANNULE, 1), [])
            yield livraison("", annulation.suivante(NORMALE, 1, annule=False), salaries)
        else:
            yield livraison("", declaration, salaries)


def fichier(
    declarations: Iterable[tuple[Declaration, Sequence[Salarie]]],
    *,
    est_test: bool = False,
    employeur: Employeur = SYNDICAT,
) -> bytes:
    """One file, its declarations in order. Raises UnicodeEncodeError for what ISO-8859-1 cannot write."""
    couples = list(declarations)
    annee = couples[0][0].mois.year
    envoi = {1: "PAIE DE DEMONSTRATION", 2: "DEMONSTRATION", 3: "1.0", 5: "01" if est_test else "02"}
    lignes = [
        *_bloc("S10.G00.00", envoi | {6: f"P{annee % 100:02d}V01", 7: "01", 8: "01"}),
        *_bloc(
            "S10.G00.01",
            {1: employeur.siren, 2: employeur.nic, 3: employeur.nom, 5: employeur.code_postal, 6: employeur.ville},
        ),
        *_bloc("S10.G00.02", {1: "02", 2: "PERSONNE", 4: "paie@exemple.invalid", 5: "0100000000"}),
    ]
    for declaration, salaries in couples:
        lignes += _declaration(declaration, salaries, employeur)
    lignes += _bloc("S90.G00.90", {1: str(len(lignes) + 2), 2: str(len(couples))})
    return "".join(f"{ligne}\r\n" for ligne in lignes).encode("iso-8859-1")


def _livraison(
    suffixe: str, declaration: Declaration, salaries: Sequence[Salarie], *, employeur: Employeur, est_test: bool = False
) -> Livraison:
    nom = "_".join(filter(None, ["dsn", f"{declaration.mois:%Y_%m}", suffixe]))
    contenu = fichier([(declaration, salaries)], est_test=est_test, employeur=employeur)
    return Livraison(f"{declaration.mois.year}/dsn/{nom}.dsn", contenu)


def _double(salarie: Salarie, mois: int) -> Salarie:
    """The agent with the hours of one month paid twice."""
    contrats = (
        replace(c, heures={m: h * 2 if m == mois else h for m, h in c.heures.items()}) for c in salarie.contrats
    )
    return replace(salarie, contrats=tuple(contrats))


def _declaration(declaration: Declaration, salaries: Sequence[Salarie], employeur: Employeur) -> list[str]:
    lignes = _bloc(
        "S20.G00.05",
        {
            1: "01",
            2: declaration.type,
            3: "11",
            4: str(declaration.numero_ordre),
            5: _date(declaration.mois),
            6: declaration.annulee,
            7: _date(declaration.constitution),
            8: "01",
            10: "01",
        },
    )
    lignes += _bloc("S20.G00.07", {1: "PERSONNE", 2: "0100000000", 3: "paie@exemple.invalid", 4: "01"})
    siege = {1: employeur.siren, 2: employeur.nic, 3: "8411Z", 4: employeur.adresse, 5: employeur.code_postal}
    lignes += _bloc("S21.G00.06", siege)
    lignes += _bloc("S21.G00.11", {1: employeur.nic, 2: "8411Z", 17: "02"})
    for salarie in salaries:
        lignes += _individu(salarie, declaration.mois)
    return lignes


def _individu(salarie: Salarie, premier: dt.date) -> list[str]:
    contrats = [contrat for contrat in salarie.contrats if contrat.declare_en(premier)]
    if not contrats:
        return []
    lignes = _bloc(
        "S21.G00.30",
        {
            1: salarie.nir[:13],
            2: salarie.nom,
            4: salarie.prenoms,
            5: salarie.sexe,
            6: _date(salarie.date_naissance),
            19: salarie.matricule,
        },
    )
    for contrat in contrats:
        lignes += _contrat(contrat, premier)
    lignes += _bloc("S21.G00.50", {1: _date(_dernier_jour(premier)), 2: _decimal(sum(_paies(contrats, premier)))})
    for contrat in contrats:
        for debut, fin, heures in _periodes(contrat, premier):
            lignes += _remuneration(contrat, debut, fin, heures)
            if debut >= premier and (absence := contrat.absences.get(premier.month)):
                lignes += _activite("02", absence)
    for contrat in contrats:
        montant = sum(_paies([contrat], premier))
        periode = {2: _date(premier), 3: _date(_dernier_jour(premier))}
        lignes += _bloc("S21.G00.78", {1: "03", **periode, 4: _decimal(montant), 6: contrat.numero})
    return lignes


def _contrat(contrat: Contrat, premier: dt.date) -> list[str]:
    lignes = _bloc(
        "S21.G00.40",
        {
            1: _date(contrat.debut),
            2: "10",
            4: contrat.code_emploi,
            6: contrat.libelle_emploi,
            7: contrat.nature,
            9: contrat.numero,
            10: _date(contrat.fin_prevue),
            11: "10",
            12: _decimal(contrat.quotite_reference),
            13: _decimal(contrat.quotite),
            14: contrat.modalite,
            18: "200",
            20: "120" if contrat.statut in ("01", "08") else "200",
            21: contrat.motif_recours,
            26: contrat.statut,
            53: contrat.nature_poste,
            55: _decimal(contrat.taux_temps_partiel_pct),
        },
    )
    if contrat.fin and premier <= contrat.fin <= _dernier_jour(premier):
        lignes += _bloc("S21.G00.62", {1: _date(contrat.fin), 2: contrat.motif_fin})
    for suspension in contrat.suspensions:
        if suspension.debut <= _dernier_jour(premier) and (suspension.fin is None or suspension.fin >= premier):
            lignes += _bloc("S21.G00.65", {1: suspension.motif, 2: _date(suspension.debut), 3: _date(suspension.fin)})
    return lignes + _bloc("S21.G00.71", {2: "RAFP" if contrat.statut in ("01", "08") else "IRCANTEC"})


def _remuneration(contrat: Contrat, debut: dt.date, fin: dt.date, heures: Decimal) -> list[str]:
    commun = {1: _date(debut), 2: _date(fin), 10: contrat.numero}
    montant = {13: _decimal(heures * TAUX_HORAIRE)}
    return [
        *_bloc("S21.G00.51", commun | {11: "001"} | montant),
        *_bloc("S21.G00.51", commun | {11: "002"} | montant),
        *_activite("01", heures),
    ]


def _activite(type_: str, heures: Decimal) -> list[str]:
    return _bloc("S21.G00.53", {1: type_, 2: _decimal(heures), 3: "10"})


def _periodes(contrat: Contrat, premier: dt.date) -> Iterator[tuple[dt.date, dt.date, Decimal]]:
    """The hours paid in the month: its own first, then those of earlier months."""
    if premier.month in contrat.heures:
        dernier = _dernier_jour(premier)
        debut = min(max(premier, contrat.debut), dernier)
        fin = max(min(dernier, contrat.fin or dernier), debut)
        yield debut, fin, contrat.heures[premier.month]
    for regularisation in contrat.regularisations:
        if regularisation.mois == premier.month:
            yield regularisation.periode, _dernier_jour(regularisation.periode), regularisation.heures


def _paies(contrats: Iterable[Contrat], premier: dt.date) -> Iterator[Decimal]:
    return (heures * TAUX_HORAIRE for contrat in contrats for _, _, heures in _periodes(contrat, premier))


def _bloc(code: str, rubriques: Mapping[int, str | None]) -> list[str]:
    """The lines of a block, without the rubriques that have no value."""
    return [f"{code}.{numero:03d},'{valeur}'" for numero, valeur in rubriques.items() if valeur]


def _date(jour: dt.date | None) -> str | None:
    return f"{jour:%d%m%Y}" if jour else None


def _decimal(valeur: Decimal | int | None) -> str | None:
    return None if valeur is None else f"{Decimal(valeur):.2f}"


def _dernier_jour(premier: dt.date) -> dt.date:
    return premier.replace(day=monthrange(premier.year, premier.month)[1])
