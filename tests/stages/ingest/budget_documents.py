"""Small budget documents made by hand, for the tests."""

from collections.abc import Sequence

NAMESPACE = "http://www.minefi.gouv.fr/cp/demat/docbudgetaire"
SIRET, SIRET_ANNEXE = "21000000600019", "21000000600027"
M14 = "M14-M14_COM_SUP3500"


def line(nature: str, sens: str, order: str | None = None, attributes: str = "", **amounts: str) -> str:
    """A ``LigneBudget``; ``order`` is the kind of an opération d’ordre (1 or 2), None for a real one."""
    values = {"Nature": nature, "CodRD": sens, **amounts, "OpBudg": "1" if order else "0"}
    if order:
        values["TypOpBudg"] = order
    children = "".join(f'<{name} V="{value}"/>' for name, value in values.items())
    return f"<LigneBudget{attributes}>{children}</LigneBudget>"


def loan(code: str | None = "01", attributes: str = "", **values: str) -> str:
    """An ``EMPRUNT`` of the annexes."""
    values = ({"CodTypEmpr": code} if code else {}) | values
    children = "".join(f'<{name} V="{value}"/>' for name, value in values.items())
    return f"<EMPRUNT{attributes}>{children}</EMPRUNT>"


def budget(
    decision: str,
    year: int,
    lines: Sequence[str] = (),
    *,
    loans: Sequence[str] = (),
    siret: str = SIRET,
    kind: str = "P",
    number: str = "",
    nomenclature: str = M14,
    draft: bool = False,
) -> str:
    """A ``Budget`` element."""
    head = {"NatDec": decision, "NumDec": number, "Exer": str(year), "ProjetBudget": str(draft).lower()}
    block = "".join(f'<{name} V="{value}"/>' for name, value in head.items() if value)
    return (
        f'<Budget><EnTeteBudget><LibelleEtab V="Essai {kind}"/><IdEtab V="{siret}"/><CodBud V="0{kind}"/>'
        f'<Nomenclature V="{nomenclature}"/></EnTeteBudget>'
        f'<BlocBudget>{block}<CodTypBud V="{kind}"/></BlocBudget>'
        + "".join(f"\n{text}" for text in lines)
        + f"<Annexes><DATA_EMPRUNT>{''.join(loans)}</DATA_EMPRUNT></Annexes></Budget>"
    )


def document(*budgets: str, sealed: str = "2020-01-01T10:00:00", encoding: str = "ISO-8859-1") -> bytes:
    """A whole ``DocumentBudgetaire``."""
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?>\n<DocumentBudgetaire xmlns="{NAMESPACE}">'
        f'<Scellement sha1="{sealed}" date="{sealed}"/><EnTeteDocBudgetaire><DteStr V="{sealed[:10]}"/>'
        f'<LibelleColl V="Commune d’essai"/></EnTeteDocBudgetaire>\n'.replace("’", "'")
        + "\n".join(budgets)
        + "</DocumentBudgetaire>\n"
    )
    return text.encode(encoding)
