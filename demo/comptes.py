"""The user accounts of an application, year after year, and the defects planted in their list.

This module makes the accounts as facts. ``exports_comptes`` writes them in files, in the layouts that ``outils`` describes.
"""

import datetime as dt
import functools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

from demo import chiffres, collectivites, personnes
from demo.outils import Outil

PART_DES_DEPARTS = 0.04  # accounts closed every year besides those that the published numbers imply

# (application, exercice) → what is wrong in the refused line, a copy of a right one: no figure depends on it
REFUS = {
    ("cegid_rh", 2020): "date_creation",
    ("ciril_finances", 2018): "collectivite",
    ("ciril_finances", 2020): "est_actif",
    ("melodie", 2018): "date_creation",
    ("sirius", 2019): "collectivite",
    ("ciril_elections", 2020): "identifiant",
    ("kolok", 2018): "date_creation",
    ("pelehas", 2020): "est_actif",
    ("gma", 2019): "date_creation",
    ("esabora", 2018): "collectivite",
    ("eternite", 2019): "date_creation",
    ("elise", 2019): "est_actif",
    ("maelis", 2018): "collectivite",
    ("maelis", 2020): "date_creation",
    ("orphee", 2020): "est_actif",
    ("cap_demat", 2019): "date_creation",
    ("esri", 2018): "identifiant",
    ("colbert", 2019): "collectivite",
    ("cartads", 2018): "date_creation",
    ("maestro", 2020): "date_creation",
    ("ciril_rh", 2021): "collectivite",
    ("kolok", 2022): "date_creation",
}
DOUBLONS = {
    ("cegid_rh", 2018): 1,
    ("cegid_rh", 2019): 1,
    ("ciril_finances", 2018): 3,
    ("ciril_finances", 2019): 2,
    ("ciril_finances", 2020): 2,
    ("pelehas", 2019): 1,
    ("elise", 2018): 2,
    ("elise", 2020): 3,
    ("maelis", 2019): 2,
    ("orphee", 2019): 1,
    ("colbert", 2020): 2,
    ("cartads", 2020): 1,
    ("maestro", 2018): 1,
    ("ciril_rh", 2022): 2,
}
CONNEXIONS_IMPOSSIBLES = {("melodie", 2019): 1, ("elise", 2020): 2}
CREATIONS_PAR_DEFAUT = {("cegid_rh", 2018): 1}  # 01/01/1900, the default date of an old tool


@dataclass(frozen=True)
class Compte:
    """One account, in its state on 31 December."""

    identifiant: str
    nom: str
    prenom: str
    collectivite: str
    profil: str
    est_actif: bool | str  # a text is an unreadable flag
    date_creation: dt.date | str  # a text is an unreadable date
    date_derniere_connexion: dt.date | None
    date_situation: dt.date
    defauts: tuple[tuple[str, str | None], ...] = field(default=())  # (rule, field)


@dataclass
class _Agent:
    """A person who has, or had, an account."""

    personne: personnes.Personne
    identifiant: str
    profil: str
    creation: dt.date
    connexion: dt.date | None
    est_actif: bool = True


def comptes(outil: Outil, exercice: int) -> list[Compte]:
    """The list that the tool gives on 31 December of ``exercice``, planted defects included."""
    rng = Random(f"liste/{outil.code}/{exercice}")
    situation = dt.date(exercice, 12, 31)
    lignes = [
        Compte(
            agent.identifiant,
            agent.personne.nom,
            agent.personne.prenom,
            agent.personne.collectivite.ecrite(outil.collectivite),
            agent.profil,
            agent.est_actif,
            agent.creation,
            agent.connexion,
            situation,
        )
        for agent in _agents(outil, exercice)
    ]
    lignes.sort(key=lambda c: (c.nom, c.prenom, c.identifiant))
    cle = (outil.code, exercice)
    for nombre, altere in (
        (CONNEXIONS_IMPOSSIBLES.get(cle, 0), _connexion_impossible),
        (CREATIONS_PAR_DEFAUT.get(cle, 0), _creation_par_defaut),
    ):
        _altere(rng, lignes, nombre, altere)
    for _ in range(DOUBLONS.get(cle, 0)):
        _insere(rng, lignes, _doublon)
    if cle in REFUS:
        _insere(rng, lignes, functools.partial(_refusee, motif=REFUS[cle]))
    return lignes


