"""The demonstration's social declarations, read here line by line and compared with the pipeline's results."""

import datetime as dt
from collections import defaultdict
from decimal import Decimal
from itertools import pairwise

import pytest

from demo.dsn import (
    MOIS_REMPLACE,
    Contrat,
    Declaration,
    Regularisation,
    Salarie,
    fichier,
    livraisons,
    nir_invente,
)
from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.source_grammar import Table
from pipelines.settings import Home
from pipelines.stages.ingest.delivery import ingest
from pipelines.stages.validate.judge import judge
from pipelines.stages.validate.suite import Suite, compile_suite
from tests.deliveries import KEY

ANNEE = 2022
TEMPS_PLEIN = {mois: Decimal("151.67") for mois in range(1, 13)}


def agent(rang: int, *contrats: Contrat) -> Salarie:
    naissance = dt.date(1960 + rang, 5, 17)
    return Salarie(
        f"M{rang:04d}", nir_invente("02", naissance, rang), f"D'ESSAI {rang}", "Zoé", "02", naissance, contrats
    )


SALARIES = [
    agent(
        1,
        Contrat(
            "00001",
            dt.date(2010, 1, 1),
            "50",
            "01",
            "ADJOINT D'ANIMATION",
            TEMPS_PLEIN,
            (Regularisation(4, dt.date(ANNEE, 3, 1), Decimal("-7")),),
        ),
    ),
    agent(
        2,
        Contrat(
            "00001",
            dt.date(2021, 5, 1),
            "10",
            "02",
            "AGENT D'ACCUEIL",
            {mois: Decimal("70") for mois in range(1, 7)},
            # paid after the contract has ended
            (Regularisation(8, dt.date(ANNEE, 6, 1), Decimal("2.5")),),
            fin=dt.date(ANNEE, 6, 15),
            motif_fin="031",
        ),
        Contrat(
            "00002", dt.date(ANNEE, 7, 1), "09", "02", "TECHNICIEN", {mois: Decimal("60") for mois in range(7, 13)}
        ),
    ),
    agent(3, Contrat("MANDAT", dt.date(2020, 7, 23), "81", "99", "MEMBRE DU COMITE")),
]
FICHIERS = {livraison.chemin.split("/")[-1]: livraison.contenu for livraison in livraisons(ANNEE, SALARIES)}


def rubriques(content: bytes) -> list[tuple[str, str]]:
    """(rubrique, value) of every line."""
    pairs = (line.split(",", 1) for line in content.decode("iso-8859-1").removesuffix("\r\n").split("\r\n"))
    return [(rubrique, value.removeprefix("'").removesuffix("'")) for rubrique, value in pairs]


def values(content: bytes, rubrique: str) -> list[str]:
    return [value for name, value in rubriques(content) if name == rubrique]


def paid_hours(content: bytes) -> dict[tuple[str, str], Decimal]:
    """(matricule, first day of the period) → hours of paid work."""
    found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    matricule = period = kind = ""
    for rubrique, value in rubriques(content):
        if rubrique == "S21.G00.30.019":
            matricule = value
        elif rubrique == "S21.G00.51.001":
            period = value
        elif rubrique == "S21.G00.53.001":
            kind = value
        elif rubrique == "S21.G00.53.002" and kind == "01":
            found[matricule, period] += Decimal(value)
    return dict(found)


def test_the_year_has_its_months_and_what_happened_to_three_of_them() -> None:
    extra = ["02_essai", "05_annule_remplace", "09_annule", "09_erreur"]
    assert sorted(FICHIERS) == sorted(f"dsn_2022_{name}.dsn" for name in [f"{m:02d}" for m in range(1, 13)] + extra)
    assert [name for name, content in FICHIERS.items() if values(content, "S10.G00.00.005") == ["01"]] == [
        "dsn_2022_02_essai.dsn"
    ]


def test_made_again_the_files_are_the_same() -> None:
    assert {f.chemin.split("/")[-1]: f.contenu for f in livraisons(ANNEE, SALARIES)} == FICHIERS


@pytest.mark.parametrize("name", FICHIERS)
def test_a_file_announces_what_it_holds_in_the_order_of_the_norm(name: str) -> None:
    content = FICHIERS[name]
    assert values(content, "S90.G00.90.001") == [str(content.count(b"\r\n"))]
    assert values(content, "S90.G00.90.002") == [str(content.count(b"S20.G00.05.001,"))]
    blocks = [rubrique.rsplit(".", 1) for rubrique, _ in rubriques(content)]
    for (block, number), (following, next_number) in pairwise(blocks):
        assert block != following or next_number > number or next_number == "001"
    assert all(value for _, value in rubriques(content))


