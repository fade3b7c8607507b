"""The infrastructure's exports give the published figures, counted again from the files by other means."""

import csv
import datetime as dt
import io
import re
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from demo import chiffres, infrastructure
from demo.livraisons import Livraison

YEAR = 2020
SESSION = re.compile(r" (\S+) GMT .* SSLVPN (LOGIN|LOGOUT) .* SessionId: (\d+) - User (\S+) ")


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return {livraison.chemin: livraison.contenu for livraison in infrastructure.exports(YEAR)}


def published(code: str) -> Decimal:
    (row,) = [
        r for r in chiffres.publies() if r["figure_id"] == f"infrastructure.{code}" and r["exercice"] == str(YEAR)
    ]
    return Decimal(row["value"])


def sessions(files: dict[str, bytes]) -> list[tuple[dt.datetime, dt.datetime, str]]:
    """Every session of the logs; the numbers never begin again, and one that stays open is cut at twelve hours."""
    opened: dict[str, tuple[dt.datetime, str]] = {}
    found = []
    text = "".join(content.decode() for path, content in sorted(files.items()) if path.endswith(".log"))
    for line in text.splitlines():
        if match := SESSION.search(line):
            at = dt.datetime.strptime(match[1], "%m/%d/%Y:%H:%M:%S")
            if match[2] == "LOGIN":
                opened[match[3]] = (at, match[4])
            else:
                found.append((opened[match[3]][0], at, opened.pop(match[3])[1]))
    return found + [(at, at + dt.timedelta(hours=12), who) for at, who in opened.values()]


def test_the_published_peak_comes_out_of_the_logs(files: dict[str, bytes]) -> None:
    found = sessions(files)
    assert len(found) > 20_000
    changes = sorted([(start, 1, who) for start, _, who in found] + [(end, -1, who) for _, end, who in found])
    changes.sort(key=lambda change: change[:2])  # who leaves goes first
    present: Counter[str] = Counter()
    peak = together = most_sessions = 0
    for _, change, who in changes:
        present[who] += change
        together += change
        if not present[who]:
            del present[who]
        peak, most_sessions = max(peak, len(present)), max(most_sessions, together)
    assert peak == published("teletravail.pic_simultane")
    assert most_sessions > peak  # counting sessions would give another figure


def test_the_published_number_of_agents_comes_out_of_the_group(files: dict[str, bytes]) -> None:
    (content,) = [content for path, content in files.items() if "groupe_citrix" in path]
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig").partition("\r\n")[2]), delimiter=";"))
    enabled = [row["SamAccountName"].casefold() for row in rows if row["Enabled"] == "True"]
    assert len(set(enabled)) == published("teletravail.agents_autorises") < len(enabled) < len(rows)


def test_the_published_network_comes_out_of_the_inventory(tmp_path: Path, files: dict[str, bytes]) -> None:
    path = tmp_path / "reseau.xlsx"
    path.write_bytes(next(content for name, content in files.items() if "reseau" in name))
    rows = CalamineWorkbook.from_path(path).get_sheet_by_name("Liens").to_python()[3:]
    internet = {row[7].year < YEAR: Decimal(row[5]) for row in rows if row[1] == "Accès internet"}
    assert internet == {True: published("internet.debit_avant"), False: published("internet.debit_apres")}
    assert internet[False] / internet[True] == published("internet.facteur")
    assert sum(Decimal(str(row[6])) for row in rows if row[1] == "Fibre noire") == published("fibre.longueur")


def test_the_mail_server_agrees_with_itself(files: dict[str, bytes]) -> None:
    text = {
        path.rsplit("/", 1)[1].split("_")[0]: content.decode() for path, content in files.items() if "zimbra" in path
    }
    accounts, _, summary = text["zmaccts"].partition("domain summary")
    listed = [line for line in accounts.splitlines() if re.search(r"\d\d/\d\d/\d\d \d\d:\d\d|never", line)]
    assert sum(int(line.split()[-1]) for line in summary.splitlines()[4:]) == len(listed)
    own = sum(line.startswith(("galsync", "spam", "ham.", "virus-quarantine")) for line in listed)
    assert f"AccountsCount={len(listed) - own}\n" in text["zmlicense"]
    assert any(len(line.split()[0]) == 36 for line in listed), "no address is long enough to be cut"


@pytest.mark.parametrize("exercice", range(2018, 2023))
def test_every_exercice_has_its_files_and_the_same_ones_again(exercice: int) -> None:
    def made() -> list[Livraison]:
        infrastructure.infrastructure_citrix._journaux.cache_clear()
        return list(infrastructure.exports(exercice))

    files = made()
    assert made() == files
    assert {file.chemin.split("/")[0] for file in files} == {str(exercice)}
    systems = {file.chemin.split("/")[1] for file in files}
    expected = {"zimbra", "citrix", "editique", "stockage", "reseau", "sauvegardes"}
    assert systems == expected | ({"teams"} if exercice >= 2020 else set())
