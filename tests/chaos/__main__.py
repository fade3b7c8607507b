"""``python -m tests.chaos --minutes 30 --seed 1 --phases correction,backup``: ``make chaos``."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.chaos.campaign import PHASES, Campaign


def main() -> int:
    """Run a campaign; return 1 when something was lost, mixed or different."""
    options = argparse.ArgumentParser(prog="make chaos", description="Kills at random moments, and what comes of them.")
    options.add_argument("--minutes", type=float, default=30)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--phases", default=",".join(PHASES), help="some of: %(default)s")
    asked = options.parse_args()
    phases = asked.phases.split(",")
    if unknown := set(phases) - set(PHASES):
        options.error(f"no such phase: {', '.join(sorted(unknown))} (there are {', '.join(PHASES)})")
    with tempfile.TemporaryDirectory(prefix="millesime-chaos-") as folder:
        campaign = Campaign(Path(folder), asked.seed, print)
        campaign.run(phases, asked.minutes * 60)
    print(campaign.figures())
    return int(bool(campaign.wrong))


if __name__ == "__main__":
    sys.exit(main())
