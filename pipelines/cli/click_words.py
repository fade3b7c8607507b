"""click's own messages in French: headings of a help page, and errors about an argument, quoted so that a terminal can
show it.

click takes its words from gettext, which follows the user's locale; ours are always French. A sentence missing here
stays in English: ``tests/cli/test_french.py`` reads those that click has.
"""

from collections.abc import Iterable
from types import ModuleType
from typing import Any

from click import core, decorators, exceptions, formatting, parser, types, utils

from pipelines.cli.output import printable
from pipelines.french import NO_BREAK, typeset

WORDS = {
    "Usage:": "Usage :",
    "Options": "Options",
    "Commands": "Commandes",
    "Error: {message}": "Erreur : {message}",
    "Try '{command} {option}' for help.": "Aide : {command} {option}",
    "Invalid value: {message}": "Valeur incorrecte : {message}",
    "Invalid value for {param_hint}: {message}": "Valeur incorrecte pour {param_hint} : {message}",
    "Missing argument": "Il manque l’argument",
    "Missing option": "Il manque l’option",
    "Missing parameter": "Il manque le paramètre",
    "Missing command.": "Il manque la commande.",
    "Missing {param_type}": "Il manque {param_type}",
    "Missing parameter: {param_name}": "Il manque le paramètre {param_name}",
    "No such command {name!r}.": "La commande {name} n’existe pas.",
    "Positional arguments": "Arguments",
    "No such option {name!r}.": "L’option {name} n’existe pas.",
    "(Did you mean one of: {possibilities}?)": "Vouliez-vous dire l’une de {possibilities} ?",
    "Did you mean {possibility}?": "Vouliez-vous dire {possibility} ?",
    "Option {name!r} requires an argument.": "L’option {name} attend une valeur.",
    "Option {name!r} requires {nargs} arguments.": "L’option {name} attend {nargs} valeurs.",
    "Option {name!r} does not take a value.": "L’option {name} n’attend pas de valeur.",
    "Argument {name!r} takes {nargs} values.": "L’argument {name} attend {nargs} valeurs.",
    "Got unexpected extra argument ({args})": "Argument en trop : {args}",
    "Got unexpected extra arguments ({args})": "Arguments en trop : {args}",
    "Choose from:\n\t{choices}": "au choix :\n\t{choices}",
    "{value!r} is not {choice}.": "« {value} » n’est pas {choice}.",
    "{value!r} is not one of {choices}.": "« {value} » n’est pas l’un de {choices}.",
    "{value!r} is not a valid {number_type}.": "« {value} » n’est pas un nombre entier.",
    "{value!r} is not a valid boolean. Recognized values: {states}": "« {value} » n’est pas l’un de {states}.",
    "Takes {nargs} values but 1 was given.": "Il faut {nargs} valeurs, et une seule est donnée.",
    "Takes {nargs} values but {len} were given.": "Il faut {nargs} valeurs, et {len} sont données.",
    "{len_type} values are required, but {len_value} was given.": "Il faut {len_type} valeurs, et une seule est donnée.",
    "{len_type} values are required, but {len_value} were given.": "Il faut {len_type} valeurs, et {len_value} sont données.",
    "Invalid start character for option ({option})": "Une option ne commence pas ainsi ({option})",
    "Could not open file {filename!r}: {message}": "« {filename} » ne peut pas être ouvert",
    "unknown error": "erreur inconnue",
    "{name} {filename!r} is not executable.": "{name} « {filename} » ne peut pas être exécuté.",
    "{value} is not in the range {range}.": "{value} est hors des bornes {range}.",
    "{value!r} does not match the format {format}.": "« {value} » n’a pas la forme {format}.",
    "{value!r} does not match the formats {formats}.": "« {value} » n’a aucune des formes {formats}.",
    "{name} {filename!r} does not exist.": "{name} « {filename} » n’existe pas.",
    "{name} {filename!r} is a file.": "« {filename} » est un fichier.",
    "{name} {filename!r} is a directory.": "« {filename} » est un dossier.",
    "{name} {filename!r} is not readable.": "{name} « {filename} » ne peut pas être lu.",
    "{name} {filename!r} is not writable.": "{name} « {filename} » ne peut pas être écrit.",
    "file": "le fichier",
    "directory": "le dossier",
    "path": "le chemin",
    "default: {default}": "par défaut : {default}",
    "required": "obligatoire",
    "Show this message and exit.": "Montrer cette aide.",
    "Show the version and exit.": "Montrer la version.",
    "%(prog)s, version %(version)s": "%(prog)s, version %(version)s",
    "Aborted!": "Abandonné.",
}
USAGE = {
    "COMMAND": "COMMANDE",
    "[COMMAND]": "[COMMANDE]",
    "[ARGS]...": "[ARGUMENTS]...",
}  # the placeholder for a command in the usage line
MODULES: tuple[ModuleType, ...] = (core, decorators, exceptions, formatting, parser, types)


def _french(text: str) -> str:
    return WORDS.get(text, text)


def _plural(one: str, many: str, count: int) -> str:
    return _french(one if count == 1 else many)


def _echo(message: str | None = None, **where: Any) -> None:
    """click's messages quote arguments and file names."""
    utils.echo(printable(message or ""), **where)


def _usage(self: core.Group, ctx: core.Context) -> list[str]:
    """The words that follow a group's name in its usage."""
    return [USAGE.get(word, word) for piece in _pieces(self, ctx) for word in piece.split(" ")]


_pieces = core.Group.collect_usage_pieces


class _Formatter(formatting.HelpFormatter):
    """No line of a page of help begins with a colon or a semicolon."""

    def write_heading(self, heading: str) -> None:
        """A colon follows."""
        super().write_heading(f"{heading}{NO_BREAK}")

    def write_text(self, text: str) -> None:
        """A paragraph."""
        super().write_text(typeset(text))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Options or commands, each with what it does."""
        super().write_dl([(name, typeset(said)) for name, said in rows], col_max, col_spacing)


def speak_french() -> None:
    """Give click these words."""
    core.Group.collect_usage_pieces = _usage  # type: ignore[method-assign]
    core.Context.formatter_class = _Formatter
    for module in MODULES:
        if hasattr(module, "echo"):
            module.echo = _echo  # type: ignore[attr-defined]
        for name, said in (("_", _french), ("gettext", _french), ("ngettext", _plural)):
            if hasattr(module, name):
                setattr(module, name, said)
