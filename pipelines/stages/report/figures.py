"""The figures of one report by code: how each is printed, its exact value, how it is computed, what it was compared with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pipelines import french
from pipelines.catalogue.figures.load import SOURCED
from pipelines.stages.report.addresses import Addresses
from pipelines.stages.report.cells import MISSING
from pipelines.stages.report.tables import Publication

RECONCILED = "rpt_rapprochement_publie"


@dataclass(frozen=True)
class Figures:
    """Every figure of the exercices up to the report's."""

    exercice: int
    rows: dict[tuple[str, int], dict[str, Any]]
    reconciled: dict[str, str] | None  # None: the profile withholds it
    titles: dict[str, str]  # for domains
    # code → label: a figure of a system that the organisation does not use is declared, but has no row
    declared: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, list[str]] = field(
        default_factory=dict
    )  # for each source of the year; none in the public edition
    # code → why somebody decided that what was found of its sources takes nothing away; none in the public edition
    decided: Mapping[str, list[str]] = field(default_factory=dict)
    addresses: Addresses = field(default_factory=Addresses)  # of every number of the report

    def is_followed(self, code: str, exercice: int | None = None) -> bool:
        """False for a figure of a system that is not used that year. Raises KeyError when the code is not declared."""
        if (code, exercice or self.exercice) in self.rows:
            return True
        if code in self.declared or any(code == known for known, _ in self.rows):
            return False
        raise KeyError(code)

    def label(self, code: str) -> str:
        """The name of a declared figure; its code when the declaration names a whole family."""
        return self.declared.get(code, code)

    def get(self, code: str, exercice: int | None = None) -> dict[str, Any]:
        """One figure. Raises KeyError when no figure of that year has this code."""
        return self.rows[code, exercice or self.exercice]

    def printed(
        self, code: str, exercice: int | None = None, *, unsigned: bool = False, exact: bool = False
    ) -> str | None:
        """A figure as it appears in a sentence; None when it is missing or hidden.

        ``unsigned`` when the words carry the sign; ``exact``, to the last decimal that the figure has, as an act does.
        """
        row = self.get(code, exercice)
        if row["valeur"] is None:
            return None
        written = french.printed if exact else french.rounded
        return written(abs(row["valeur"]) if unsigned else row["valeur"], row["decimales"], row["unite"])

    def _comparison(self, code: str) -> str | None:
        """The result of the comparison with a printed report; None when no report of the year was received."""
        if not self.reconciled:
            return None
        return self.reconciled.get(code, "absent du rapport publié")

    def _files(self, formula: str) -> list[str]:
        sources = formula.partition(SOURCED)[2].rstrip(".").split(", ")
        return list(dict.fromkeys(file for source in sources for file in self.files.get(source, [])))

    def annex(self) -> list[dict[str, Any]]:
        """The annex: each applicable figure of the year, chapter by chapter."""
        found = [row for (_, year), row in self.rows.items() if year == self.exercice and row["code_manquant"] != "—"]
        named = self.titles
        return [
            {
                "code": row["code"],
                "libelle": row["libelle"],
                "domaine": named.get(row["domaine"], row["domaine"]),
                "affichage": row["code_manquant"]
                if row["valeur"] is None
                else french.measured(row["valeur"], row["decimales"], row["unite"]),
                "manque": row["code_manquant"],
                "valeur": None if row["valeur"] is None else format(row["valeur"].normalize(), "f"),
                "exacte": _exact(row),
                "unite": row["unite"],
                "formule": row["formule"],
                "etat": MISSING[row["code_manquant"]] if row["code_manquant"] else row["etat"],
                "fichiers": self._files(row["formule"]),
                "statut": _status(row, self.decided.get(row["code"], []), tells_lines=self.reconciled is not None),
                "rapprochement": self._comparison(row["code"]),
            }
            for row in sorted(found, key=lambda row: (row["domaine"], row["code"]))
        ]


def _exact(row: dict[str, Any]) -> str:
    """The value as published, with all its decimals."""
    if row["valeur"] is None:
        return "aucune"
    return french.quantity(row["valeur"], french.places(row["valeur"], row["unite"]), row["unite"])


def _status(row: dict[str, Any], decided: list[str], *, tells_lines: bool) -> str:
    if row["code_manquant"]:
        return MISSING[row["code_manquant"]]
    said = [f"partiel{_lack(row) if tells_lines else ''}"] if row["etat"] == "partiel" else []
    said += [f"rien ne manque, par décision : {' ; '.join(decided)}"] if decided else []
    return ", ".join([row["statut"], *said])


def _lack(row: dict[str, Any]) -> str:
    """What a partial figure lacks, as far as it is known and may be published."""
    share, amount = row.get("part_manquante"), row.get("montant_manquant_eur")
    said = [_share(share)] if share is not None else []
    said += [f"{french.printed(amount, 2, 'EUR')} au plus"] if amount is not None else []
    return f" : il manque {french.enumeration(said)}" if said else ""


def _share(share: Decimal) -> str:
    return (
        f"{french.printed(share * 100, 1, '%')}"
        if share >= Decimal("0.0005")
        else f"moins de {french.printed(Decimal('0.1'), 1, '%')}"
    )


def read_figures(
    publication: Publication,
    titles: dict[str, str],
    declared: Mapping[str, str],
    keys: Mapping[str, list[str]] | None = None,
) -> Figures:
    """The figures of a publication; ``titles`` are those of their domains, ``declared`` the labels of figures that may
    have none, ``keys`` the columns that identify the rows of each table."""
    addresses = Addresses(publication.exercice, keys or {})
    rows = publication.rows("chiffres", {}, ["code"], exercices=10)
    by_code = {(row["code"], row["exercice"]): row for row in rows}
    if publication.is_withheld(RECONCILED):
        return Figures(publication.exercice, by_code, None, titles, declared, publication.files, {}, addresses)
    decided: dict[str, list[str]] = {}
    missing = publication.rows("rpt_manques", {}, ["code_chiffre"]) if "rpt_manques" in publication.tables else []
    for row in missing:
        if row["decision"]:
            decided.setdefault(row["code_chiffre"], []).append(row["decision"])
    decided = {code: list(dict.fromkeys(reasons)) for code, reasons in decided.items()}
    units = {row["code"]: row["unite"] for row in rows}
    compared = publication.rows(RECONCILED, {}, [])
    gaps = {row["code_chiffre"]: _gap(row, units.get(row["code_chiffre"], "")) for row in compared}
    return Figures(publication.exercice, by_code, gaps, titles, declared, publication.files, decided, addresses)


def _gap(row: dict[str, Any], unit: str) -> str:
    status = row["statut_rapprochement"]
    is_known = status == "écart" and row["ecart"] is not None
    if not is_known:
        return status
    return f"écart de {french.measured(row['ecart'], 2 if unit == 'EUR' else french.places(row['ecart']), unit)}"
