"""Runs the campaign from the command line: prints what was removed, what was noticed, and each wrong figure that does not say so.

    python -m tests.absences [--seed N] [--sample N] [--kind K] [--home COLLECTED]

Without ``--home``, the demonstration is made and collected first. Exit code 1 when there is a violation.
"""

import argparse
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.absences.campaign import Campaign, Result


def main() -> int:
    """Run a campaign and tell it."""
    asked = argparse.ArgumentParser(prog="python -m tests.absences", description=__doc__.splitlines()[0])
    asked.add_argument("--seed", type=int, default=2020)
    asked.add_argument("--sample", type=int, help="how many removals; all of them when it is left out")
    asked.add_argument(
        "--kind", action="append", help="fichier, document, feuille, mois, semestre, ligne, cellule; repeatable"
    )
    asked.add_argument("--home", type=Path, help="a demonstration that was run, its key beside it")
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="absences-", dir=options.home and options.home.parent) as folder:
        home = options.home or _demonstration(Path(folder) / "home")
        os.environ.setdefault("MILLESIME_KEY_FILE", str(home.parent / "key"))
        campaign = Campaign(home.resolve(), Path(folder) / "rebuilt", options.seed)
        chosen = campaign.sample(options.sample) if options.sample else campaign.removals
        chosen = [one for one in chosen if not options.kind or one.kind in options.kind]
        result = campaign.run(chosen, lambda line: print(line, file=sys.stderr, flush=True))
    tell(result, options.seed)
    return 1 if result.violations else 0


def tell(result: Result, seed: int) -> None:
    """Print what a campaign came to, by kind of removal."""
    print(f"seed {seed}, {result.builds} builds, {result.seconds / max(1, result.builds):.1f} s of processor a build")
    lists = {
        name: Counter(r.kind for r in getattr(result, name))
        for name in ("removed", "seen", "unchanged", "undetectable")
    }
    print(f"{'':12}" + "".join(f"{name:>14}" for name in lists))
    for kind in [*sorted(lists["removed"]), "total"]:
        numbers = [number.total() if kind == "total" else number[kind] for number in lists.values()]
        print(f"{kind:12}" + "".join(f"{number:>14}" for number in numbers))
    for one in result.unchanged:
        print(f"unchanged: {one}")
    for violation in result.violations:
        print(f"violation: {violation}")
    print(f"{len(result.violations)} violations")


def _demonstration(home: Path) -> Path:
    from tests.end_to_end.conftest import millesime

    done = millesime(home, "demo", str(home))
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return home


if __name__ == "__main__":
    sys.exit(main())
