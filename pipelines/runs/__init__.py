"""Where stages meet: collect, build, publish, release, replay, and the audit pages, as the command line and Dagster call them.

The outcome of a run is typed: nobody has to parse a message to know it.
"""
