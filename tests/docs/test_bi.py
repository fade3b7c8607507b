"""The page for BI authors is true: the star schema, the names of variables, tables and commands."""

import re

from pipelines import settings
from pipelines.cli.app import COMMANDS
from tests.docs.star import PAGE, star, written


def test_the_star_is_that_of_the_marts():
    assert written() == star(), "python -m tests.docs.star"


def test_commands_and_variables_exist():
    text = PAGE.read_text(encoding="utf-8")
    assert set(re.findall(r"`millesime ([a-z]+)", text)) <= COMMANDS.keys()
    source = (settings.PROJECT_ROOT / "pipelines" / "settings.py").read_text(encoding="utf-8")
    named = set(re.findall(r"MILLESIME_[A-Z_]+", text))
    assert named and {name for name in named if name not in source} == set()
