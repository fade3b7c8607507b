"""Builds a new warehouse from the accepted deliveries: dbt builds and tests it, then it replaces the old one in one rename."""
