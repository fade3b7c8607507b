"""The gateway's syslog, month by month, and the directory group of those who may connect.

The greatest number of agents connected at once is chosen: that many agents are connected on one morning, and on every
other day fewer agents connect at all. Some sessions have no end in the log, some agents have two at once, somebody who is
in no group connects: what the pipeline must see through.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from random import Random
from zoneinfo import ZoneInfo

from demo import chiffres, collectivites, personnes
from demo.fichiers import FichierTexte
from demo.livraisons import Livraison
from demo.personnes import Personne

PARIS = ZoneInfo("Europe/Paris")
JOUR_DU_PIC = (4, 2)  # month and day, moved to a working day
PASSERELLE = "192.0.2.5"  # addresses of documentation (RFC 5737)
MOIS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
NAVIGATEUR = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
HORS_GROUPE = ("presta.audit", "presta.telecom")
AVANT_LE_CONFINEMENT = 25  # of the agents of 2020, those who could connect before the lockdown
PERIODES_2020 = (  # until this day, from so many agents to so many
    (dt.date(2020, 3, 16), 8, 14),
    (dt.date(2020, 5, 10), 105, 140),
    (dt.date(2020, 7, 31), 70, 100),
    (dt.date(2020, 8, 31), 24, 40),
    (dt.date(2020, 10, 29), 45, 70),
    (dt.date(2020, 12, 15), 95, 130),
    (dt.date(2020, 12, 31), 50, 70),
)


@dataclass(frozen=True)
class Annee:
    """What is chosen for one year."""

    autorises: int
    pic: int
    au_moins: int  # agents of a working day
    au_plus: int  # always fewer than at the peak


def _publie(code: str) -> int:
    valeur = next(
        ligne["value"]
        for ligne in chiffres.publies()
        if ligne["figure_id"] == f"infrastructure.teletravail.{code}" and ligne["exercice"] == "2020"
    )
    return int(valeur)


ANNEES = {
    2018: Annee(21, 9, 2, 6),
    2019: Annee(25, 12, 3, 8),
    2020: Annee(_publie("agents_autorises"), _publie("pic_simultane"), 0, 0),
    2021: Annee(285, 128, 35, 90),
    2022: Annee(310, 96, 30, 70),
}


@dataclass(frozen=True)
class Session:
    """One session, in universal time; ``fin`` is None when the log never closes it."""

    debut: dt.datetime
    fin: dt.datetime | None
    agent: str
    numero: int


def exports(exercice: int) -> Iterator[Livraison]:
    """The twelve monthly logs and the group."""
    for mois, contenu in _journaux(exercice).items():
        yield Livraison(f"{exercice}/citrix/passerelle_demonstration_{exercice}-{mois:02d}.log", contenu)
    yield _groupe(exercice)


# --- the group


def _agents(exercice: int) -> list[tuple[str, Personne]]:
    """(login, person) of those who may connect on 31 December."""
    rng, pris = Random(f"citrix/agents/{exercice}"), set()
    tirees = (personnes.tire(rng, collectivites.tire(rng), rang) for rang in range(ANNEES[exercice].autorises))
    return [(personnes.identifiant(personne, "pnom", pris), personne) for personne in tirees]


def _groupe(exercice: int) -> Livraison:
    """The members, some of them disabled since, one of them listed twice."""
    rng = Random(f"citrix/groupe/{exercice}")
    nom = f"groupe_citrix_demonstration_{exercice}.csv"
    fichier = FichierTexte("utf-8-sig", ";")
    fichier.ligne_libre(f"DÉMONSTRATION – Groupe GG_ACCES_CITRIX au 31/12/{exercice}")
    fichier.ajoute(["SamAccountName", "Name", "Company", "WhenAdded", "Enabled"])
    agents = _agents(exercice)
    fermes = [(f"ancien{rang:02d}", personne) for rang, (_, personne) in enumerate(agents[:: len(agents) // 7 + 1])]
    membres = [(login, personne, "True") for login, personne in agents]
    membres += [(agents[0][0].upper(), agents[0][1], "True")]
    membres += [(login, personne, "False") for login, personne in fermes]
    for login, personne, actif in membres:
        ajout = dt.date(exercice, 12, 30) - dt.timedelta(days=rng.randrange(280))
        fichier.ajoute(
            [
                login,
                f"{personne.nom.upper()} {personne.prenom}",
                personne.collectivite.ecrite("nom"),
                f"{ajout:%d/%m/%Y}",
                actif,
            ]
        )
    return Livraison(f"{exercice}/citrix/{nom}", fichier.octets())


# --- the log


@cache  # some twenty megabytes, needed by several callers
def _journaux(exercice: int) -> dict[int, bytes]:
    """Month → the log that the syslog server archived for it."""
    rng = Random(f"citrix/journal/{exercice}")
    evenements: list[tuple[dt.datetime, str]] = []
    for session in _sessions(rng, exercice):
        evenements += _evenements(rng, session)
    evenements.sort()
    lignes: dict[int, list[str]] = {mois: [] for mois in range(1, 13)}
    for rang, (instant, message) in enumerate(evenements, start=100_000):
        if instant.year == exercice:
            local = instant.replace(tzinfo=dt.UTC).astimezone(PARIS)
            entete = (
                f"{local:%b} {local.day:2d} {local:%H:%M:%S} <local0.info> {PASSERELLE} {instant:%m/%d/%Y:%H:%M:%S}"
            )
            lignes[instant.month].append(f"{entete} GMT ns 0-PPE-0 : default {message.replace('#', str(rang), 1)}\n")
    return {mois: "".join(textes).encode() for mois, textes in lignes.items()}


def _sessions(rng: Random, exercice: int) -> Iterator[Session]:
    logins = [login for login, _ in _agents(exercice)]
    pic = dt.date(exercice, *JOUR_DU_PIC)
    while pic.weekday() > 4:
        pic += dt.timedelta(days=1)
    jour, numero = dt.date(exercice, 1, 2), 0
    while jour.year == exercice:
        parmi = logins[:AVANT_LE_CONFINEMENT] if jour <= PERIODES_2020[0][0] else logins
        presents = rng.sample(parmi, _combien(rng, exercice, jour, pic))
        if jour.month == 8 and jour.weekday() == 2:
            presents.append(rng.choice(HORS_GROUPE))
        for agent in presents:
            for debut, fin in _plages(rng, jour):
                numero += 1
                yield Session(debut, None if rng.random() < 0.03 else fin, agent, numero)
        jour += dt.timedelta(days=1)


def _combien(rng: Random, exercice: int, jour: dt.date, pic: dt.date) -> int:
    annee = ANNEES[exercice]
    if jour == pic:
        return annee.pic
    if jour.weekday() > 4:
        return rng.randrange(2)
    bornes = (annee.au_moins, annee.au_plus)
    if exercice == 2020:
        bornes = next((au_moins, au_plus) for fin, au_moins, au_plus in PERIODES_2020 if jour <= fin)
    return rng.randint(*bornes)


def _plages(rng: Random, jour: dt.date) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """The sessions of an agent in a day, in universal time: the first one always covers eleven o'clock."""
    matin = _instant(jour, 7 * 3600 + 1800 + rng.randrange(7200))
    if rng.random() < 0.7:
        yield matin, _instant(jour, 16 * 3600 + rng.randrange(10_000))
    else:
        yield matin, _instant(jour, 11 * 3600 + 2700 + rng.randrange(2700))
        yield _instant(jour, 13 * 3600 + rng.randrange(3600)), _instant(jour, 16 * 3600 + rng.randrange(10_000))
    if rng.random() < 0.02:  # a second device
        yield _instant(jour, 10 * 3600 + rng.randrange(900)), _instant(jour, 11 * 3600 + rng.randrange(900))


