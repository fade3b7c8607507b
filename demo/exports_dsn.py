"""The staff of the demonstration as given by its social declarations (DSN), from 2022.

A declaration knows contracts, not careers: each CDD is one, a renewal is another, and a post held in two parts is two.
Its hours are those of the HR system, except for one planted difference.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from random import Random

from demo import dsn as declarations
from demo import personnes, rh
from demo.livraisons import Livraison

PREMIER = 2022
NATURES = {"": "50", "CDI": "09", "CDD": "10"}  # contract → S21.G00.40.007
STATUTS = {"titulaire": "01", "stagiaire": "08", "contractuel": "02"}  # S21.G00.40.026
FINS = {  # motif → S21.G00.62.002
    "Mutation": "100",
    "Départ à la retraite": "039",
    "Fin de contrat": "031",
    "Démission": "059",
}
FIN_DE_CDD = "031"  # also the end of a contract that is renewed
EMPLOIS = {  # cadre d'emplois → PCS-ESE and the name of the job
    "ingenieurs": ("388c", "INGÉNIEUR SYSTÈMES ET RÉSEAUX"),
    "attaches": ("333f", "CHARGÉ DE PROJET"),
    "techniciens": ("478a", "TECHNICIEN INFORMATIQUE"),
    "redacteurs": ("451g", "GESTIONNAIRE"),
    "adjoints_techniques": ("525c", "AGENT TECHNIQUE"),
    "adjoints_administratifs": ("523c", "ASSISTANT ADMINISTRATIF"),
}
DEUX_POSTES = {"00119": (14, 7)}  # matricule → hours a week of each of the two contracts that make up the post
HEURES_NON_DECLAREES = {("00104", 12): Decimal("3.50")}  # (matricule, month) → what the declaration lacks
MANDAT, ELU = "81", "99"  # nature and statut of an elected member, who is no agent


@dataclass(frozen=True)
class _Poste:
    """A part of an agent's time that has its own contract."""

    periode: rh.Periode
    rang: int  # among the agent's contracts
    heures_hebdo: int

    def jours_ponderes(self, mois: dt.date) -> int:
        """Its weight in the month's hours."""
        return self.heures_hebdo * self.periode.recouvre(mois, _dernier_jour(mois))


def dsn(exercice: int) -> Iterator[Livraison]:
    """Every declaration of the year; none before the DSN became compulsory for the syndicate."""
    if exercice >= PREMIER:
        yield from declarations.livraisons(exercice, [*_elus(), *_salaries(exercice)])


def _elus() -> list[declarations.Salarie]:
    """The members of the comité, who are paid an indemnity and no hours."""
    elus = []
    for rang in range(1, rh.ELUS + 1):
        sexe, naissance = ("F", "M")[rang % 2], dt.date(1950 + 3 * rang, rang, 15)
        nom, prenom = personnes.tire_noms(Random(f"elu/{rang}"), sexe)
        mandat = declarations.Contrat(f"ELU{rang:03d}", dt.date(2020, 7, 10), MANDAT, ELU, "ÉLU DU COMITÉ SYNDICAL")
        elus.append(_salarie((f"E{rang:04d}", sexe, naissance, nom, prenom), [mandat]))
    return elus


def _salaries(exercice: int) -> Iterator[declarations.Salarie]:
    """The agents paid in the year, by name."""
    par_agent = sorted(rh.heures(exercice), key=lambda ligne: (ligne.agent.nom, ligne.agent.matricule, ligne.mois))
    for agent, lignes in groupby(par_agent, key=lambda ligne: ligne.agent):
        identite = (agent.matricule, agent.sexe, agent.naissance, agent.nom, agent.prenom)
        yield _salarie(identite, _contrats(agent, exercice, list(lignes)))


def _salarie(
    identite: tuple[str, str, dt.date, str, str], contrats: Iterable[declarations.Contrat]
) -> declarations.Salarie:
    matricule, sexe, naissance, nom, prenom = identite
    code = "02" if sexe == "F" else "01"
    nir = declarations.nir_invente(code, naissance, int(matricule[1:]))
    return declarations.Salarie(matricule, nir, _latin(nom.upper()), _latin(prenom), code, naissance, tuple(contrats))


