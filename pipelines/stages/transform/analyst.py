"""An analyst's own warehouse: the accepted rows, loaded beside the real one, for ``millesime dbt``.

It is reloaded when what it is made from has changed, and kept otherwise, so that ``run`` then ``test`` works. Nothing
here publishes, and the real warehouse is neither read nor written.
"""

import shutil
from dataclasses import replace
from pathlib import Path

from pipelines.ledger.workspace import Workspace
from pipelines.stages.transform.freeze import Frozen
from pipelines.stages.transform.load import load_warehouse


def offer_to_analyst(work: Workspace, build: str) -> None:
    """Give the analyst a copy of the warehouse that was just proved: dbt's own commands work there straight away."""
    path = work.home.warehouse_analyst
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}")
    shutil.copyfile(work.home.warehouse, aside)
    aside.rename(path)
    path.with_suffix(".inputs").write_text(build, encoding="utf-8")


def prepare_analyst(work: Workspace, frozen: Frozen) -> Path:
    """The analyst's warehouse file, holding the deliveries of ``frozen``."""
    path = work.home.warehouse_analyst
    mark = path.with_suffix(".inputs")
    if path.exists() and mark.exists() and mark.read_text(encoding="utf-8") == frozen.build:
        return path
    mark.unlink(missing_ok=True)
    load_warehouse(path, work, replace(frozen, build=""))  # so that nobody mistakes it for the build
    mark.write_text(frozen.build, encoding="utf-8")
    return path
