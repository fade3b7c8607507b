"""Reads and checks the declarations of ``catalogue/``, ``expectations/`` and ``dbt_project/``, the shipped ones and the home's.

``load`` combines them into the effective catalogue, which everything else reads. Each grammar is a set of pydantic models
that refuse unknown keys; an error names its file and line. This package also makes whatever follows from declarations
alone: the SQL of figures, a home's single dbt project, the first draft of a source. It knows nothing of deliveries.
"""
