"""Snapshots of the tools' databases: each is written into landing, as a file of the declared layout of the tool's export.

From there on it is an export like any other: one road leads to the lake, and what is archived is what was read. A module
here bears the name of an export's ``database`` and says which columns it reads and how the layout follows from them
(``COLUMNS``, ``query``); ``database`` does the rest. Nothing here knows of collection.
"""
