"""Kills a run at every named step and lets the next run finish: ``python -m tests.runs.collect.killing <folder>``.

One process imports everything once; each run is a fork of it, so that fourteen kills take seconds. The judgement and dbt
are stand-ins here: what is proved is the order of what is written. Prints one JSON object, step → what was seen.
"""

import gc
import hashlib
import json
import os
import shutil
import sys
import types
from pathlib import Path

import duckdb

from pipelines.evidence.findings import gather
from pipelines.failpoints import STEPS
from pipelines.ledger.records import CheckResult
from pipelines.ledger.state import read_state
from pipelines.ledger.store import open_ledger
from pipelines.ledger.workspace import open_workspace
from pipelines.locking import only_writer
from pipelines.runs.collect import collect
from pipelines.runs.frozen import frozen
from pipelines.settings import Home
from pipelines.stages.publish.swap import publish
from pipelines.stages.transform import freeze
from pipelines.stages.transform.build import finish, prepare
from pipelines.stages.transform.dbt import NodeResult
from tests.controls import STAND_IN
from tests.deliveries import HEADER, Depot

MODELS = (
    """
create schema if not exists marts; create schema if not exists rapport;
create table marts.fct_lignes (exercice integer, code varchar, montant decimal(18,2), primary key (exercice, code));
insert into marts.fct_lignes select exercice, code, montant from lake.essai__lignes;
comment on table marts.fct_lignes is 'Les lignes';
create table rapport.chiffres as select 'x' as code, exercice, sum(montant)::decimal(18,2) as valeur, 'Essai' as libelle,
  'EUR' as unite from marts.fct_lignes group by all;
create table rapport.rpt_rapprochement_publie as select 'x' as code_chiffre, 2020 as exercice, 1.5 as valeur_recalculee,
  2.5 as valeur_publiee, '2,5' as texte_publie, 1.0 as ecart, 'écart' as statut_rapprochement;
"""
    + STAND_IN
)
FORMER = HEADER + "A1;x;1,00;03/02/{year}\nA2;y;2,00;03/02/{year}\n"
CORRECTED = FORMER + "A3;z;40,00;03/02/{year}\nA4;z;oups;\n"


def stand_in_for_the_judge() -> None:
    """Great Expectations takes seconds to import and has tests of its own."""
    module = types.ModuleType("pipelines.stages.validate.judge")
    module.judge = lambda parquet, suite: [CheckResult("k", "t", None, "critical", True, None, None, "raison", "aide")]
    sys.modules["pipelines.stages.validate.judge"] = module


def keep_to_the_point(depot: Depot) -> None:
    """The code of the day does not enter these builds; forks find all imported and read."""
    import scipy.sparse  # noqa: F401

    os.environ["MILLESIME_SHIPPED"] = str(depot.layer.root)
    freeze.engine_version = lambda: "code"
    with open_ledger(Home(depot.root / "warm")) as ledger:
        gather(depot.work(ledger))
    gc.freeze()


def make_depot(root: Path) -> Depot:
    """A home whose mailbox holds 2019 and 2020."""
    root.mkdir()
    depot = Depot(root)
    depot.declare()
    depot.organise()
    for year in (2019, 2020):
        depot.drop(FORMER.format(year=year), exercice=year)
    return depot


def correct(home: Home) -> None:
    """Replace the file of 2020."""
    (home.landing / "2020" / "essai" / "export.csv").write_text(CORRECTED.format(year=2020), encoding="utf-8")


def run(home: Home) -> None:
    """Collect both exercices, the corrected one first, build, publish."""
    with only_writer(home), open_workspace(home) as work:
        for year in reversed(work.organisation.years):
            collect(work, work.registry.export_of("essai/export"), year)
        prepared = prepare(work, frozen(work))
        with duckdb.connect(str(home.warehouse_next)) as db:
            former = "".join(f"drop schema if exists {name} cascade; " for name in ("marts", "rapport", "controles"))
            db.execute(former + MODELS)
        built = finish(work, prepared, [NodeResult("fct_lignes", "model", "success", None, None)])
        publish(work, built.build, gather(work))


def start(work) -> int:
    """Run ``work`` in a fork; its process."""
    pid = os.fork()
    if pid:
        return pid
    try:
        work()
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)


def ended(pid: int) -> int:
    """The exit code of a fork, negative when it was killed."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def forked(work) -> int:
    """Run ``work`` in a fork and wait."""
    return ended(start(work))


def state(home: Home) -> dict:
    """What counts and what readers see, without clocks."""
    with open_ledger(home) as ledger:
        current = {str(key): value.manifest.delivery for key, value in sorted(ledger.current().items())}
        refused = ledger.last_refusal("essai/export", 2020)
        build = ledger.last_build()
    with duckdb.connect(str(home.published / "millesime.duckdb"), read_only=True) as db:
        figures = db.execute("select exercice, valeur::varchar from rapport.chiffres order by all").fetchall()
    published = read_state(home.published)
    for name, digest in published["files"].items():
        assert hashlib.sha256((home.published / name).read_bytes()).hexdigest() == digest, name
    clockless = {name: digest for name, digest in published["files"].items() if not name.startswith("audit/")}
    return {
        "current": current,
        "refused": refused,
        "build": build["build"],
        "published_build": published["build"],
        "figures": figures,
        "files": clockless,
        "lake": sorted(str(p.relative_to(home.lake)) for p in home.lake.rglob("*") if p.is_file()),
        "archive": sorted(p.name for p in home.archive.iterdir()),
        "asides": sorted(p.name for p in home.builds.glob(".*")),
        "next": home.warehouse_next.exists(),
    }


def looked_at(home: Home, place: Path) -> dict:
    """``state``, seen from a fork: this process must not start DuckDB's threads."""
    code = forked(lambda: place.write_text(json.dumps(state(home)), encoding="utf-8"))
    assert code == 0, f"{home.root}: exit code {code}"
    return json.loads(place.read_text(encoding="utf-8"))


def kill_and_finish(first: Home, step: str | None, folder: Path) -> None:
    """One step, on a copy of the same home; what was seen goes to ``<step>.json``."""
    home, notes = Home(folder / str(step)), folder / f"{step}.json"
    shutil.copytree(first.root, home.root, symlinks=True)
    os.environ["MILLESIME_FAILPOINT"] = step or ""
    killed = forked(lambda: run(home))
    del os.environ["MILLESIME_FAILPOINT"]
    between = looked_at(home, notes)
    finished = forked(lambda: run(home))
    seen = {"codes": [killed, finished], "between": between, "after": looked_at(home, notes)}
    notes.write_text(json.dumps(seen), encoding="utf-8")


def main(folder: Path) -> None:
    """Every step, two at a time."""
    stand_in_for_the_judge()
    depot = make_depot(folder / "first")
    keep_to_the_point(depot)
    first = depot.home
    assert forked(lambda: run(first)) == 0
    seen = {"before": looked_at(first, folder / "before.json")}
    correct(first)
    steps: list[str | None] = [None, *STEPS]
    for pair in (steps[i : i + 2] for i in range(0, len(steps), 2)):
        children = [start(lambda s=s: kill_and_finish(first, s, folder)) for s in pair]
        assert [ended(child) for child in children] == [0] * len(children), pair
    seen |= {str(step): json.loads((folder / f"{step}.json").read_text(encoding="utf-8")) for step in steps}
    print(json.dumps(seen))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
