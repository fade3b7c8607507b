"""Two hundred hostile files of one seed each end with a sentence, in little time and memory."""

import resource
from pathlib import Path

import pytest

from pipelines.stages.ingest import child
from tests.stages.ingest.hostile import SEED, answer, hostile

GIGABYTE = 1 << 20  # in kilobytes, as the system counts them
SECONDS = 60  # of a busy machine: on a quiet one the slowest takes six


@pytest.mark.campaign
def test_every_file_is_answered(tmp_path: Path) -> None:
    count = 0
    for one in hostile(tmp_path, SEED):
        said, seconds = answer(one, tmp_path)  # which proves the balance of what is read
        assert seconds < SECONDS, (one.what, one.base.format)
        if one.too_large is not None:
            assert (said == "FIC-TAILLE") == one.too_large, (one.what, one.base.format, said)
        count += 1
    assert count > 200
    forks, connection = child._parent()
    connection.close()
    forks.wait()  # its children count only once it has ended
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < GIGABYTE
