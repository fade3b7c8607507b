"""Takes snapshots of the tools' databases: each becomes a file in landing, with the layout of the tool's own export.

From there on it is collected like any other export. Each module is named after an export's ``database``, lists the columns
that it reads and gives the query that makes the layout from them (``COLUMNS``, ``query``); ``database`` does the rest.
Nothing here knows about collection.
"""
