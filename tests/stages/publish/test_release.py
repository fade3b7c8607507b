"""Who vouches for a release: three names, and a review by somebody else."""

import pytest

from pipelines.ledger.store import open_ledger
from pipelines.stages.publish.release import CannotRelease, Visas, write_release
from tests.deliveries import Depot
from tests.stages.transform.conftest import Lab


@pytest.mark.parametrize(
    ("prepared", "reviewed", "approved", "said"),
    [
        ("A. Nom", "A. Nom", "C", "another person"),
        ("A. Nom", " a.  NOM ", "C", "another person"),
        ("", "B", "C", "without a name"),
        ("A", " ", "C", "without a name"),
        ("A", "B", "\t", "without a name"),
    ],
)
def test_a_visa_is_a_name_and_the_review_is_somebody_elses(depot: Depot, prepared, reviewed, approved, said) -> None:
    lab = Lab(depot)
    with open_ledger(lab.home) as ledger, pytest.raises(CannotRelease, match=said):
        write_release(lab.work(ledger), 2020, {}, Visas(prepared, reviewed, approved), None)
    assert not lab.home.releases.exists()
