"""The public profiles of several organisations in one star, and how they compare.

It reads ``published/public`` and nothing else of a home: its readers could copy everything in the consolidation out of
the profiles by hand.
"""
