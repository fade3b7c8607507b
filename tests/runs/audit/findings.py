"""Makes findings for the audit page."""

from pipelines.ledger.records import Finding

FIGURE = (
    "('essai.ventes.total', 2019, 14.5::decimal(20,6), 'EUR', 2, 'calculé', null, 'complet', 'Total', 'essai', 'Somme')"
)


def contradiction(exercice: int = 2019) -> Finding:
    return Finding("PUB-ECART", "alerte", exercice, "essai.ventes.total", "Écart", attendu="14,50", recu="15 €")
