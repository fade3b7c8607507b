"""The content of an export: a year, frozen or not, for one kind of reader, and the rows that every format writes."""

from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.catalogue.organisation import Organisation
from pipelines.publication import PUBLIC
from pipelines.stages.publish.profiles import Profile, Table

FETCHED = 10_000  # rows held at a time


@dataclass(frozen=True)
class Edition:
    """The content of an export."""

    exercice: int
    release: str | None  # 2020-v1, « 2020-v1 revue » (``ledger.frozen``); None for a year that is not frozen
    organisation: Organisation
    profile: Profile

    @property
    def title(self) -> str:
        """The title of the set (French)."""
        mention = " — DÉMONSTRATION, données inventées" if self.organisation.demonstration else ""
        return f"{self.organisation.sigle} : données du rapport d’activité {self.exercice}{mention}"

    @property
    def version(self) -> str:
        """The release, or what to call a year that may still change."""
        return self.release or f"provisoire-{self.profile.publication[:12]}"

    @property
    def audience(self) -> str:
        """Who may receive it (French)."""
        if self.profile.name == PUBLIC:
            return "Profil public : ce qui désignerait trop peu de personnes n’y est pas."
        return "Profil interne : à ne pas diffuser, de petits effectifs y figurent."

    def withholds(self, table: str) -> bool:
        """True for a table that the public profile withholds."""
        return self.profile.name == PUBLIC and all(one.full_name != table for one in self.profile.tables)

    def rows(self, table: Table) -> str:
        """The query of a table's rows, in a stable order."""
        yearly = f"where exercice <= {self.exercice}" if table.has("exercice") else ""
        return f"select * from p.{table.full_name} {yearly} order by all"

    def fetched(self, table: Table) -> Iterator[tuple]:
        """The rows of a table."""
        result = self.profile.db.execute(self.rows(table))
        while rows := result.fetchmany(FETCHED):
            yield from rows
