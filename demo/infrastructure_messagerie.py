"""What the mail server prints at the end of the year: mailboxes by server, accounts by domain, licence."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from demo import personnes
from demo.collectivites import COLLECTIVITES
from demo.livraisons import Livraison

DOMAINES = {  # domain → the share of a thousand accounts it holds
    "choisyleroi.fr": 370,
    "mairie-orly.fr": 198,
    "ville-valenton.fr": 116,
    "villeneuve-le-roi.fr": 169,
    "ville-bonneuil94.fr": 147,
}
DOMAINE_SYNDICAT = "sicio.fr"
LICENCES = {2018: 2500, 2019: 2500, 2020: 2750, 2021: 2900, 2022: 2900}
COMPTES = {2018: 2310, 2019: 2395, 2020: 2608, 2021: 2690, 2022: 2745}  # without the syndicate's own accounts
AGENTS_SYNDICAT = {2018: 24, 2019: 25, 2020: 27, 2021: 28, 2022: 29}
SERVEURS = ("mbox1", "mbox2")
STATUTS = {"active": 925, "closed": 45, "locked": 18, "maintenance": 4, "lockout": 5, "pending": 3}
DU_SERVEUR = ("spam.kp3x8q2v", "ham.t7yw0n5d", "virus-quarantine.z9bq4m1c")
RESSOURCES = ("salle.conseil", "salle.mariages", "vehicule.1", "videoprojecteur")


@dataclass(frozen=True)
class Compte:
    """One mailbox; a resource (a room, a car) is not an account."""

    nom: str
    domaine: str
    statut: str
    creation: dt.datetime
    connexion: dt.datetime | None
    plafond: int  # bytes, 0 when unlimited
    volume: int
    est_ressource: bool = False

    @property
    def adresse(self) -> str:
        """The whole address."""
        return f"{self.nom}@{self.domaine}"


def exports(exercice: int) -> Iterator[Livraison]:
    """The four texts of one exercice."""
    comptes = sorted(_comptes(exercice), key=lambda compte: (compte.domaine, compte.nom))
    dossier = f"{exercice}/zimbra"
    for rang, serveur in enumerate(SERVEURS):
        du_serveur = comptes[rang :: len(SERVEURS)]
        contenu = "".join(f"{compte.adresse} {compte.plafond} {compte.volume}\n" for compte in du_serveur)
        yield Livraison(f"{dossier}/gqu_{serveur}_demonstration_{exercice}.txt", contenu.encode())
    hors_ressources = [compte for compte in comptes if not compte.est_ressource]
    yield Livraison(f"{dossier}/zmaccts_demonstration_{exercice}.txt", _zmaccts(hors_ressources).encode())
    utilises = sum(compte.nom not in DU_SERVEUR and not compte.nom.startswith("galsync") for compte in hors_ressources)
    yield Livraison(f"{dossier}/zmlicense_demonstration_{exercice}.txt", _zmlicense(exercice, utilises).encode())


def _comptes(exercice: int) -> Iterator[Compte]:
    rng = Random(f"zimbra/{exercice}")
    for rang, (domaine, part) in enumerate([*DOMAINES.items(), (DOMAINE_SYNDICAT, 0)]):
        nombre = round(COMPTES[exercice] * part / 1000) or AGENTS_SYNDICAT[exercice]
        pris: set[str] = set()
        for numero in range(nombre):
            personne = personnes.tire(rng, COLLECTIVITES[min(rang, len(COLLECTIVITES) - 1)], numero)
            yield _compte(rng, exercice, personnes.identifiant(personne, "prenom.nom", pris), domaine)
        yield _compte(rng, exercice, f"galsync.{domaine.partition('.')[0][:8]}", domaine, active=True)
        for nom in RESSOURCES[: 4 if part else 1]:
            yield _compte(rng, exercice, nom, domaine, active=True, est_ressource=True)
    for nom in DU_SERVEUR:
        yield _compte(rng, exercice, nom, DOMAINE_SYNDICAT, active=True)


def _compte(
    rng: Random, exercice: int, nom: str, domaine: str, *, active: bool = False, est_ressource: bool = False
) -> Compte:
    age = dt.timedelta(days=rng.randrange(5, 3200), minutes=rng.randrange(1440))
    creation = dt.datetime(exercice, 12, 31, 18) - age
    connexion = None if rng.random() < 0.04 else dt.datetime(exercice, 12, 31, 8) - dt.timedelta(days=rng.randrange(90))
    statut = "active" if active else rng.choices(list(STATUTS), weights=list(STATUTS.values()))[0]
    plafond = rng.choices((1_000_000_000, 2_000_000_000, 5_000_000_000, 0), weights=(60, 28, 8, 4))[0]
    plein = (plafond or 6_000_000_000) * rng.betavariate(1.3, 3.2 - 0.2 * (exercice - 2018))
    return Compte(nom, domaine, statut, creation, connexion, plafond, int(plein), est_ressource)


def _zmaccts(comptes: list[Compte]) -> str:
    """The listing as the command's Perl formats lay it out: addresses cut at 36 characters, one block per domain."""
    morceaux = []
    domaines = sorted({compte.domaine for compte in comptes})
    for domaine in domaines:
        morceaux.append("\n           account                          status             created       last logon\n")
        morceaux.append("------------------------------------   -----------     ---------------  ---------------\n")
        morceaux += [_ligne_zmaccts(compte) for compte in comptes if compte.domaine == domaine]
    morceaux.append("\n                                 domain summary\n\n")
    morceaux.append("    domain                  active    closed    locked    maintenance     total\n")
    morceaux.append("-----------------------   --------  --------  --------  -------------  --------\n")
    for domaine in domaines:
        statuts = Counter(compte.statut for compte in comptes if compte.domaine == domaine)
        total = sum(statuts.values())
        morceaux.append(
            f"{domaine[:23]:<23}   {statuts['active']:>8}  {statuts['closed']:>8}  {statuts['locked']:>8}  "
            f"{statuts['maintenance']:>13}  {total:>8}\n"
        )
    return "".join(morceaux)


def _ligne_zmaccts(compte: Compte) -> str:
    connexion = f"{compte.connexion:%D %H:%M}" if compte.connexion else "never"
    return f"{compte.adresse[:36]:<36}   {compte.statut:>11}     {compte.creation:%D %H:%M}   {connexion:>14}\n"


def _zmlicense(exercice: int, utilises: int) -> str:
    rubriques = {
        "InstallType": "regular",
        "IssuedOn": f"{exercice}0115000000Z",
        "IssuedToName": "DEMONSTRATION",
        "AccountsLimit": LICENCES[exercice],
        "AccountsCount": utilises,
        "ArchivingAccountsLimit": 0,
        "MAPIConnectorAccountsLimit": LICENCES[exercice] if exercice >= 2020 else 0,
        "MobileSyncAccountsLimit": 300,
        "ValidUntil": f"{exercice + 1}0114000000Z",
    }
    return "".join(f"{rubrique}={valeur}\n" for rubrique, valeur in rubriques.items())
