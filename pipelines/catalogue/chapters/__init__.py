"""The chapters of the report, declared once each: what is printed, from which table of ``rapport``, in which order."""
