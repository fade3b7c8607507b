"""Word documents: the report, and the year's prose on its way to its authors and back.

``elements`` makes WordprocessingML, ``document`` the file around it; ``rapport`` lays out the model of the report.
"""
