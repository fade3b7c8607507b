"""What happened: deliveries, verdicts, acceptances, builds, findings, decisions, in one chained SQLite file.

Rows are only ever added, by this room alone; what is current is a query. ``workspace`` opens a home: its ledger, its
catalogue and its organisation, which every step works on.
"""
