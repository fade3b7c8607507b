"""What can be asked of a year: what came, what is missing, wrong or different, what was decided, and where a figure comes from.

It reads the ledger, the lake, the warehouse and ``published/``, and writes to none of them.
"""
