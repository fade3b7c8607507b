"""Twenty organisations over five exercices, then the chapter « Se comparer » of one of them.

The twenty are copies of the demonstration's public profile with other names and sizes, written by the code that writes every
public profile: twenty runs of the pipeline would take an hour and prove nothing more about the consolidation.
"""

import shutil
from decimal import Decimal
from pathlib import Path
from statistics import quantiles

import duckdb
import pytest

from tests.end_to_end.conftest import copied, millesime
from tests.stages.publish.consolidation.peers import vary

ORGANISATIONS, EXERCICES = 20, [2017, 2018, 2019, 2020, 2021]
OWN = "259400117"  # the demonstration's SIREN

pytestmark = pytest.mark.campaign


@pytest.fixture(scope="module")
def peers(demonstration: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    place, source = tmp_path_factory.mktemp("pairs"), (demonstration / "published" / "public").resolve()
    return [
        vary(
            source, place / f"h{n:02}", f"{100000000 + n}", Decimal(n + 1) / 8, 1 + Decimal(n * 7 % 11) / 20, EXERCICES
        )
        for n in range(ORGANISATIONS)
    ]


@pytest.fixture(scope="module")
def together(demonstration: Path, peers: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("ensemble") / "consolidation"
    done = millesime(demonstration, "consolidate", str(demonstration), *map(str, peers), "--into", str(target))
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert f"Organisations : {ORGANISATIONS + 1} ; exercices : 2017, 2018, 2019, 2020 et 2021." in done.stdout
    return target


def test_every_value_is_one_that_its_organisation_publishes(together: Path, peers: list[Path], demonstration: Path):
    publics = {f"{100000000 + n}": home / "published" / "public" for n, home in enumerate(peers)}
    publics[OWN] = demonstration / "published" / "public"
    files = [path for path in together.rglob("*.parquet") if path.parent.name != "comparaison"]
    assert len(files) > 50
    with duckdb.connect() as db:
        for file in files:
            db.execute(
                f"create or replace temp view kept as select siren_organisation, * exclude siren_organisation from '{file}'"
            )
            theirs = [
                f"select '{siren}', * from '{public / file.relative_to(together)}'" for siren, public in publics.items()
            ]
            db.execute(f"create or replace temp view theirs as {' union all '.join(theirs)}")
            differing = db.execute(
                "(from kept except all from theirs) union all (from theirs except all from kept)"
            ).fetchall()
            assert {row[0] for row in differing} == set(), file.name


def test_quartiles_are_those_of_the_ratios_and_hidden_figures_are_in_none(together: Path):
    with duckdb.connect(str(together / "consolidation.duckdb"), read_only=True) as db:
        rows = db.execute(
            "select exercice, code_ratio, code_classe, list(valeur order by valeur), any_value(decimales) "
            "from comparaison.fct_ratios join comparaison.fct_classes using (siren_organisation, exercice) "
            "join comparaison.dim_ratio using (code_ratio) where valeur is not null group by all order by all"
        ).fetchall()
        got = {row[:3]: row[3:] for row in db.execute("from comparaison.fct_quartiles").fetchall()}
        (hidden,) = db.execute(
            "select count(*) from comparaison.fct_ratios as r join comparaison.dim_ratio using (code_ratio) "
            "join rapport.chiffres as c on c.siren_organisation = r.siren_organisation and c.exercice = r.exercice "
            "and c.code = code_chiffre where c.code_manquant = 's' and r.valeur is not null"
        ).fetchone()
        (secret,) = db.execute("select count(*) from rapport.chiffres where code_manquant = 's'").fetchone()
    assert hidden == 0 < secret
    assert got.keys() == {row[:3] for row in rows} and len({row[2] for row in rows}) >= 4
    for *key, known, decimals in rows:
        count, *told = got[tuple(key)]
        assert count == len(known)
        if count < 4:
            assert told == [None, None, None], key
        else:
            expected = quantiles(map(float, known), n=4, method="inclusive")
            assert all(
                abs(float(one) - two) <= 0.5000001 * 10**-decimals for one, two in zip(told, expected, strict=True)
            ), key


@pytest.mark.long
def test_the_report_of_one_of_them_compares_it(together: Path, demonstration: Path, tmp_path: Path):
    home = copied(demonstration, tmp_path)
    before = (home / "published/report/2020/public/rapport_activite_2020.html").read_text(encoding="utf-8")
    assert "Se comparer" not in before
    declared = home / "organisation.yml"
    declared.write_text(
        declared.read_text(encoding="utf-8").replace("  - projets\n", "  - projets\n  - comparaison\n"),
        encoding="utf-8",
    )
    shutil.copytree(together / "depots" / OWN / "2020", home / "landing" / "2020" / "comparaison")
    done = millesime(home, "run", "2018", "2019", "2020", MILLESIME_QUIET="0")
    assert done.returncode in (0, 3), (done.stdout, done.stderr)  # nothing was consolidated for 2018
    for profile in ("interne", "public"):
        page = (home / f"published/report/2020/{profile}/rapport_activite_2020.html").read_text(encoding="utf-8")
        assert "Se comparer" in page and "de 100 000 à 299 999 habitants" in page and "Premier quartile" in page
    with duckdb.connect() as db:
        rows = db.execute(
            "select code_ratio, code_classe, valeur, mediane, nb_organisations "
            f"from '{home}/published/public/rapport/rpt_comparaison__ratios.parquet' order by all"
        ).fetchall()
        theirs = db.execute(
            f"select code_ratio, code_classe, valeur, mediane, nb_organisations from '{together}/comparaison/rpt_comparaison.parquet' "
            f"where siren_organisation = '{OWN}' and exercice = 2020 order by all"
        ).fetchall()
    assert rows == theirs and len(rows) == 20
