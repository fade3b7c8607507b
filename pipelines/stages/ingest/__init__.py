"""Reads one export of one exercice into typed Parquet, refused lines, ignored lines and a manifest.

It never guesses an encoding, opens a warehouse or decides which delivery is current.
"""
