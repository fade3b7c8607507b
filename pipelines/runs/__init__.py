"""The operations that chain the stages: collect, build, publish, release, replay, and the audit pages.

The command line and Dagster call them. Each returns a typed outcome, so that no caller has to parse a message.
"""
