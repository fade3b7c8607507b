"""Drafts the declaration of a new source from a sample of what it delivers: the only place that guesses.

What the sample proves is written, what it only suggests is written with a TODO, and what it does not show is left out, so that
collection refuses instead of reading wrongly. Types are found by the very expressions that collection reads cells with.
"""
