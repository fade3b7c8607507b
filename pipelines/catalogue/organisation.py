"""The organisation of a home (``organisation.yml``): its name, collectivités, applications and exercices.

Nothing in the code knows SICIO: whatever differs from one syndicate to another stands in that file.
"""

from typing import Literal

from pydantic import Field as PydanticField

from pipelines.settings import Home
from pipelines.catalogue.declarations import Declared, Name
from pipelines.catalogue.registry import ExportRef, Registry
from pipelines.catalogue.yaml_file import DeclarationError, parse, read_mapping

Indicateur = Literal[
    "agents_formes", "jours_formation", "jours_assistance", "jours_traitement_elections", "agents_utilisateurs"
]


class Collectivite(Declared):
    """A member of the syndicate; ``alias`` lists the spellings that its tools use."""

    code_insee: str = PydanticField(pattern=r"^\d[\dAB]\d{3}$")
    siren: str = PydanticField(pattern=r"^\d{9}$")
    nom: str
    type: str = "commune"
    population: int | None = None
    alias: list[str] = []


class Application(Declared):
    """A business application: the system that exports its accounts has the same name as ``code``."""

    code: Name
    libelle: str
    domaine: str
    debut: int | None = None
    fin: int | None = None
    indicateurs: list[Indicateur]
    alias: list[str] = []


class Exercices(Declared):
    """First and last exercice of the home, both included."""

    premier: int
    dernier: int


class Organisation(Declared):
    """One syndicate; ``alias`` lists the spellings under which its tools name it, when it is one of their clients."""

    nom: str
    sigle: str
    siren: str = PydanticField(pattern=r"^\d{9}$")
    alias: list[str] = []
    demonstration: bool = False
    exercices: Exercices
    collectivites: list[Collectivite] = []
    applications: list[Application] = []
    systemes: list[Name] = []
    seuil_secret: int = 5

    @property
    def years(self) -> list[int]:
        """Its exercices, oldest first."""
        return list(range(self.exercices.premier, self.exercices.dernier + 1))

    def subscribes(self, system: str) -> bool:
        """True when the organisation uses this source system."""
        return system in self.systemes or any(a.code == system for a in self.applications)

    def exports(self, registry: Registry, exercice: int) -> list[ExportRef]:
        """The exports expected for ``exercice``."""
        return [ref for ref in registry.exports() if self.subscribes(ref.system.system) and ref.system.covers(exercice)]


def load_organisation(home: Home, registry: Registry) -> Organisation:
    """Read the home's organisation. Raises DeclarationError when a subscribed system is not declared."""
    path = home.organisation_file
    if not path.exists():
        raise DeclarationError(f"{path} does not exist: make a home with `millesime init`")
    data, lines = read_mapping(path)
    organisation = parse(Organisation, data, lines, path)
    for index, system in enumerate(organisation.systemes):
        if system not in registry.systems:
            raise DeclarationError(f"{path.name}:{lines[('systemes', index)]} systemes: {system!r} is not declared")
    return organisation
