"""Who vouches for a release: three names, and a review by somebody else."""

import pytest

from pipelines.ledger.store import open_ledger
from pipelines.settings import Home
from pipelines.stages.publish.release import CannotRelease, Inputs, Visas, write_release


@pytest.mark.parametrize(
    ("prepared", "reviewed", "approved", "said"),
    [
        ("A. Nom", "A. Nom", "C", "une autre personne"),
        ("A. Nom", " a.  NOM ", "C", "une autre personne"),
        ("", "B", "C", "sans nom"),
        ("A", " ", "C", "sans nom"),
        ("A", "B", "\t", "sans nom"),
    ],
)
def test_a_visa_is_a_name_and_the_review_is_somebody_elses(tmp_path, prepared, reviewed, approved, said) -> None:
    home = Home(tmp_path)
    with open_ledger(home) as ledger, pytest.raises(CannotRelease, match=said):
        write_release(home, ledger, 2020, Inputs("b", "e", "c", []), Visas(prepared, reviewed, approved), None)
    assert not home.releases.exists()
