"""``millesime superset``: where the dashboards are written, what is printed, and the refusal of an invalid address."""

import shutil
import zipfile

import pytest
from click.testing import CliRunner, Result

from pipelines.cli.app import millesime
from pipelines.disk import sha256_of
from pipelines.ledger.closing import closed
from pipelines.ledger.store import open_ledger
from tests.deliveries import Depot
from tests.stages.publish.publication import keyed, publish_small
from tests.stages.transform.conftest import Lab


@pytest.fixture
def lab(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> Lab:
    lab = keyed(Lab(depot))
    monkeypatch.setenv("MILLESIME_SHIPPED", str(depot.layer.root))
    publish_small(lab, more="create table rapport.rpt_x (exercice integer, n integer);")
    return lab


def run(lab: Lab, *arguments: str) -> Result:
    return CliRunner().invoke(millesime, ["--home", str(lab.home.root), "superset", *arguments], prog_name="millesime")


def test_the_dashboards_lie_in_the_exports(lab: Lab):
    done = run(lab)
    assert done.exit_code == 0, (done.output, done.exception)
    file = lab.home.exports / "superset/interne/superset_interne.zip"
    assert zipfile.ZipFile(file).testzip() is None
    first, counts, *titles = done.stdout.splitlines()
    assert first.endswith("superset_interne.zip")
    assert counts == "Tableaux de bord : 1 ; graphiques : 2 ; jeux de données : 5."
    assert [title.strip() for title in titles] == ["SE : Les autres tables, la collecte et les contrôles"]
    with open_ledger(lab.home) as ledger:  # else `millesime verify` would take it for somebody else's
        assert closed(lab.home, ledger, file.parent) == {file.name: sha256_of(file)}


def test_they_go_where_they_are_asked_to(lab: Lab, tmp_path):
    file = tmp_path / "a" / "b.zip"
    done = run(lab, "--to", str(file), "--uri", "postgresql://bi:secret@serveur/bi", "--prefix", "m_")
    assert done.exit_code == 0, done.output
    with zipfile.ZipFile(file) as archive:
        texts = [archive.read(name).decode() for name in archive.namelist()]
    assert not any("secret@" in text for text in texts) and any("schema: m_rapport" in text for text in texts)


@pytest.mark.parametrize(
    ("arguments", "said"), [(("--uri", "rien"), "SQLAlchemy"), (("--profile", "public"), "profil public")]
)
def test_what_cannot_be_written_is_one_sentence(lab: Lab, arguments: tuple[str, ...], said: str):
    shutil.rmtree(lab.home.published / "public")
    done = run(lab, *arguments)
    assert done.exit_code == 1 and said in done.output and not lab.home.exports.exists()
