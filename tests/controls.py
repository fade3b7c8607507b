"""The controls of a warehouse made by hand: those of the project over small tables, or a stand-in for them."""

from pathlib import Path

import duckdb

from pipelines.catalogue.dbt.unions import CONTROL_COLUMNS, INPUT_CONTROLS, controls_union, input_controls
from pipelines.catalogue.load import load_catalogue
from pipelines.ledger.records import Finding
from pipelines.settings import shipped
from pipelines.stages.transform.warehouse_findings import build_findings
from tests.catalogue.figures.sql import render

NONE = f"""
create schema if not exists controles;
create table controles.controles ({", ".join(f"{name} {kind}" for name, kind in CONTROL_COLUMNS.items())}, empreinte varchar);
"""
# where ``rapport.rpt_rapprochement_publie`` is the only control
STAND_IN = f"""{NONE}
insert into controles.controles by name
select 'PUB-ECART' as code_regle, 'alerte' as severite, exercice, code_chiffre as ou, valeur_recalculee as attendu,
  valeur_publiee as recu, ecart, 'rien' as effet, json_object('texte', texte_publie) as valeurs
from rapport.rpt_rapprochement_publie;
"""


def controlled(path: Path, *controls: str, tables: str) -> list[Finding]:
    """What these controls of the project find in ``tables``: a script in which ``ref('x')`` is ``x``, ``source('s', 'x')`` ``s.x``."""
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as db:
        db.execute(tables)
        for name in controls:
            (model,) = (shipped() / "dbt_project/models/controles").glob(f"**/{name}.sql")
            db.execute(f"create view {name} as {render(model.read_text(encoding='utf-8'))}")
        of_figures = [name for name in controls if name == "ctl_publication"]
        of_inputs = [name for name in controls if name not in of_figures]
        db.execute(f"create view {INPUT_CONTROLS} as {render(input_controls(of_inputs))}")
        db.execute(f"create schema controles; create view controles.controles as {render(controls_union(of_figures))}")
    return found(path)


def found(path: Path) -> list[Finding]:
    """What the build finds in a warehouse."""
    return build_findings(path, load_catalogue().rules)
