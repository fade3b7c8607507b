"""A warehouse of an analyst's own: the accepted rows, loaded beside the real one, for ``millesime dbt``.

It is loaded anew when what it is made of has changed, and kept otherwise, so that ``run`` then ``test``
works. Nothing here publishes, and the real warehouse is neither read nor written.
"""

from pathlib import Path

from pipelines import settings
from pipelines.disk import sha256_of
from pipelines.ledger.store import Ledger
from pipelines.settings import Home
from pipelines.catalogue.organisation import Organisation
from pipelines.catalogue.registry import Registry, fingerprint
from pipelines.stages.transform.load import load_warehouse


def prepare_analyst(home: Home, ledger: Ledger, registry: Registry, organisation: Organisation) -> Path:
    """The analyst's warehouse file, holding the deliveries that are accepted now."""
    manifests = [current.manifest for _, current in sorted(ledger.current().items())]
    identity = fingerprint(
        {
            "deliveries": [manifest.delivery for manifest in manifests],
            "organisation": sha256_of(home.organisation_file),
            "declared": [sha256_of(path) for path in _declarations()],
        }
    )
    path = home.warehouse_analyst
    mark = path.with_suffix(".inputs")
    if path.exists() and mark.exists() and mark.read_text(encoding="utf-8") == identity:
        return path
    mark.unlink(missing_ok=True)
    load_warehouse(path, home, registry, organisation, manifests)
    mark.write_text(identity, encoding="utf-8")
    return path


def _declarations() -> list[Path]:
    return sorted([*settings.CATALOGUE_DIR.rglob("*.yml"), *settings.REFERENCE_DIR.glob("*.csv")])
