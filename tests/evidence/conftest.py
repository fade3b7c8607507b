"""The small home of the command line's tests, and a small year whose rows are written by hand."""

from pathlib import Path

import duckdb
import pytest

from pipelines.evidence.traced_rows import Version
from tests.cli.conftest import (  # noqa: F401
    AGENTS_2019,
    VENTES_2019,
    Bench,
    bench,
    check,
    declared,
    filled,
    make_bench,
)


def lay(version_folder: Path, manifest: str) -> None:
    """The rows that a release of the year would keep: sales (the third one a double of the first), agents, three figures."""
    place = version_folder / "lignes"
    for schema in ("intermediate", "marts"):
        (place / schema).mkdir(parents=True)
    (version_folder / "rapport").mkdir()
    ventes = "(values ('a', 2, 10.5, 1, 'compté', null), ('b', 3, 4, 1, 'compté', null), ('b', 4, 10.5, 0, 'doublon', 'a.csv:2'))"
    lines = (
        f"select 2019 as exercice, {manifest!r} as _livraison, 'ventes_2019.csv' as _fichier, null::varchar as _feuille"
    )
    with duckdb.connect() as db:
        for target, query in {
            "lignes/intermediate/int_fct_factures": f"{lines}, nature, _ligne::bigint as _ligne, montant::decimal(18, 2) as montant_eur, "
            f"poids, motif, double_de from {ventes} as t(nature, _ligne, montant, poids, motif, double_de)",
            "lignes/marts/fct_factures": "from (values (2019, 'a', 10.5::decimal(18, 2)), (2019, 'b', 4)) "
            "as t(exercice, nature, montant_eur)",
            "lignes/intermediate/int_fct_effectifs": f"{lines}, n::bigint as _ligne, 1 as poids, 'compté' as motif "
            "from (values (7), (8), (9)) as t(n)",
            "lignes/marts/fct_effectifs": "select 2019 as exercice from range(3)",
            "lignes/intermediate/int_communs__absences": f"{lines}, 1::bigint as _ligne, 'x' as code, 'x' as motif where false",
            "lignes/intermediate/int_communs__chiffres_publies": f"{lines}, 1::bigint as _ligne, 'x' as code, "
            "1 as valeur_publiee where false",
            "rapport/chiffres": "select 2019 as exercice, code, valeur::decimal(20, 6) as valeur, 2 as decimales, 'EUR' as unite, "
            "'calculé' as statut, null as code_manquant, 'complet' as etat, code as libelle, 'F' as formule from (values "
            "('essai.ventes.total', 14.5), ('essai.agents.nombre', 3), ('essai.ventes.par_agent', 4.83)) as t(code, valeur)",
        }.items():
            db.execute(f"copy ({query}) to '{version_folder / target}.parquet' (format parquet)")


@pytest.fixture
def year(bench: Bench, declared, tmp_path):  # noqa: F811
    """The bench with both exports of 2019, and the version that its rows make."""
    bench.drop("2019/ventes/ventes_2019.csv", VENTES_2019)
    bench.drop("2019/personnel/agents_2019.csv", AGENTS_2019, "cp1252")
    manifests = [bench.receive("ventes/ventes", 2019, check("ok", True)), bench.receive("personnel/agents", 2019)]
    folder = tmp_path / "2019-v1"
    lay(folder, manifests[0].delivery)
    return bench, Version("version 2019-v1", folder, bench.catalogue, {one.delivery: one for one in manifests}, 2019)
