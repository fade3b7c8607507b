"""The five members, each with the spellings under which the tools of the demonstration write its name."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Collectivite:
    """A member of the syndicate."""

    code_insee: str
    nom: str
    sigle: str
    court: str
    article: str  # « de » or « d' », as in « Mairie d'Orly »
    population: int

    def ecrite(self, style: str) -> str:
        """One of the spellings of its name."""
        return {
            "nom": self.nom,
            "majuscules": self.nom.replace("-", " ").upper(),
            "ville": f"Ville {self.article}{self.nom}",
            "commune": f"Commune {self.article}{self.nom}",
            "mairie": f"MAIRIE {self.article.upper()}{self.nom.upper()}",
            "court": self.court,
            "sigle": self.sigle,
            "insee": self.code_insee,
        }[style]


STYLES = ("nom", "majuscules", "ville", "mairie", "court", "sigle", "insee")
COLLECTIVITES = (
    Collectivite("94022", "Choisy-le-Roi", "CLR", "Choisy", "de ", 45946),
    Collectivite("94054", "Orly", "ORL", "Orly", "d'", 24658),
    Collectivite("94074", "Valenton", "VAL", "Valenton", "de ", 14406),
    Collectivite("94077", "Villeneuve-le-Roi", "VLR", "Villeneuve", "de ", 21000),
    Collectivite("94011", "Bonneuil-sur-Marne", "BSM", "Bonneuil", "de ", 18270),
)


def tire(rng: Random, parmi: Sequence[Collectivite] = COLLECTIVITES) -> Collectivite:
    """Draw a member at random, in proportion to its size."""
    return rng.choices(parmi, weights=[c.population for c in parmi])[0]
