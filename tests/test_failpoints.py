"""The named steps at which a test can kill the process."""

from pipelines.failpoints import STEPS
from pipelines.settings import PROJECT_ROOT


def test_every_failpoint_is_reached_by_the_code():
    from pipelines import failpoints

    text = "".join(
        path.read_text(encoding="utf-8")
        for path in (PROJECT_ROOT / "pipelines").rglob("*.py")
        if path != failpoints.__file__
    )
    assert [step for step in STEPS if f'reached("{step}")' not in text] == []
    assert text.count('reached("') - text.count('reached("purge.') == len(STEPS)  # a purge has its own
