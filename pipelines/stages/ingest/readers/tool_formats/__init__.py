"""A reader for each format of one tool or standard: a module here is a ``type`` that a declaration may name.

Its ``read(path, fichier, tables, workdir)`` gives ``{table name: Records}``. When documents stand alone (``by_document``), its
``lost(path, fichier, tables, workdir, refusal)`` gives what replaces a file that it refused.
"""
