"""The syndicate's own staff, year after year: who is there, what hours are paid, how many payslips are issued.

This module makes the facts, from the careers of ``carrieres.csv``, which has one line per period: the renewal of a CDD,
a change of cadre d'emplois or of statut, a secondment and the return from it each begin a new period of the same agent,
without any movement. Only a period with a motif is an arrival or a departure. ``exports_rh`` writes these facts as HR
systems do.
"""

import csv
import datetime as dt
import functools
from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby, pairwise
from pathlib import Path
from random import Random

from demo import chiffres, personnes
from demo.collectivites import COLLECTIVITES, Collectivite
from demo.dsn import nir_invente

CARRIERES = Path(__file__).with_name("carrieres.csv")
HEURES_PAR_MOIS = Decimal("151.67")  # of a full-time agent
HEURES_PAR_ETPR = 1820  # 35 hours, 52 weeks
TEMPS_COMPLET = 35  # hours a week
TROP_PERCU = Decimal(-21)  # three days of leave taken in advance, recovered the month after a mutation
SUPPLEMENTAIRES = {"fonctionnaire": 200, "contractuel_permanent": 60, "contractuel_non_permanent": 0}  # a usual year
SERVICES_TECHNIQUES = ("techniciens", "adjoints_techniques")  # the extra hours are mostly theirs
ELUS = 10  # the members of the comité, paid an indemnity each month
TAUX_DE_PAIE = Decimal("0.035")  # payslips a month and inhabitant of a member
SAISON = {6: 102, 7: 109, 8: 106, 12: 103}  # per cent of an ordinary month: seasonal workers


@dataclass(frozen=True)
class Cadre:
    """A cadre d'emplois, in the words of the reference."""

    libelle: str
    filiere: str
    categorie: str


CADRES = {
    "ingenieurs": Cadre("Ingénieurs territoriaux", "Technique", "A"),
    "attaches": Cadre("Attachés territoriaux", "Administrative", "A"),
    "techniciens": Cadre("Techniciens territoriaux", "Technique", "B"),
    "redacteurs": Cadre("Rédacteurs territoriaux", "Administrative", "B"),
    "adjoints_techniques": Cadre("Adjoints techniques territoriaux", "Technique", "C"),
    "adjoints_administratifs": Cadre("Adjoints administratifs territoriaux", "Administrative", "C"),
}


# The services of the organigramme in which the agents of a cadre d'emplois work, by turns of their matricules.
SERVICES = {
    "ingenieurs": ("Systèmes et réseau", "Applications métiers"),
    "attaches": ("Applications métiers", "Direction générale", "Service financier"),
    "techniciens": ("Systèmes et réseau", "Assistance et formation"),
    "redacteurs": ("Assistance et formation", "Ressources humaines"),
    "adjoints_techniques": ("Centre de services", "Systèmes et réseau"),
    "adjoints_administratifs": ("Service financier", "Ressources humaines"),
}


@dataclass(frozen=True)
class Periode:
    """A part of a career in which nothing changes; ``fin`` is its last day, which may be planned."""

    debut: dt.date
    fin: dt.date | None
    motif_entree: str
    motif_sortie: str
    statut: str  # titulaire, stagiaire or contractuel
    contrat: str  # CDI or CDD; empty for a fonctionnaire
    est_permanent: bool
    code_cadre: str
    heures_hebdo: int  # of the post: 35 is temps complet
    quotite_pct: int  # of the agent, within the post
    est_paye: bool  # false while seconded elsewhere

    @property
    def cadre(self) -> Cadre:
        """Its cadre d'emplois."""
        return CADRES[self.code_cadre]

    @property
    def groupe(self) -> str:
        """The statut under which the report counts the agent."""
        if self.statut != "contractuel":
            return "fonctionnaire"
        return "contractuel_permanent" if self.est_permanent else "contractuel_non_permanent"

    def recouvre(self, debut: dt.date, fin: dt.date) -> int:
        """Days of the period between two dates, both included."""
        return max(0, (min(fin, self.fin or fin) - max(debut, self.debut)).days + 1)


@dataclass(frozen=True)
class Agent:
    """A person and her career, oldest period first."""

    matricule: str
    sexe: str  # F or M
    naissance: dt.date
    nir: str  # that nobody has
    nom: str
    prenom: str
    periodes: tuple[Periode, ...]


