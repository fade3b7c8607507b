"""The public profiles of several organisations in one star, and how they compare.

It reads ``published/public`` and nothing else of a home: what the consolidation holds, its readers could copy out of the
profiles by hand.
"""