def test_a_replaced_month_lacked_somebody_and_a_cancelled_one_paid_twice() -> None:
    first, second = (FICHIERS[f"dsn_2022_{name}.dsn"] for name in ("05", "05_annule_remplace"))
    assert [values(content, "S20.G00.05.002") for content in (first, second)] == [["01"], ["03"]]
    assert set(values(second, "S21.G00.30.019")) - set(values(first, "S21.G00.30.019")) == {"M0003"}
    wrong, cancelled, right = (FICHIERS[f"dsn_2022_{name}.dsn"] for name in ("09_erreur", "09_annule", "09"))
    assert [values(content, "S20.G00.05.002") for content in (wrong, cancelled, right)] == [["01"], ["04"], ["01"]]
    assert paid_hours(wrong) == {key: 2 * hours for key, hours in paid_hours(right).items()}
    assert paid_hours(cancelled) == {}
    for earlier, later in ((first, second), (wrong, cancelled)):
        number, day = values(earlier, "S20.G00.05.004")[0], values(earlier, "S20.G00.05.007")[0]
        assert values(later, "S20.G00.05.006") == [day + number]
        assert int(values(later, "S20.G00.05.004")[0]) > int(number)


def test_hours_are_declared_under_the_month_that_pays_them_with_the_period_they_belong_to() -> None:
    assert paid_hours(FICHIERS["dsn_2022_04.dsn"]) == {
        ("M0001", "01042022"): Decimal("151.67"),
        ("M0001", "01032022"): Decimal("-7.00"),
        ("M0002", "01042022"): Decimal("70.00"),
    }
    kept = [
        content
        for name, content in FICHIERS.items()
        if name.count("_") == 2 and name != f"dsn_2022_{MOIS_REMPLACE:02d}.dsn"
    ]
    kept.append(FICHIERS[f"dsn_2022_{MOIS_REMPLACE:02d}_annule_remplace.dsn"])
    total = sum(sum(paid_hours(content).values()) for content in kept)
    assert total == 12 * Decimal("151.67") - 7 + 6 * 70 + Decimal("2.5") + 6 * 60


def test_a_contract_is_declared_while_it_runs_and_when_it_is_still_paid() -> None:
    months = {f"{mois:02d}": values(FICHIERS[f"dsn_2022_{mois:02d}.dsn"], "S21.G00.40.006") for mois in range(1, 13)}
    declared = [int(mois) for mois, jobs in months.items() if "AGENT D'ACCUEIL" in jobs]
    assert declared == [1, 2, 3, 4, 5, 6, 8]
    ends = [name for name, content in FICHIERS.items() if values(content, "S21.G00.62.001")]
    assert ends == ["dsn_2022_06.dsn"]
    assert values(FICHIERS["dsn_2022_06.dsn"], "S21.G00.51.002").count("15062022") == 2  # the period stops with it


def test_an_invented_nir_is_well_formed_and_nobodys() -> None:
    number = nir_invente("01", dt.date(1964, 11, 3), 21)
    assert number[:13] == "1641199999021"
    assert (int(number[:13]) + int(number[13:])) % 97 == 0
    assert len(number) == 15


def test_a_sign_that_the_norm_cannot_write_is_an_error() -> None:
    (mandat,) = SALARIES[2].contrats
    with pytest.raises(UnicodeEncodeError):
        fichier([(Declaration(dt.date(ANNEE, 1, 1)), [agent(4, Contrat("00001", mandat.debut, "50", "01", "CŒUR"))])])


def suite_of(table: Table) -> Suite:
    return compile_suite("dsn", table, load_catalogue().suites_of("dsn", table), exercice=ANNEE)


def test_the_pipeline_accepts_them_and_only_remarks_on_the_test(tmp_path) -> None:
    ref = load_catalogue().registry.export_of("dsn/declarations")
    paths = []
    for name, content in FICHIERS.items():
        paths.append(tmp_path / name)
        paths[-1].write_bytes(content)
    home = Home(tmp_path / "home")
    tables = ingest(home, ref, ANNEE, paths, KEY).tables
    assert (tables["declarations"].acceptees, tables["declarations"].refusees) == (len(FICHIERS), 0)
    failed = [
        (table.name, result.key)
        for table in ref.export.tables
        for result in judge(home.lake / tables[table.name].parquet, suite_of(table))
        if not result.success
    ]
    assert failed == [("declarations", "fichier_d_essai")]


@pytest.mark.parametrize(
    ("dropped", "expected"),
    [
        ("dsn_2022_07.dsn", {"douze_mois", "mois_saute"}),
        ("dsn_2022_12.dsn", {"douze_mois"}),
        ("dsn_2022_09.dsn", {"annulation_sans_nouvel_envoi"}),
    ],
)
def test_a_missing_month_is_reported(tmp_path, dropped: str, expected: set[str]) -> None:
    ref = load_catalogue().registry.export_of("dsn/declarations")
    declarations = ref.export.tables[0]
    paths = [tmp_path / name for name in FICHIERS if name != dropped]
    for path in paths:
        path.write_bytes(FICHIERS[path.name])
    home = Home(tmp_path / "home")
    parquet = home.lake / ingest(home, ref, ANNEE, paths, KEY).tables["declarations"].parquet
    results = judge(parquet, suite_of(declarations))
    assert {result.key for result in results if not result.success} == expected | {"fichier_d_essai"}
    named = {result.key: result.observed for result in results}["douze_mois"]
    assert named == {"07": "absent : juillet 2022", "12": "absent : décembre 2022"}.get(dropped[9:11])
