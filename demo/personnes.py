"""Invented people: common first names, surnames put together from syllables, logins derived from them.

No real person may result: a surname is drawn at random, never taken from a list of names.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from demo.collectivites import Collectivite

PRENOMS = (
    "Aïcha Alexandre Amélie Anaïs Antoine Arnaud Aurélie Bastien Benoît Camille Cécile Céline Chloé "
    "Christophe Claire Clément Cyril Damien Delphine Denis Édouard Élodie Émilie Éric Fabien Fatou "
    "Florence François Françoise Frédéric Gaëlle Grégory Guillaume Hélène Hugo Inès Jérôme Joël Julie "
    "Karine Laëtitia Laure Léa Loïc Lucie Ludovic Maëlle Magali Marc Mathieu Mélanie Michaël Mireille "
    "Nadia Nathalie Nicolas Noémie Olivier Pascal Patrice Raphaël Régis Sabrina Samia Sébastien Sophie "
    "Stéphane Sylvie Thérèse Thomas Valérie Virginie Xavier Yann Yasmine Zoé"
).split()
FEMININS = frozenset(
    "Aïcha Amélie Anaïs Aurélie Camille Cécile Céline Chloé Claire Delphine Élodie Émilie Fatou Florence Françoise "
    "Gaëlle Hélène Inès Julie Karine Laëtitia Laure Léa Lucie Maëlle Magali Mélanie Mireille Nadia Nathalie Noémie "
    "Sabrina Samia Sophie Sylvie Thérèse Valérie Virginie Yasmine Zoé".split()
)
DEBUTS = (
    "Bar Bel Bru Cal Cha Cor Dal Dor Éri Fau Fer Gal Gri Jal Lam Lor Mar Mel Nau Nor Œr Pel Pri Rou Sar "
    "Sol Tal Ver Vil Zel"
).split()
MILIEUX = "ba bri cé da do fi ga ghi la lo mé mou na ni pa ré ro si ta vi".split()
FINS = "bault cende dreuil gnoux landre lusque mieux nadel quart rige sandre tourne vasque vrin zaire".split()


@dataclass(frozen=True)
class Personne:
    """Somebody who does not exist."""

    prenom: str
    nom: str
    collectivite: Collectivite
    rang: int  # unique in its application


def tire(rng: Random, collectivite: Collectivite, rang: int) -> Personne:
    """Draw a person."""
    nom = rng.choice(DEBUTS) + rng.choice(MILIEUX) + rng.choice(FINS)
    return Personne(rng.choice(PRENOMS), nom, collectivite, rang)


def tire_noms(rng: Random, sexe: str) -> tuple[str, str]:
    """Draw the surname and the first name of somebody, F or M."""
    prenoms = [prenom for prenom in PRENOMS if (prenom in FEMININS) == (sexe == "F")]
    return rng.choice(DEBUTS) + rng.choice(MILIEUX) + rng.choice(FINS), rng.choice(prenoms)


def sans_accent(texte: str) -> str:
    """Lower-case ASCII letters and dots only."""
    plat = unicodedata.normalize("NFKD", texte.replace("Œ", "Oe").replace("œ", "oe"))
    return re.sub(r"[^a-z.]", "", plat.lower())


def majuscules(texte: str) -> str:
    """Capitals without accents, as an old tool prints them."""
    return "".join(c for c in unicodedata.normalize("NFKD", texte) if not unicodedata.combining(c)).upper()


STYLES: dict[str, Callable[[Personne], str]] = {
    "pnom": lambda p: sans_accent(p.prenom[0] + p.nom),
    "prenom.nom": lambda p: sans_accent(f"{p.prenom}.{p.nom}"),
    "NOMP": lambda p: sans_accent(p.nom + p.prenom[0]).upper(),
    "matricule": lambda p: f"{137 + 11 * p.rang:05d}",
    "code": lambda p: f"{p.collectivite.sigle}{p.rang:04d}",
}


def identifiant(personne: Personne, style: str, pris: set[str]) -> str:
    """A new login in the given style, which is added to ``pris``."""
    racine = STYLES[style](personne)
    candidat, suffixe = racine, 2
    while candidat.upper() in pris:
        candidat, suffixe = f"{racine}{suffixe}", suffixe + 1
    pris.add(candidat.upper())
    return candidat
