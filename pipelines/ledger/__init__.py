"""The record of what happened: deliveries, verdicts, acceptances, builds, findings, decisions, in a chained SQLite file.

Only this package writes to it, and it only adds rows; what is current is found by a query. ``workspace`` opens a home with
its ledger, its catalogue and its organisation: every step starts from that.
"""