def _instant(jour: dt.date, secondes: int) -> dt.datetime:
    """So many seconds after midnight in Paris, as universal time."""
    local = dt.datetime.combine(jour, dt.time(), PARIS) + dt.timedelta(seconds=secondes)
    return local.astimezone(dt.UTC).replace(tzinfo=None)


def _gmt(instant: dt.datetime) -> str:
    """``04/02/2020:08:31:05 GMT``."""
    iso = instant.isoformat()
    return f"{iso[5:7]}/{iso[8:10]}/{iso[:4]}:{iso[11:19]} GMT"


def _evenements(rng: Random, session: Session) -> Iterator[tuple[dt.datetime, str]]:
    """What the gateway writes about a session; ``#`` is replaced by the number of the message."""
    adresse = f"203.0.113.{1 + session.numero % 254}"
    qui = (
        f"Context {session.agent}@{adresse} - SessionId: {session.numero} - User {session.agent} - Client_ip {adresse}"
    )
    client = "ICA" if session.numero % 4 else "Agent"
    commun = f'{qui} - Nat_ip "Mapped Ip" - Vserver 192.0.2.20:443'
    yield (
        session.debut,
        f'SSLVPN LOGIN # 0 : {commun} - Browser_type "{NAVIGATEUR}" - SSLVPN_client_type {client} - Group(s) "N/A"',
    )
    if rng.random() < 0.6:
        lancement = session.debut + dt.timedelta(seconds=15)
        yield (
            lancement,
            f"SSLVPN TCPCONNSTAT # 0 : {commun} - Source {adresse}:49152 - Destination 192.0.2.40:443",
        )
    if session.fin:
        debut, fin = f'"{_gmt(session.debut)}"', f'"{_gmt(session.fin)}"'
        methode = "TimedOut" if session.numero % 5 == 0 else "Explicit"
        yield (
            session.fin,
            f"SSLVPN LOGOUT # 0 : {commun} - Start_time {debut} - End_time {fin} - Duration {session.fin - session.debut} "
            f'- Total_bytes_send {session.numero * 37} - LogoutMethod "{methode}" - Group(s) "N/A"',
        )
