"""Runs the campaign from the command line: prints what was removed, what was noticed, and each wrong figure that does not say so.

    python -m tests.absences [--seed N] [--sample N] [--kind K] [--of NAME | --home COLLECTED] [--write docs/evidence.md]

Without ``--home``, the three homes are made and run first: the demonstration, an invented one, one of real budgets; then what
is printed of a demonstration with gaps is read. Exit code 1 when there is a violation.
"""

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.absences.campaign import Campaign, Result
from tests.absences.evidence import write_results
from tests.absences.invented import make_home as make_invented
from tests.absences.removals import KINDS
from tests.absences.renderings import rounds, unmarked, with_gaps
from tests.end_to_end.conftest import millesime
from tests.end_to_end.real_budgets import make_home as make_budgets

HOMES: dict[str, Callable[[Path, int], None]] = {
    "demonstration": lambda home, _: None,  # which its command makes and runs
    "invented": make_invented,
    "budgets": lambda home, _: make_budgets(home),
}


def main() -> int:
    """Run a campaign and tell it."""
    asked = argparse.ArgumentParser(prog="python -m tests.absences", description=__doc__.splitlines()[0])
    asked.add_argument("--seed", type=int, default=2020)
    asked.add_argument("--sample", type=int, help="how many removals; all of them when it is left out")
    asked.add_argument("--kind", action="append", help=f"{', '.join(KINDS)}; repeatable")
    asked.add_argument("--of", action="append", choices=[*HOMES, "renderings"], help="repeatable; all when left out")
    asked.add_argument("--home", type=Path, help="a home that was run, its key beside it, instead of those")
    asked.add_argument("--write", type=Path, help="the page whose results are replaced by these")
    options = asked.parse_args()
    results: dict[str, Result] = {}
    with tempfile.TemporaryDirectory(prefix="absences-", dir=options.home and options.home.parent) as folder:
        homes = {"home": options.home.resolve()} if options.home else {}
        for name in [] if options.home else options.of or [*HOMES, "renderings"]:
            homes[name] = Path(folder) / name / "home"
        if "renderings" in homes:  # of the demonstration
            homes["renderings"] = Path(folder) / "demonstration" / "home"
        for name, home in homes.items():
            if name != "home" and not home.exists():
                _made("demonstration" if name == "renderings" else name, home, options.seed)
            os.environ["MILLESIME_KEY_FILE"] = str(home.parent / "key")
            if name == "renderings":
                results[name] = _printed(home, Path(folder), options.seed)
            else:
                results[name] = _tried(home, Path(folder) / "rebuilt" / name, options)
            tell(name, results[name], options.seed)
    if options.write:
        write_results(options.write, results, options.seed)
    return 1 if any(result.violations for result in results.values()) else 0


def _tried(home: Path, root: Path, options: argparse.Namespace) -> Result:
    campaign = Campaign(home, root, options.seed)
    chosen = campaign.sample(options.sample) if options.sample else campaign.removals
    chosen = [one for one in chosen if not options.kind or one.kind in options.kind]
    return campaign.run(chosen, lambda line: print(line, file=sys.stderr, flush=True))


def _printed(demonstration: Path, folder: Path, seed: int) -> Result:
    """What is printed of demonstrations that lack one thing of each kind."""
    result = Result()
    for rank, chosen in enumerate(rounds(demonstration, seed)):
        home = folder / f"lacking-{rank}" / "home"
        with_gaps(demonstration, home, chosen)
        result.builds += 1
        result.removed += chosen
        result.violations += unmarked(home, 2020)
    return result


def tell(name: str, result: Result, seed: int) -> None:
    """Print what a campaign came to, by kind of removal."""
    print(
        f"{name}: seed {seed}, {result.builds} builds, {result.seconds / max(1, result.builds):.1f} s of processor a build"
    )
    lists = {
        name: Counter(r.kind for r in getattr(result, name))
        for name in ("removed", "seen", "unchanged", "undetectable")
    }
    print(f"{'':12}" + "".join(f"{name:>14}" for name in lists))
    for kind in [*sorted(lists["removed"]), ""]:
        numbers = [number[kind] if kind else number.total() for number in lists.values()]
        print(f"{kind or 'in all':12}" + "".join(f"{number:>14}" for number in numbers))
    for one in result.unchanged:
        print(f"unchanged: {one}")
    for violation in result.violations:
        print(f"violation: {violation}")
    print(f"{len(result.violations)} violations", flush=True)


def _made(name: str, home: Path, seed: int) -> None:
    home.parent.mkdir(parents=True, exist_ok=True)
    (home.parent / "key").write_bytes(b"k" * 32)
    if name == "demonstration":
        (home.parent / "key").unlink()
        done = millesime(home, "demo", str(home))
    else:
        HOMES[name](home, seed)
        done = millesime(home, "run", *sorted(path.name for path in (home / "landing").iterdir()), "--full")
    if done.returncode not in (0, 3):
        raise SystemExit(done.stdout + done.stderr)


if __name__ == "__main__":
    sys.exit(main())
