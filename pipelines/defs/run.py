"""Runs, for the command line, the same jobs as the Dagster UI, on the same instance.

Everything happens in this process; several exercices are one run. The outcome is read back from the ledger.
"""

import logging
import time
import uuid
from collections.abc import Callable, Collection, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from pipelines import settings
from pipelines.catalogue.sources import ExportRef
from pipelines.disk import is_crowded
from pipelines.ledger.workspace import open_workspace
from pipelines.private import work_in
from pipelines.runs.arriving import Aside
from pipelines.runs.build import is_current
from pipelines.runs.outcome import Ending
from pipelines.runs.pending import Pending, is_published, pending
from pipelines.settings import Home

if TYPE_CHECKING:
    import dagster as dg


LOOKS_EVERY = 2  # seconds between looks while a run waits for what is arriving; each reads the whole mailbox
LONGEST_PAUSE = 5  # seconds; a run that is not to wait gives a file that was just copied this time
CONSOLE = "console.log"  # what dbt says: standard output is for results
BUILD_STEPS = {
    "entrepot": "l’entrepôt et ses contrôles",
    "publication__published": "les tables et le rapport",
    "publication__postgresql": "la copie sur le serveur",
}


@dataclass(frozen=True)
class Failed:
    """A step that did not succeed: how it ended, and its message to readers."""

    ending: Ending
    message: str


@dataclass(frozen=True)
class RunReport:
    """The outcome of the two jobs: the steps that failed, and what was left aside, still on its way."""

    failed: list[Failed]
    aside: list[Aside] = field(default_factory=list)

    def ended(self, *endings: Ending) -> Failed | None:
        """The first step that ended in one of these ways."""
        return next((one for ending in endings for one in self.failed if one.ending == ending), None)


def run_jobs(
    home: Home,
    exercices: list[int],
    sources: list[str] | None = None,
    progress: Callable[[str], None] | None = None,
    *,
    whole: bool = False,
    wait: bool = False,
    before_publishing: Callable[[], object] | None = None,
) -> RunReport:
    """Collect ``exercices`` (only ``sources``, names of systems, when given), then build and publish what that changed.

    ``whole``: every model is built, even if nothing changed. ``wait``: until what is on its way into landing has
    arrived. ``before_publishing`` is called once the warehouse is built.

    Raises DeclarationError before anything is read when the catalogue is wrong.
    """
    say = progress or (lambda _: None)
    work_in(home)
    with open_workspace(home) as work:
        look = partial(pending, work, exercices, sources)
        todo = once_arrived(look, say) if wait else soon_arrived(look, say)
    if todo.is_nothing and not whole:
        return RunReport([], list(dict.fromkeys(todo.aside)))
    if is_crowded(home.root):  # Dagster would print that it cannot write, in its own words
        return RunReport([Failed(Ending.NO_DISK, "")])

    # what takes seconds to import is needed from here only
    from pipelines.defs.code_location import definitions_of
    from pipelines.defs.dead_runs import end_dead_runs
    from pipelines.defs.history import forget_all_but
    from pipelines.defs.instance import open_instance

    logging.getLogger("dagster").setLevel(logging.CRITICAL)  # what it logs is in the run; this command says the rest
    with open_instance(home) as instance, (home.dagster / CONSOLE).open("w") as log, redirect_stdout(log):
        say("collecte")
        end_dead_runs(instance, home)
        loaded = definitions_of(home)
        failed, aside = _collect(loaded, instance, [*todo.arrived, *todo.absent], say)
        failed += _build(loaded, instance, home, say, whole=whole, before_publishing=before_publishing)
    forget_all_but(home, settings.kept_runs())
    return RunReport(failed, list(dict.fromkeys([*todo.aside, *aside])))


def once_arrived(look: Callable[[], Pending], say: Callable[[str], None]) -> Pending:
    """What is left to do once nothing is on its way into landing; ``say`` is told each time what is waited for."""
    while (todo := look()).aside:
        say(f"attend {todo.aside[0].fichier} ({todo.aside[0].raison})")
        time.sleep(LOOKS_EVERY)
    return todo


def soon_arrived(look: Callable[[], Pending], say: Callable[[str], None]) -> Pending:
    """What is left to do, after one short pause if something is on its way: a file that was only just copied is then read."""
    if (todo := look()).aside:
        say(f"attend {todo.aside[0].fichier} ({todo.aside[0].raison})")
        time.sleep(min(settings.quiet(), LONGEST_PAUSE))
        todo = look()
    return todo


