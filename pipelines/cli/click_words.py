"""click's own words in French: its pages of help, and its errors about what was typed.

A sentence missing here stays in English: ``tests/cli/test_click_words.py`` reads those that click has.
"""

import re
from collections.abc import Iterable

import click

from pipelines.french import NO_BREAK, typeset

QUOTED = r"""(?:(?:File|Directory|Path) )?(['"])((?:(?!\1).)*)\1"""  # a value, as \2

# what click says → in French
WORDS = {
    r"^Commands$": "Commandes",
    r"\bCOMMAND\b": "COMMANDE",
    r"\[ARGS\]": "[ARGUMENTS]",
    r"\[default: ": "[par défaut : ",
    r"\brequired\]": "obligatoire]",
    r"^Show this message and exit\.": "Montrer cette aide.",
    r"^Show the version and exit\.": "Montrer la version.",
    r"^Error: ": "Erreur : ",
    r"^Try '(.*)' for help\.": r"Aide : \1",
    r"Invalid value: ": "Valeur incorrecte : ",
    r"Invalid value for (.*?): ": r"Valeur incorrecte pour \1 : ",
    r"Missing argument": "Il manque l’argument",
    r"Missing option": "Il manque l’option",
    r"Missing parameter:?": "Il manque le paramètre",
    r"Missing command\.": "Il manque la commande.",
    r"Choose from:": "au choix :",
    rf"No such command {QUOTED}": r"La commande \2 n’existe pas",
    rf"No such option {QUOTED}": r"L’option \2 n’existe pas",
    r"\(Did you mean one of: (.*)\?\)": r"Vouliez-vous dire l’une de \1 ?",
    r"Did you mean (.*)\?": r"Vouliez-vous dire \1 ?",
    rf"Option {QUOTED} requires an argument": r"L’option \2 attend une valeur",
    rf"Option {QUOTED} requires (\d+) arguments": r"L’option \2 attend \3 valeurs",
    rf"Option {QUOTED} does not take a value": r"L’option \2 n’attend pas de valeur",
    rf"Argument {QUOTED} takes (\d+) values": r"L’argument \2 attend \3 valeurs",
    r"Got unexpected extra argument(s?) \((.*)\)": r"Argument\1 en trop : \2",
    r"(?:Takes )?(\d+) values (?:are required, )?but (\d+) (?:was|were) given": r"\1 valeurs sont attendues, et non \2",
    rf"{QUOTED} is not a valid boolean. Recognized values: ": r"« \2 » n’est pas l’un de ",
    rf"{QUOTED} is not a valid (?:integer|float)(?: range)?": r"« \2 » n’est pas un nombre entier",
    rf"{QUOTED} is not one of ": r"« \2 » n’est pas l’un de ",
    rf"{QUOTED} is not readable": r"« \2 » ne peut pas être lu",
    rf"{QUOTED} is not writable": r"« \2 » ne peut pas être écrit",
    rf"{QUOTED} is not executable": r"« \2 » ne peut pas être exécuté",
    rf"{QUOTED} is not (?=['\"])": r"« \2 » n’est pas ",
    r" is not in the range ": " est hors des bornes ",
    rf"{QUOTED} does not match the formats? ": r"« \2 » n’a pas la forme ",
    rf"{QUOTED} does not exist": r"« \2 » n’existe pas",
    rf"{QUOTED} is a file": r"« \2 » est un fichier",
    rf"{QUOTED} is a directory": r"« \2 » est un dossier",
    rf"Could not open file {QUOTED}: .*": r"« \2 » ne peut pas être ouvert",
}


def in_french(text: str) -> str:
    """A text of click's; the rest of it stays as it is."""
    for said, french in WORDS.items():
        text = re.sub(said, french, text, flags=re.MULTILINE)
    return text


class Formatter(click.HelpFormatter):
    """A page of help, no line of which begins with a colon or a semicolon."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """How a command is typed."""
        super().write_usage(prog, in_french(args), prefix or "Usage : ")

    def write_heading(self, heading: str) -> None:
        """A colon follows."""
        super().write_heading(f"{in_french(heading)}{NO_BREAK}")

    def write_text(self, text: str) -> None:
        """A paragraph."""
        super().write_text(typeset(text))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Options or commands, each with what it does."""
        super().write_dl([(name, typeset(in_french(said))) for name, said in rows], col_max, col_spacing)


class Context(click.Context):
    """What a command is called with; click takes from it how pages are written."""

    formatter_class = Formatter


def speaking_french(command: click.Command) -> click.Command:
    """A command whose page of help is in French, as are those of the commands below it."""
    command.context_class = Context
    for below in getattr(command, "commands", {}).values():
        speaking_french(below)
    return command
