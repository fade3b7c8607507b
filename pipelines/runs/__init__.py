"""Where stages meet: collect, build, publish, release, replay, and the audit pages, as the command line and Dagster call them.

What a run comes to is typed: nobody reads its outcome in the words of a message.
"""
