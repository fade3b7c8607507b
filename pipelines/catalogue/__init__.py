"""What may be declared, and what is: the grammars of ``catalogue/``, ``expectations/`` and ``dbt_project/``, a home's over the shipped.

``load`` gives the effective catalogue, which everything else reads. Each grammar is a set of pydantic models that
accept no other key; an error names its file and line. What follows from declarations alone is made here too: the SQL of
figures, a home's single dbt project, the first draft of a source. Nothing here knows what was delivered.
"""
