"""A short campaign of kills, for commands that take seconds; ``make chaos`` also kills whole runs."""

from pathlib import Path

import pytest

from tests.chaos.campaign import PHASES, Campaign

SECONDS = 45
QUICK = ["purge", "backup", "restore"]


@pytest.mark.campaign
def test_nothing_is_lost_or_mixed_and_who_calls_again_finds_the_same(tmp_path: Path, monkeypatch):
    for name in ("MILLESIME_KEY_FILE", "MILLESIME_QUIET"):  # restored after the campaign
        monkeypatch.setenv(name, "0")
    campaign = Campaign(tmp_path, 1, print)
    campaign.run(QUICK, SECONDS)
    assert campaign.wrong == []
    assert set(campaign.counts) == set(QUICK) < set(PHASES)
    assert any(count["killed"] for count in campaign.counts.values()), campaign.figures()
