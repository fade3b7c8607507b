"""The readers, one per file format: each turns a file into ``Records`` (text with line numbers), or refuses it.

``csv_file`` and ``workbook`` read tables under headings; ``json_file``, ``xml_file`` and ``key_value``, records that name
their own values; ``tool_formats``, what one tool or standard writes. ``zip_file`` opens archives of any of them.
"""