def _collect(
    loaded: "dg.Definitions",
    instance: "dg.DagsterInstance",
    wanted: list[tuple[ExportRef, int]],
    say: Callable[[str], None],
) -> tuple[list[Failed], list[Aside]]:
    from pipelines.defs.collect import asides_of
    from pipelines.defs.workspace import table_key

    if not wanted:
        return [], []
    keys = {table_key(ref.system, table) for ref, _ in wanted for table in ref.export.tables}
    job = loaded.resolve_job_def("collect")
    runs, names = spans({year for _, year in wanted}), {ref.key.replace("/", "__"): ref.key for ref, _ in wanted}
    heard = _Steps(say, "collecte", len(runs) * len(names), names)
    events = [one for span in runs for one in _execute(job, instance, heard, selection=keys, span=span)]
    return _failures(events), asides_of(events)


def _build(
    loaded: "dg.Definitions",
    instance: "dg.DagsterInstance",
    home: Home,
    say: Callable[[str], None],
    *,
    whole: bool,
    before_publishing: Callable[[], object] | None = None,
) -> list[Failed]:
    """Build and publish; only publish when the warehouse would come out the same, and do nothing when the publication
    would too."""
    import dagster as dg

    from pipelines.defs.jobs import MODELS
    from pipelines.defs.transform import WHOLE, changed_models

    last_steps, job = dg.AssetSelection.groups("publication"), loaded.resolve_job_def("build")
    with open_workspace(home) as work:
        unchanged = not whole and is_current(work)
        if unchanged and is_published(work):
            return []
        models = None if whole else changed_models(work)
    graph = loaded.resolve_asset_graph()
    steps = len(last_steps.resolve(graph)) + (not unchanged)
    heard = _Steps(say, "construction et publication", steps, BUILD_STEPS)

    def failed(selection: dg.AssetSelection | None) -> list[Failed]:
        keys = selection.resolve(graph) if selection else None
        return _failures(_execute(job, instance, heard, selection=keys, tags={WHOLE: "true"} if whole else {}))

    if before_publishing is None:
        return failed(last_steps if unchanged else models and models | last_steps)
    if not unchanged and (broken := failed(models or MODELS)):
        return broken
    before_publishing()
    return failed(last_steps)


@dataclass
class _Steps:
    """Reports each step as it begins: how many of how many, and which."""

    say: Callable[[str], None]
    what: str
    total: int
    names: Mapping[str, str]  # Dagster's → ours
    begun: int = 0

    def __call__(self, entry: "dg.EventLogEntry") -> None:
        """Receive an event of the run."""
        event = entry.dagster_event
        if event and event.is_step_start:
            self.begun += 1
            self.say(f"{self.what} {self.begun}/{self.total} : {self.names.get(event.step_key, event.step_key)}")


def spans(exercices: Collection[int]) -> list[tuple[int, int]]:
    """``[2018, 2019, 2021]`` → ``[(2018, 2019), (2021, 2021)]``: one Dagster run for each span."""
    result: list[tuple[int, int]] = []
    for year in sorted(set(exercices)):
        if result and result[-1][1] == year - 1:
            result[-1] = (result[-1][0], year)
        else:
            result.append((year, year))
    return result


def _execute(
    job: "dg.JobDefinition",
    instance: "dg.DagsterInstance",
    heard: "Callable[[dg.EventLogEntry], None]",
    *,
    selection=None,
    span=None,
    tags: Mapping[str, str] | None = None,
) -> "list[dg.DagsterEvent]":
    """Run a job; return what happened, also passed to ``heard`` as it happens."""
    import dagster as dg

    run_id = str(uuid.uuid4())
    instance.add_event_listener(run_id, heard)

    tags = dict(tags or {})
    if span:
        first, last = map(str, span)
        tags |= {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
    try:
        result = job.execute_in_process(
            instance=instance,
            run_id=run_id,
            raise_on_error=False,
            tags=tags,
            asset_selection=sorted(selection) if selection else None,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    except dg.DagsterExecutionInterruptedError:
        raise KeyboardInterrupt from None
    return result.all_events


def _failures(events: "list[dg.DagsterEvent]") -> list[Failed]:
    """The steps that failed, or the run itself."""
    failed = []
    for event in (one for one in events if one.is_step_failure):
        data = event.step_failure_data
        said = data.user_failure_data
        if said and "ending" in said.metadata:
            failed.append(Failed(Ending(said.metadata["ending"].value), said.description))
        else:
            cause = data.error.cause or data.error if data.error else None
            message = (cause.message if cause else event.message or "").strip().splitlines()[0]
            failed.append(Failed(Ending.BROKEN, message))
    if not failed and any(event.is_run_failure for event in events):
        return [Failed(Ending.BROKEN, "l’exécution a échoué")]
    return failed
