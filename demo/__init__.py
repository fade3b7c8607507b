"""The demonstration: a home whose exports are invented so that they give the figures of the published reports.

This package holds the published figures, the organisation, and the generators of its exports, which always write the
same bytes. The pipeline does not depend on it: it reads these files like any others, and only the command that makes the
demonstration imports this package.
"""
