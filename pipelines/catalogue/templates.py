"""Templates of files in which braces mean something else: YAML, dbt, the texts of the report.

``<< value >>`` is replaced, ``<% if … %>`` and ``<# … #>`` are as in Jinja.
"""

import functools
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment


@functools.cache
def templates(folder: Path) -> "Environment":
    """The templates of a folder."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # most commands only read the declarations

    return Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
    )


def filled(template: Path, **values: object) -> str:
    """The text of a template."""
    return templates(template.parent).get_template(template.name).render(values)
