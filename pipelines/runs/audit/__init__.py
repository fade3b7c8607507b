"""The state of a year's collection and quality, for auditors: one frozen JSON, and the page that lays it out.

Like ``collect`` and ``replay``, a place where stages meet: it reads the ledger, the lake, the archive, the releases and
``published/``, and judges nothing itself. It changes with the clock and with the ledger, so it is stored in ``audit/``
of the home and not in the publication; a failed build shows in it too.
"""
