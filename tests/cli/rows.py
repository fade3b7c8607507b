"""Makes published rows for commands to print."""

ROWS = """
('essai.agents.nombre', 2019, null::decimal(20,6), 'agents', 0, 'manquant', 'NC', 'manquant', 'A', 'essai', 'f'),
('essai.ventes.total', 2019, 4764020.26, 'EUR', 2, 'calculé', null, 'partiel', 'Total [brut]', 'essai', '=f'),
('essai.ventes.total', 2020, 1, 'EUR', 2, 'calculé', null, 'complet', 'Total', 'essai', 'f')
"""
