"""Snapshots of the tools' databases: each is written into landing, as a file of the declared layout of the tool's export.

From there on it is an export like any other: there is one road to the lake, and what is archived is what was read. A
module here is named after an export's ``database`` and says which columns it reads and how the layout follows from them
(``COLUMNS``, ``query``); ``database`` does the rest. Nothing here knows about collection.
"""
