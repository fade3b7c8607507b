"""The demonstration: a home whose exports are invented so as to give the figures of the published reports.

What belongs here: the published figures, the organisation, and the generators of its exports, deterministic
to the byte. What does not: anything the pipeline needs. The pipeline reads these files as it reads any other;
only the command that makes the demonstration imports this package.
"""
