"""Answers questions about a year: what came, what is missing, wrong or different, what was decided, where a figure comes from.

It reads the ledger, the lake, the warehouse and ``published/``, and writes to none of them.
"""
