"""One export of one exercice becomes typed Parquet, refused lines, ignored lines and a manifest.

Never guesses an encoding, never opens a warehouse, never says what is current.
"""
