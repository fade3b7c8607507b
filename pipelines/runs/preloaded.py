"""What the processes beside a run need, imported by the server that they are forked from (``processes``).

Great Expectations is not among it: it takes longer than all the rest, and only the process that judges needs it.
"""

import gc
from importlib import import_module

LIBRARIES = (
    "duckdb",
    "fontTools.ttLib",
    "jinja2.sandbox",
    "markdown_it",
    "pandas",
    "pikepdf",
    "PIL.ImageOps",
    "scipy.optimize",
    "scipy.sparse",
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
