"""The state of a year's collection and quality, for who audits it: one frozen JSON, and the page that lays it out.

Like ``collect`` and ``replay``, a place where stages meet: it reads the ledger, the lake, the archive, the releases and
``published/``, and judges nothing itself. It changes with the clock and with the ledger, so it lies in ``audit/`` of the
home and not in the publication; a build that failed shows in it too.
"""
