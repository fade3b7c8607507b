"""The readers, one per file format: each turns a file into ``Records`` (text with line numbers), or refuses it.

A ``ToolFormat`` names its module here, whose ``read(path, fichier, tables, workdir)`` gives ``{table name: Records}``,
with columns under the format's own names. ``csv_file`` and ``workbook`` read tables under headings;
``json_file``, ``xml_file`` and ``key_value``, records that name their own values. ``zip_file`` opens archives of any of them.
"""
