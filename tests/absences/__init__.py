"""Proves that missing data are noticed: removes parts of what homes received, and checks every figure again.

The promise being tested: when some of the data of a year is missing, every figure of the report either stays equal or says itself
that it is partial or missing, in `chiffres` and wherever it is printed; it never becomes another number that is presented as complete.

- ``removals``: what can be removed (a file, a budget, a sheet, a month, a line), moved to another year, or made false.
- ``rebuild``: the figures and findings of the home after a removal, made by the engine's own stages in one process.
- ``campaign``: which removals share a build, what each one changed, and whether it was noticed.
- ``invented``: a home in formats that the demonstration does not have.
- ``renderings``: what is printed of a demonstration that lacks one thing of each kind.
- ``evidence``: the results, as docs/evidence.md tells them.

``python -m tests.absences`` (``make absences``) runs all of them.

**What cannot be detected.** A whole file, document, sheet or month is expected, so its absence is noticed. A single line is not
expected: if a file does not say how many lines it contains, removing one leaves a valid file. So the removal of a line must be
noticed only in a file with a control total; in other files it is counted as "undetectable". An unreadable line must always be
noticed.
"""
