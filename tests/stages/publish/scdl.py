"""Validates a published budget as the public validators do: frictionless, and the SIRET check that the schema asks for."""

from pathlib import Path

from frictionless import Check, Checklist, Package, errors


class _Siret(Check):
    """``french-siret-value``: fourteen digits whose Luhn sum is a multiple of ten."""

    type = "french-siret-value"
    Errors = [errors.CellError]

    def validate_row(self, row):
        digits = [int(digit) for digit in row["BGT_SIRET"] or "" if digit.isdigit()]
        doubled = [digit if place % 2 == 0 else sum(divmod(2 * digit, 10)) for place, digit in enumerate(digits[::-1])]
        if len(digits) != 14 or sum(doubled) % 10:
            yield errors.CellError.from_row(row, note="wrong SIRET", field_name="BGT_SIRET")


def problems(folder: Path) -> list[str]:
    """What is wrong with the package in ``folder``, one sentence a fault; a package without a resource is wrong."""
    package = Package(str(folder / "datapackage.json"))
    report = package.validate(Checklist(checks=[_Siret()]))
    found = [f"{field}: {message} {note}" for field, message, note in report.flatten(["fieldName", "message", "note"])]
    return found if package.resources else ["no resource"]
