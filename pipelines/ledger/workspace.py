"""Opens what every step works on: a home, its ledger, its declarations and its organisation."""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pipelines.catalogue.load import Catalogue, load_catalogue
from pipelines.catalogue.organisation import Organisation, load_organisation
from pipelines.catalogue.rules import Rules
from pipelines.catalogue.sources import ExportRef, Registry
from pipelines.ledger.store import Ledger, open_ledger
from pipelines.settings import Home


@dataclass(frozen=True)
class Workspace:
    """One home, open."""

    home: Home
    ledger: Ledger
    catalogue: Catalogue
    organisation: Organisation

    @functools.cached_property
    def registry(self) -> Registry:
        """The declared sources, including the organisation's own."""
        return self.organisation.applied(self.catalogue.registry)

    @property
    def rules(self) -> Rules:
        """The rules, by code."""
        return self.catalogue.rules

    def exports(self, exercice: int) -> list[ExportRef]:
        """The exports that the organisation expects for ``exercice``."""
        return self.organisation.exports(self.registry, exercice)


def workspace(home: Home, ledger: Ledger) -> Workspace:
    """What to work on in ``home``. Raises DeclarationError."""
    catalogue = load_catalogue(home)
    return Workspace(home, ledger, catalogue, load_organisation(home, catalogue))


@contextmanager
def open_workspace(home: Home) -> Iterator[Workspace]:
    """Open a home and its ledger. Raises DeclarationError."""
    with open_ledger(home) as ledger:
        yield workspace(home, ledger)
