"""A home with one small figure and one refused line."""

import pytest

from tests.deliveries import Depot
from tests.runs.collect.killing import FORMER
from tests.stages.publish.small import FIGURE
from tests.stages.transform.conftest import Lab


@pytest.fixture
def lab(depot: Depot):
    lab = Lab(depot)

    def receive() -> None:
        depot.layer.write("catalogue/figures/essai.yml", FIGURE)
        lab.accept(FORMER.format(year=2020) + "A3;z;oups;\n", 2020)

    depot.after("received", receive)
    return lab
