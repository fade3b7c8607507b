"""Tests of an unavailable service are skipped, or fail where that service is required."""

import pytest

from tests import services


@pytest.mark.parametrize(("required", "outcome"), [("", pytest.skip.Exception), ("1", pytest.fail.Exception)])
def test_missing_server_skips_or_fails(monkeypatch, tmp_path, required, outcome) -> None:
    monkeypatch.setenv("MILLESIME_REQUIRE_SERVICES", required)
    monkeypatch.setattr(services, "PATHS", str(tmp_path))
    with pytest.raises(outcome, match="mariadbd is not installed"), services.mariadb():
        pass