def _agents(outil: Outil, exercice: int) -> list[_Agent]:
    """Replay the years since the first exercice: the same people come back from one list to the next."""
    rng = Random(f"agents/{outil.code}")
    pris: set[str] = set()
    agents: list[_Agent] = []
    for annee in range(outil.premier, exercice + 1):
        voulus = int(chiffres.valeur(outil.code, "agents_utilisateurs", annee))
        premiere = annee == outil.premier
        if premiere:
            for rang in range(voulus + voulus // 12):
                agents.append(_ouvre(rng, outil, pris, rang, annee, premiere))
                agents[-1].est_actif = rang < voulus
        _ferme(rng, agents, voulus, premiere)
        while sum(agent.est_actif for agent in agents) < voulus:
            agents.append(_ouvre(rng, outil, pris, len(agents), annee, premiere))
        _connecte(rng, agents, annee)
    return agents


def _ouvre(rng: Random, outil: Outil, pris: set[str], rang: int, annee: int, premiere: bool) -> _Agent:
    personne = personnes.tire(rng, collectivites.tire(rng, outil.membres), rang)
    if premiere:
        creation = _jour(rng, dt.date(outil.ouverture, 1, 2), dt.date(annee, 11, 30))
    else:
        creation = _jour(rng, dt.date(annee, 1, 2), dt.date(annee, 11, 30))
    return _Agent(
        personne,
        personnes.identifiant(personne, outil.identifiant, pris),
        rng.choices(outil.profils, weights=range(len(outil.profils), 0, -1))[0],
        creation,
        None,
    )


def _ferme(rng: Random, agents: list[_Agent], voulus: int, premiere: bool) -> None:
    """Close the surplus accounts, and a few more that new ones will replace."""
    actifs = [agent for agent in agents if agent.est_actif]
    departs = max(0, len(actifs) - voulus) + (0 if premiere else int(voulus * PART_DES_DEPARTS))
    for agent in rng.sample(actifs, min(departs, len(actifs))):
        agent.est_actif = False


def _connecte(rng: Random, agents: list[_Agent], annee: int) -> None:
    """Give open accounts their last connection of the year; some were never used."""
    for agent in agents:
        depuis = max(agent.creation, dt.date(annee, 1, 2))
        if agent.est_actif and rng.random() < 0.94:
            agent.connexion = _jour(rng, depuis, dt.date(annee, 12, 30))
        elif not agent.est_actif and agent.connexion is None and rng.random() < 0.8:
            agent.connexion = _jour(rng, agent.creation, max(agent.creation, dt.date(annee, 6, 30)))


def _jour(rng: Random, debut: dt.date, fin: dt.date) -> dt.date:
    """A day between two dates; a working day, unless none is left between the drawn day and the end."""
    jour = debut + dt.timedelta(days=rng.randint(0, max(0, (fin - debut).days)))
    ouvre = jour + dt.timedelta(days=max(0, 7 - jour.weekday()) if jour.weekday() > 4 else 0)
    return ouvre if ouvre <= fin else jour


def _altere(rng: Random, lignes: list[Compte], nombre: int, altere: Callable[[Compte], Compte | None]) -> None:
    """Change ``nombre`` lines in place, among those that can have the defect."""
    rangs = rng.sample(range(len(lignes)), len(lignes))
    for rang in rangs:
        if not nombre:
            return
        if (alteree := altere(lignes[rang])) is not None:
            lignes[rang] = alteree
            nombre -= 1


def _connexion_impossible(compte: Compte) -> Compte | None:
    if compte.date_derniere_connexion is None or compte.date_creation.year < 2012:
        return None
    avant = compte.date_creation - dt.timedelta(days=45)
    defaut = ("connexion_avant_creation", "date_derniere_connexion")
    return replace(compte, date_derniere_connexion=avant, defauts=(defaut,))


def _creation_par_defaut(compte: Compte) -> Compte | None:
    if compte.est_actif:
        return None
    return replace(compte, date_creation=dt.date(1900, 1, 1), defauts=(("minimum", "date_creation"),))


def _insere(rng: Random, lignes: list[Compte], copie: Callable[[Compte], Compte]) -> None:
    """Insert a copy of a sound line after it, so that nothing else changes."""
    sains = [rang for rang, compte in enumerate(lignes) if not compte.defauts]
    rang = rng.choice(sains)
    lignes.insert(rang + 1, copie(lignes[rang]))


def _doublon(compte: Compte) -> Compte:
    """The same person under the same login in another case and with spaces, her second account closed."""
    autre = f" {compte.identifiant.swapcase()} "
    return replace(compte, identifiant=autre, est_actif=False, defauts=(("doublon", "identifiant"),))


def _refusee(compte: Compte, motif: str) -> Compte:
    """A copy of the line with one unreadable cell."""
    regle = "LIG-OBLIGATOIRE" if motif in ("identifiant", "collectivite") else "LIG-TYPE"
    faux = {"est_actif": "à vérifier", "date_creation": "31/02/2016"}.get(motif, "")
    return replace(compte, **{motif: faux}, defauts=((regle, motif),))
