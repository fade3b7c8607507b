"""Drafts the first files of a new source from a sample of what it delivers."""
