"""Drafts the files of a figure over a declared table, from templates: models, contract, figure, chapter and sentence."""
