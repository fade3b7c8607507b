"""The erratum of a year: what changed between two releases, in sentences for the readers of the report."""

from pipelines.french import MISSING_CODES, quantity
from pipelines.publication import INTERNE
from pipelines.stages.publish.release import Change, Side


def erratum(
    exercice: int, first: str, second: str | None, reason: str | None, changed: list[Change], profile: str = INTERNE
) -> str:
    """The text in French; one sentence per figure, in order of code. ``second`` is None before it is released.

    ``changed`` lists the differences in ``profile``: only the public one may be given away.
    """
    inside = f" — profil {INTERNE}, à ne pas diffuser" if profile == INTERNE else ""
    title = f"Erratum au rapport d’activité {exercice}{inside}"
    if not changed:
        other = f"entre les versions {first} et {second}" if second else f"de la version {first}"
        return f"{title}\n\nAucun chiffre ne diffère {other}.\n"
    many = len(changed) > 1
    opening = (
        f"{f'La version {second} remplace' if second else 'Une nouvelle version remplacerait'} la version {first}. "
        f"{f'{len(changed)} chiffres sont modifiés' if many else 'Un chiffre est modifié'}."
    )
    because = f"\nMotif : {reason.rstrip('.')}." if reason else ""
    lines = "\n".join(f"- {_sentence(change)}" for change in changed)
    return f"{title}\n\n{opening}{because}\n\n{lines}\n"


def _sentence(change: Change) -> str:
    label = change.libelle
    if change.before is None:
        return f"{label} : ce chiffre, absent jusqu’ici, est {_said(change, change.after)}."
    if change.after is None:
        return f"{label} : ce chiffre ({_said(change, change.before)}) est retiré."
    return f"{label} : au lieu de « {_said(change, change.before)} », lire « {_said(change, change.after)} »{_gap(change)}."


def _said(change: Change, side: Side) -> str:
    """One side of a change in words; if a code replaces the value, the reason."""
    value, missing = side
    return change.printed(side) if value is not None else f"sans valeur : {MISSING_CODES.get(missing, missing)}"


def _gap(change: Change) -> str:
    before, after = change.before[0], change.after[0]
    if before is None or after is None:
        return ""
    sign = "+" if after > before else ""
    return f" ({sign}{quantity(after - before, change.decimales, change.unite)})"
