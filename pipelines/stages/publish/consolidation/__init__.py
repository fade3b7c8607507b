"""The public profiles of several organisations in one star, and how they compare.

It reads only ``published/public`` of each home, so that a consolidation reveals nothing that the public profiles do not.
"""