@dataclass(frozen=True)
class Fiche:
    """An agent in the list of a year: her situation on 31 December, or on the day she left."""

    agent: Agent
    situation: Periode
    entree: dt.date
    motif_entree: str
    nomination_stagiaire: dt.date | None
    sortie: dt.date | None
    motif_sortie: str

    @property
    def service(self) -> str:
        """Where the agent works, which is invented."""
        services = SERVICES[self.situation.code_cadre]
        return services[int(self.agent.matricule) % len(services)]


@dataclass(frozen=True)
class Heures:
    """The hours paid to an agent in a month under one statut; ``trop_percu`` is the part that corrects the month before."""

    agent: Agent
    mois: dt.date
    statut: str
    heures: Decimal
    trop_percu: Decimal = Decimal(0)


@dataclass(frozen=True)
class Bulletins:
    """The payslips issued in a month for a member; for the syndicate itself when it is None."""

    mois: dt.date
    collectivite: Collectivite | None
    nombre: int


@functools.cache
def agents() -> tuple[Agent, ...]:
    """Everybody that the syndicate ever employed, by matricule."""
    with CARRIERES.open(encoding="utf-8", newline="") as fichier:
        carrieres = groupby(csv.DictReader(fichier), key=lambda ligne: ligne["matricule"])
        return tuple(_agent(matricule, list(lignes)) for matricule, lignes in carrieres)


def _agent(matricule: str, lignes: list[dict[str, str]]) -> Agent:
    premiere = lignes[0]
    sexe, naissance = premiere["sexe"], dt.date.fromisoformat(premiere["naissance"])
    nom, prenom = personnes.tire_noms(Random(f"agent/{matricule}"), sexe)
    return Agent(
        matricule,
        sexe,
        naissance,
        nir_invente("2" if sexe == "F" else "1", naissance, int(matricule)),
        nom,
        prenom,
        tuple(_periode(ligne) for ligne in lignes),
    )


def _periode(ligne: dict[str, str]) -> Periode:
    return Periode(
        dt.date.fromisoformat(ligne["debut"]),
        dt.date.fromisoformat(ligne["fin"]) if ligne["fin"] else None,
        ligne["motif_entree"],
        ligne["motif_sortie"],
        ligne["statut"],
        ligne["contrat"],
        ligne["emploi"] == "permanent",
        ligne["cadre"],
        int(ligne["heures_hebdo"]),
        int(ligne["quotite_pct"]),
        ligne["position"] == "activite",
    )


# --- agents


def fiches(exercice: int) -> list[Fiche]:
    """The agents present on 31 December of ``exercice`` and those who left in the year, one line each, by name."""
    trouvees = [fiche for agent in agents() if (fiche := _fiche(agent, exercice)) is not None]
    return sorted(trouvees, key=lambda fiche: (fiche.agent.nom, fiche.agent.prenom, fiche.agent.matricule))


def _fiche(agent: Agent, exercice: int) -> Fiche | None:
    """The agent's line; None when she had already left or had not arrived yet."""
    annee = dt.date(exercice, 1, 1), dt.date(exercice, 12, 31)
    vecues = [periode for periode in agent.periodes if periode.debut <= annee[1]]
    if not vecues or not vecues[-1].recouvre(*annee):
        return None
    derniere = vecues[-1]
    rang = max(rang for rang, periode in enumerate(vecues) if periode.motif_entree)
    partie = bool(derniere.motif_sortie) and derniere.fin <= annee[1]
    return Fiche(
        agent,
        derniere,
        vecues[rang].debut,
        vecues[rang].motif_entree,
        _nomination_stagiaire(vecues[rang:]),
        derniere.fin if partie else None,
        derniere.motif_sortie if partie else "",
    )


def _nomination_stagiaire(sejour: list[Periode]) -> dt.date | None:
    """The day a contractuel of the syndicate became stagiaire; this leaves out a fonctionnaire who is stagiaire after a promotion."""
    for avant, apres in pairwise(sejour):
        if (avant.statut, apres.statut) == ("contractuel", "stagiaire"):
            return apres.debut
    return None


# --- hours


