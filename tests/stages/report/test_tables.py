"""What a report may show of the tables of a publication."""

from pathlib import Path

import duckdb
import pytest

from pipelines.publication import INTERNE
from pipelines.stages.report.tables import MissingTable, read_publication


def test_the_table_that_names_the_build_is_not_read_even_half_written(tmp_path: Path):
    folder = tmp_path / "a[b]" / "rapport"
    folder.mkdir(parents=True)
    duckdb.sql(f"copy (select 2020 as exercice, 1 as nombre) to '{folder}/agents.parquet'")
    (folder / "fraicheur.parquet").write_bytes(b"PAR1 and nothing more")
    with read_publication(folder.parent, 2020, INTERNE) as publication:
        assert publication.tables == {"agents": ["exercice", "nombre"]}
        with pytest.raises(MissingTable):
            publication.columns("fraicheur")
