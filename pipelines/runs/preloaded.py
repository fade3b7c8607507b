"""What the processes beside a run need, imported by the server that they are forked from (``processes``).

Not among it is what one of them needs alone, and imports itself while the others begin: Great Expectations, dbt, the
solver of the public profile.
"""

import gc
from importlib import import_module

LIBRARIES = (
    "duckdb",
    "fontTools.ttLib",
    "jinja2.sandbox",
    "markdown_it",
    "pikepdf",
    "PIL.ImageOps",
    "sqlalchemy.ext",
    "typst",
    "vl_convert",
    "xlsxwriter.workbook",
)
OURS = (
    "pipelines.runs.ahead",
    "pipelines.runs.publish",
    "pipelines.stages.report.html",
    "pipelines.stages.report.pdf",
    "pipelines.stages.report.word.rapport",
    "pipelines.stages.report.workbook",
)

gc.disable()  # nothing that is imported is ever freed
for module in (*LIBRARIES, *OURS):
    import_module(module)
gc.freeze()
gc.enable()
