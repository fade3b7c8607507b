"""What was sent, what counts of it and what is said to lack: a year a case, each with the titres that are received."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.controls import found
from tests.dbt.compiled import Compiled
from tests.stages.ingest import pes_writer
from tests.stages.ingest.pes_warehouse import transformed
from tests.stages.ingest.pes_writer import ligne, piece

AUTRE = "21560046100010"
REFUS = "ERREUR_AUTRE"

FOLDERS: dict[int, dict[str, bytes]] = defaultdict(dict)
EXPECTED: dict[int, tuple[str, int, str, list[str]]] = {}  # year → the case, what counts, its state, what is said


def case(year: int, name: str, counted: int, state: str, *said: str) -> None:
    """Of ``year``, what must be found in the receipts. The mandats of each year are whole."""
    EXPECTED[year] = (name, counted, state, sorted(said))
    FOLDERS[year]["mandats.xml"] = pes_writer.flux("MANDATS", [titres(year, 1, 10)])


def titres(year: int, number: int, *amounts: int, first: int | None = None, kind: str = "01", cumul: int | None = None,
           day: str = "05-02") -> str:  # fmt: skip
    """A bordereau of a piece an amount, numbered from ``first``."""
    start = number * 10 if first is None else first
    pieces = [piece(start + rank, ligne("7062", f"{amount}.00")) for rank, amount in enumerate(amounts)]
    return pes_writer.bordereau(
        number, *pieces, kind=kind, exer=year, day=day, cumul=None if cumul is None else f"{cumul}.00"
    )


def put(
    year: int, file: str, *bordereaux: str, name: str = "", day: str = "06-01", siret: str = pes_writer.SIRET
) -> None:
    """A flow of receipts under ``year``, by default named after its file."""
    FOLDERS[year][file] = pes_writer.flux(name or file, [], bordereaux, day=f"{year}-{day}", siret=siret)


def answer(
    year: int,
    file: str,
    name: str,
    *answers: tuple[int, int, int | None, str | None],
    of: int | None = None,
    day: str | None = None,
) -> None:
    """An answer to the flow ``name`` under ``year``, about bordereaux of the year ``of``, made on a ``day``."""
    content = pes_writer.acquit(name, *answers, day=day and f"{year}-{day}")
    FOLDERS[year][file] = content.replace(b'ExerciceBord V="2016"', f'ExerciceBord V="{of or year}"'.encode())


def make() -> None:
    """Write every case."""
    case(2001, "the flow of another body", 100, "complet", "PES-ORGANISME")
    put(2001, "r1", titres(2001, 1, 100))
    put(2001, "autre", titres(2001, 1, 9999), titres(2001, 2, 9999), siret=AUTRE)

    case(2002, "a flow that does not say whose it is counts, and is told", 300, "partiel", "PES-SIRET")
    put(2002, "r1", titres(2002, 1, 100), titres(2002, 2, 200), siret="")

    case(2003, "titres of two bordereaux with the same numbers", 6000, "complet")
    put(2003, "r1", titres(2003, 1, 1000, 1000, 1000, 1000, first=1))
    put(2003, "r2", titres(2003, 2, 500, 500, 500, 500, first=1))

    case(2004, "a second series whose running total does not begin at zero", 150, "partiel", "PES-CUMUL")
    put(2004, "r1", titres(2004, 1, 100, cumul=100), titres(2004, 100003, 50, cumul=90))

    case(2005, "two series, each with its running total", 150, "complet")
    put(2005, "r1", titres(2005, 1, 100, cumul=100), titres(2005, 100001, 50, cumul=50))

    case(2006, "only the end of a series came", 30, "partiel", "PES-CUMUL")
    put(2006, "r1", titres(2006, 1500, 10, cumul=90010), titres(2006, 1501, 20, cumul=90030))

    case(2007, "numbers that were never used: the running total goes on", 300, "complet")
    put(
        2007, "r1", titres(2007, 1, 100, cumul=100), titres(2007, 4, 100, cumul=200), titres(2007, 5000, 100, cumul=300)
    )

    case(2008, "a jump without a running total", 200, "partiel", "PES-TROU")
    put(2008, "r1", titres(2008, 1, 100), titres(2008, 2000, 100, day="05-03"))

    case(2009, "two series without a running total, issued on the same days", 200, "complet")
    put(2009, "r1", titres(2009, 1, 100), titres(2009, 2001, 100))

    case(2010, "a refusal that lies under another year", 100, "complet", "PES-REFUSE")
    put(2010, "r1", titres(2010, 1, 100))
    put(2010, "r2", titres(2010, 2, 200))
    answer(2011, "accuse", "r2", (6, 0, 2, REFUS), of=2010)

    case(
        2011,
        "refusals by another spelling of the name, one of the whole side",
        100,
        "complet",
        "PES-REFUSE",
        "PES-REFUSE",
    )
    put(2011, "r1", titres(2011, 1, 100))
    put(2011, "r2", titres(2011, 2, 200), name="Flux_2")
    put(2011, "r3", titres(2011, 3, 300), name="FLUX_3.XML")
    answer(2011, "accuse_2", "FLUX_2.xml", (6, 0, 2, REFUS))
    answer(2011, "accuse_3", "flux_3", (6, 0, None, REFUS))

    case(2012, "an accepted bordereau whose flow did not come", 100, "partiel", "PES-ACQUIT")
    put(2012, "r1", titres(2012, 1, 100))
    answer(2012, "accuse_1", "r1", (6, 1, 1, None), (4, 0, None, "ERREUR_DOUBLON_PJ"))
    answer(2012, "accuse_2", "r2", (6, 1, 2, None))
    answer(2012, "accuse_pj", "pieces jointes", (4, 1, None, None))

    case(2013, "a refused bordereau whose flow did not come, sent again", 100, "complet", "PES-ACQUIT")
    put(2013, "r1_corrige", titres(2013, 1, 100))
    answer(2013, "accuse", "r1", (6, 0, 1, REFUS))

    case(2014, "refused, corrected, accepted under one name and date", 7100, "partiel", "PES-HOMONYME")
    put(2014, "a", titres(2014, 1, 7000), name="R")
    put(2014, "b", titres(2014, 1, 7100), name="R")
    answer(2014, "accuse_a", "R", (6, 0, 1, REFUS))
    answer(2014, "accuse_b", "R", (6, 1, 1, None))

    case(2015, "the same, a day later, delivered under a name that comes first", 7100, "complet", "PES-DOUBLE")
    put(2015, "b", titres(2015, 1, 7000), name="R")
    put(2015, "a", titres(2015, 1, 7100), name="R", day="06-02")
    answer(2015, "accuse_a", "R", (6, 0, 1, REFUS))
    answer(2015, "accuse_b", "R", (6, 1, 1, None))

    case(2016, "refused, then corrected without an answer, under one name", 7100, "partiel", "PES-HOMONYME")
    put(2016, "a", titres(2016, 1, 7000), name="R")
    put(2016, "b", titres(2016, 1, 7100), name="R", day="06-02")
    answer(2016, "accuse", "R", (6, 0, 1, REFUS))

    case(2017, "annulations numbered with the others", 225, "complet")
    put(2017, "r1", titres(2017, 1, 100), titres(2017, 2, 100), titres(2017, 4, 50))
    put(2017, "r3", titres(2017, 3, 25, kind="02"))

    case(2018, "annulations with numbers of their own fill no hole", 230, "partiel", "PES-TROU")
    put(2018, "r1", titres(2018, 1, 100), titres(2018, 2, 100), titres(2018, 4, 50))
    put(2018, "r3", titres(2018, 1, 5, kind="02"), titres(2018, 2, 5, kind="02"), titres(2018, 3, 10, kind="02"))

    case(2019, "a first annulation, issued later, is no first bordereau", 190, "partiel", "PES-TROU")
    put(
        2019, "r2", titres(2019, 2, 100), titres(2019, 3, 100, day="05-03"), titres(2019, 1, 10, kind="02", day="09-01")
    )

    copies = titres(2020, 1, *[1] * 12)
    case(2020, "copies", 12, "complet", "PES-DOUBLE", "PES-DOUBLE")
    for file in ("r1", "copie", "autre_copie"):
        put(2020, file, copies, name="R")

    case(2021, "half of what counted the year before, less than half of what came", 6, "complet")
    put(2021, "r1", titres(2021, 1, *[1] * 6))

    case(2022, "as many again", 12, "complet")
    put(2022, "r1", titres(2022, 1, *[1] * 12))

    case(2023, "less than half", 5, "partiel", "PES-VOLUME")
    put(2023, "r1", titres(2023, 1, *[1] * 5))

    case(2024, "refused, then corrected without an answer, and the refusal is dated", 7100, "complet", "PES-REFUSE")
    put(2024, "a", titres(2024, 1, 7000), name="R")
    put(2024, "b", titres(2024, 1, 7100), name="R", day="06-05")
    answer(2024, "accuse", "R", (6, 0, 1, REFUS), day="06-02")

    case(2025, "accepted, then sent again and refused, which only dates tell", 7000, "complet", "PES-REFUSE")
    put(2025, "a", titres(2025, 1, 7000), name="R")
    put(2025, "b", titres(2025, 1, 7100), name="R", day="06-05")
    answer(2025, "accuse_a", "R", (6, 1, 1, None), day="06-02")
    answer(2025, "accuse_b", "R", (6, 0, 1, REFUS), day="06-06")

    case(2026, "refused, corrected, accepted, each on its day", 7100, "complet", "PES-DOUBLE")
    put(2026, "a", titres(2026, 1, 7000), name="R")
    put(2026, "b", titres(2026, 1, 7100), name="R", day="06-05")
    answer(2026, "accuse_a", "R", (6, 0, 1, REFUS), day="06-01")
    answer(2026, "accuse_b", "R", (6, 1, 1, None), day="06-05")

    case(2027, "both sent before they are answered, without an acceptance", 7100, "partiel", "PES-HOMONYME")
    put(2027, "a", titres(2027, 1, 7000), name="R")
    put(2027, "b", titres(2027, 1, 7100), name="R", day="06-05")
    answer(2027, "accuse", "R", (6, 0, 1, REFUS), day="06-09")


make()


@pytest.fixture(scope="module")
def warehouse(compiled: Compiled, tmp_path_factory: pytest.TempPathFactory) -> Path:
    deliveries = [("pes/flux", year, files) for year, files in FOLDERS.items()]
    return transformed(compiled, tmp_path_factory.mktemp("pes_envois"), deliveries)


@pytest.fixture(scope="module")
def said(warehouse: Path) -> Mapping[int, list[str]]:
    codes: dict[int, list[str]] = defaultdict(list)
    for one in found(warehouse):
        codes[one.exercice].append(one.code)
    return codes


@pytest.mark.parametrize("year", EXPECTED, ids=[f"{year} {what[0]}" for year, what in EXPECTED.items()])
def test_what_counts_is_what_came_and_what_lacks_is_said(warehouse: Path, said: Mapping[int, list[str]], year: int):
    _, counted, state, expected = EXPECTED[year]
    with duckdb.connect(str(warehouse), read_only=True) as db:
        amounts = "select nature_piece, sum(montant_eur) from marts.fct_ecritures where exercice = ? group by all order by all"
        sums = db.execute(amounts, [year]).fetchall()
        effects = (
            "select effet from calculs.chiffres__effets "
            "where code = 'finances.titres' and exercice = ? and source like 'pes/%' and effet <> 'rien'"
        )
        told = "partiel" if db.execute(effects, [year]).fetchall() else "complet"
    assert sums == [("mandat", Decimal(10)), ("titre", Decimal(counted))]
    assert (told, sorted(said.get(year, []))) == (state, expected)