def _contrats(agent: rh.Agent, exercice: int, lignes: list[rh.Heures]) -> Iterator[declarations.Contrat]:
    """The contracts that ran in the year or are paid in it, each with its share of the hours."""
    postes = [
        _Poste(periode, rang * 10 + numero, heures)
        for rang, periode in enumerate(agent.periodes, start=1)
        for numero, heures in enumerate(DEUX_POSTES.get(agent.matricule, (periode.heures_hebdo,)), start=1)
        if periode.recouvre(dt.date(exercice, 1, 1), dt.date(exercice, 12, 31))
    ]
    heures = {poste.rang: {} for poste in postes}
    for ligne in lignes:
        manque = HEURES_NON_DECLAREES.get((agent.matricule, ligne.mois.month), Decimal(0))
        for rang, part in _partagees(postes, ligne.mois, ligne.heures - ligne.trop_percu - manque):
            heures[rang][ligne.mois.month] = part
    for poste in postes:
        yield _contrat(poste, exercice, heures[poste.rang], lignes if poste is postes[-1] else [])


def _partagees(postes: list[_Poste], mois: dt.date, heures: Decimal) -> Iterator[tuple[int, Decimal]]:
    """Share the hours of a month by weight among the contracts that run in it; the last one takes the rounding difference."""
    en_cours = [poste for poste in postes if poste.jours_ponderes(mois)]
    reste, poids = heures, sum(poste.jours_ponderes(mois) for poste in en_cours)
    for poste in en_cours[:-1]:
        part = (heures * poste.jours_ponderes(mois) / poids).quantize(Decimal("0.01"), ROUND_HALF_UP)
        reste -= part
        yield poste.rang, part
    if en_cours:
        yield en_cours[-1].rang, reste


def _contrat(
    poste: _Poste, exercice: int, heures: dict[int, Decimal], corrigees: list[rh.Heures]
) -> declarations.Contrat:
    periode = poste.periode
    code_emploi, libelle = EMPLOIS[periode.code_cadre]
    mensuelles = rh.HEURES_PAR_MOIS * poste.heures_hebdo * periode.quotite_pct / (rh.TEMPS_COMPLET * 100)
    est_partiel = periode.quotite_pct < 100
    finie = periode.fin is not None and periode.fin <= dt.date(exercice, 12, 31)
    return declarations.Contrat(
        numero=f"CT{poste.rang:04d}",
        debut=periode.debut,
        nature=NATURES[periode.contrat],
        statut=STATUTS[periode.statut],
        libelle_emploi=libelle,
        heures=heures,
        regularisations=tuple(_regularisation(ligne) for ligne in corrigees if ligne.trop_percu),
        code_emploi=code_emploi,
        fin_prevue=periode.fin if periode.contrat == "CDD" else None,
        quotite=mensuelles.quantize(Decimal("0.01"), ROUND_HALF_UP),
        modalite="20" if est_partiel else "10",
        taux_temps_partiel_pct=Decimal(periode.quotite_pct) if est_partiel else None,
        nature_poste="01" if periode.heures_hebdo == rh.TEMPS_COMPLET else "02",
        motif_recours=None if periode.est_permanent else "02",
        fin=periode.fin if finie else None,
        motif_fin=FINS.get(periode.motif_sortie, FIN_DE_CDD) if finie else None,
    )


def _regularisation(ligne: rh.Heures) -> declarations.Regularisation:
    avant = ligne.mois - dt.timedelta(days=1)
    return declarations.Regularisation(ligne.mois.month, avant.replace(day=1), ligne.trop_percu)


def _latin(texte: str) -> str:
    """The text, limited to the characters of ISO-8859-1, which the norm prescribes."""
    return texte.replace("Œ", "OE").replace("œ", "oe")


def _dernier_jour(mois: dt.date) -> dt.date:
    return (mois.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)