@functools.cache
def heures(exercice: int) -> tuple[Heures, ...]:
    """The paid hours of the year, by agent, month and statut; where the report has a number they add up to it."""
    trouvees: dict[str, list[Heures]] = defaultdict(list)
    for agent in agents():
        for groupe, ligne in _heures_de(agent, exercice):
            trouvees[groupe].append(ligne)
    completes = (_completees(groupe, exercice, lignes) for groupe, lignes in sorted(trouvees.items()))
    return tuple(
        sorted((ligne for lignes in completes for ligne in lignes), key=lambda h: (h.mois, h.agent.matricule, h.statut))
    )


def _heures_de(agent: Agent, exercice: int) -> Iterator[tuple[str, Heures]]:
    """The hours of the agent's post and working-time share, and what is recovered from her after she left for another employer."""
    for mois in _mois(exercice):
        fin = mois.replace(day=monthrange(exercice, mois.month)[1])
        payees: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for periode in agent.periodes:
            if periode.est_paye and (jours := periode.recouvre(mois, fin)):
                temps = Decimal(periode.heures_hebdo * periode.quotite_pct) / (TEMPS_COMPLET * 100)
                payees[periode.groupe, periode.statut] += HEURES_PAR_MOIS * temps * jours / fin.day
            if periode.motif_sortie == "Mutation" and periode.fin == mois - dt.timedelta(days=1):
                yield periode.groupe, Heures(agent, mois, periode.statut, TROP_PERCU, TROP_PERCU)
        for (groupe, statut), nombre in payees.items():
            yield groupe, Heures(agent, mois, statut, nombre.quantize(Decimal("0.01"), ROUND_HALF_UP))


def _completees(groupe: str, exercice: int, lignes: list[Heures]) -> list[Heures]:
    """The hours with the extra ones, shared out in quarters of an hour, mostly among the technical services.

    Raises ValueError when the careers give more hours than the report.
    """
    rng = Random(f"heures/{groupe}/{exercice}")
    reste = _supplementaires(rng, groupe, exercice, sum(ligne.heures for ligne in lignes))
    if reste < 0:
        raise ValueError(f"{-reste} hours too many for {groupe} in {exercice}")
    completes, rangs = list(lignes), [rang for rang, ligne in enumerate(lignes) if ligne.heures > 0]
    while reste:
        rang = rng.choices(rangs, weights=[4 if _est_technique(lignes[rang]) else 1 for rang in rangs])[0]
        part = min(reste, Decimal(rng.randint(4, 24)) / 4)
        ligne = completes[rang]
        completes[rang] = Heures(ligne.agent, ligne.mois, ligne.statut, ligne.heures + part, ligne.trop_percu)
        reste -= part
    return completes


def _supplementaires(rng: Random, groupe: str, exercice: int, heures_des_postes: Decimal) -> Decimal:
    """The extra hours of the year: what is missing from the published ETPR, or the usual number."""
    etpr = chiffres.publie(f"rh.etpr.{groupe}", exercice)
    if etpr is not None:
        return (etpr * HEURES_PAR_ETPR).quantize(Decimal(1), ROUND_HALF_UP) - heures_des_postes
    usuelles = SUPPLEMENTAIRES[groupe]
    return Decimal(rng.randint(usuelles * 3, usuelles * 5)) / 4


def _est_technique(ligne: Heures) -> bool:
    return ligne.agent.periodes[-1].code_cadre in SERVICES_TECHNIQUES


def _mois(exercice: int) -> list[dt.date]:
    return [dt.date(exercice, mois, 1) for mois in range(1, 13)]


# --- payslips


def bulletins(exercice: int) -> list[Bulletins]:
    """The payslips of the year, month by month: those of each member, then the syndicate's own."""
    rng = Random(f"bulletins/{exercice}")
    trouves = []
    for mois in _mois(exercice):
        for membre in COLLECTIVITES:
            usuels = membre.population * TAUX_DE_PAIE * SAISON.get(mois.month, 100) / 100
            trouves.append(Bulletins(mois, membre, int(usuels * rng.randint(98, 102) / 100)))
        payes = {ligne.agent for ligne in heures(exercice) if ligne.mois == mois}
        trouves.append(Bulletins(mois, None, len(payes) + ELUS))
    return trouves
