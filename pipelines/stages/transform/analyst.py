"""A warehouse of an analyst's own: the accepted rows, loaded beside the real one, for ``millesime dbt``.

It is loaded anew when what it is made of has changed, and kept otherwise, so that ``run`` then ``test``
works. Nothing here publishes, and the real warehouse is neither read nor written.
"""

from pathlib import Path

from pipelines.catalogue.fingerprint import fingerprint
from pipelines.disk import sha256_of
from pipelines.ledger.workspace import Workspace
from pipelines.stages.transform.load import load_warehouse


def prepare_analyst(work: Workspace) -> Path:
    """The analyst's warehouse file, holding the deliveries that are accepted now."""
    manifests = [current.manifest for _, current in sorted(work.ledger.current().items())]
    identity = fingerprint(
        {
            "deliveries": [manifest.delivery for manifest in manifests],
            "organisation": sha256_of(work.home.organisation_file),
            "catalogue": work.catalogue.fingerprint,
        }
    )
    path = work.home.warehouse_analyst
    mark = path.with_suffix(".inputs")
    if path.exists() and mark.exists() and mark.read_text(encoding="utf-8") == identity:
        return path
    mark.unlink(missing_ok=True)
    load_warehouse(path, work, manifests)
    mark.write_text(identity, encoding="utf-8")
    return path
