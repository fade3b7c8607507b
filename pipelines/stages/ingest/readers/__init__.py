"""One reader a file format: each turns a file into ``Records`` (text with line numbers), or refuses it.

A ``ToolFormat`` names its module here, whose ``read(path, fichier, tables, workdir)`` gives ``{table name: Records}``,
with columns under the format's own names. ``csv_file`` and ``xlsx_file`` read tables that have a header.
"""
