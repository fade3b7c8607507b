"""The declared chapters of the report: what each prints, from which table of ``rapport``, in which order."""
