"""The small home of the command line's tests."""

from tests.cli.conftest import bench, declared, filled, make_bench  # noqa: F401
from tests.stages.report.conftest import press  # noqa: F401
