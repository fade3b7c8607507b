"""Where stages meet: collect, build, publish, release, replay, and the audit pages. The command line and Dagster call these."""
