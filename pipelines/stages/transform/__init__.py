"""A frozen list of accepted deliveries becomes a new warehouse, built and tested by dbt, then renamed over the old one."""
