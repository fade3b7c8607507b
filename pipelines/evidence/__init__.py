"""Findings in one place: what was refused, what failed, what is missing, what differs."""
