"""What is asked of a year: what came, what is missing, wrong or differs, what was decided of it, and where a figure comes from.

It reads the ledger, the lake, the warehouse and ``published/``, and writes none of them.
"""
