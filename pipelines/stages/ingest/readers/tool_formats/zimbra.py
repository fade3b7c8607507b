"""Reads what three commands of a Zimbra server print: mailboxes, accounts with their domains, licence.

- ``quotas``: ``zmprov gqu <server>`` prints ``name limit used`` a line, in bytes, the limit first, 0 for unlimited;
- ``comptes`` and ``domaines``: ``zmaccts`` prints one block of accounts a domain, in columns of 36, 11, 15 and 15
  characters, then the number of accounts of each domain (Zimbra/zm-core-utils, src/bin/zmaccts). It lists accounts
  only: neither resources, nor aliases, nor distribution lists;
- ``licences``: ``zmlicense -p`` prints ``Attribute=value``; only the numbers of accounts are read, the others name people.

The accounts that the server makes for itself (galsync, spam, ham, virus-quarantine) are recognised here, by an address
that does not enter the lake. ``zmaccts`` cuts an address at 36 characters: the domain is then that of its block.
"""

import re
from collections.abc import Callable
from pathlib import Path

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.stages.ingest.readers.plain_lines import BLANK, Line, read_lines, write_records
from pipelines.stages.ingest.readers.records import Records, count_lines

COLUMNS = {
    "quotas": ["name", "domain", "system", "limit", "used"],
    "comptes": ["account", "domain", "system", "status", "created", "last logon"],
    "domaines": ["domain", "active", "closed", "locked", "maintenance", "total"],
    "licences": ["attribute", "value"],
}
ACCOUNT_WIDTH = 36  # where zmaccts cuts
HEADER, OTHER = "en-tête", "rubrique sans nombre de comptes"

_QUOTA = re.compile(r"(?=\S+?@\S)(\S+) (-?\d+) (-?\d+)")
_ACCOUNTS_HEADER = re.compile(r"\s*account\s+status\s+created\s+last logon\s*")
_ACCOUNT = re.compile(r"(.{36})   (.{11})     (.{15})  (.{1,15})")
_SUMMARY_TITLE = re.compile(r"\s*domain summary\s*")
_SUMMARY_HEADER = re.compile(r"\s*domain\s+active\s+closed\s+locked\s+maintenance\s+total\s*")
_RULE = re.compile(r"-[- ]*")
_LICENCE = re.compile(r"(\w+)=(.*)")
_COUNTED = re.compile(r"\w*Accounts(?:Limit|Count)")
_SYSTEM = re.compile(r"(?:galsync|spam|ham|virus-quarantine)(?:[.-].*)?", re.IGNORECASE)
_STAMP = re.compile(r"(\d\d)/(\d\d)/(\d\d) (\d\d:\d\d)")  # strftime %D %H:%M: we have to supply the century

Lines = list[tuple[int, str]]


def read(path: Path, fichier: str, tables: list[str], workdir: Path) -> dict[str, Records]:
    """Read ``path``, delivered as ``fichier``: the command is known from the requested tables, and verified.

    A line that the command would not print is a record whose cells the typing refuses. Raises DeliveryRefused:
    FIC-VIDE, FIC-ENCODAGE, or FIC-NATURE when the file is not what that command prints.
    """
    command, recognised, parse = _PRINTED[tables[0]]
    lines = list(read_lines(path, fichier))
    if not any(recognised.fullmatch(text) for _, text in lines):
        raise DeliveryRefused("FIC-NATURE", fichier=fichier, attendu=f"ce qu’affiche la commande {command}")
    found = parse(lines)
    others = sum(len(rows) for name, rows in found.items() if name != tables[0])
    read_of = {name: len(rows) for name, rows in found.items()} | {tables[0]: count_lines(path) - others}
    return {name: write_records(workdir / f"{name}.csv", COLUMNS[name], found[name], read_of[name]) for name in tables}


def _quotas(lines: Lines) -> dict[str, list[Line]]:
    rows: list[Line] = []
    for number, text in lines:
        if not text.strip():
            rows.append((number, BLANK))
        elif match := _QUOTA.fullmatch(text.strip()):
            name, limit, used = match.groups()
            rows.append((number, [name, _domain(name), _is_system(name), limit, used]))
        else:
            rows.append((number, [text, "", "", "", ""]))
    return {"quotas": rows}


def _licences(lines: Lines) -> dict[str, list[Line]]:
    rows: list[Line] = []
    for number, text in lines:
        match = _LICENCE.fullmatch(text.strip())
        if match and _COUNTED.fullmatch(match[1]):
            rows.append((number, list(match.groups())))
        else:
            rows.append((number, OTHER if text.strip() else BLANK))
    return {"licences": rows}


def _accounts(lines: Lines) -> dict[str, list[Line]]:
    """The accounts, block by block, and the summary; headers and blank lines are set apart among the accounts."""
    blocks: list[Lines] = []
    apart: list[Line] = []
    summary: list[Line] = []
    in_summary = False
    for number, text in lines:
        if reason := _not_data(text):
            apart.append((number, reason))
            in_summary = in_summary or _SUMMARY_TITLE.fullmatch(text) is not None
            if _ACCOUNTS_HEADER.fullmatch(text):
                blocks.append([])
        elif in_summary:
            summary.append((number, (text.split() + [""] * len(COLUMNS["domaines"]))[: len(COLUMNS["domaines"])]))
        else:
            blocks = blocks or [[]]
            blocks[-1].append((number, text))
    names = [cells[0] for _, cells in summary]
    rows = [row for rank, block in enumerate(blocks) for row in _block(block, names[rank : rank + 1])]
    return {"comptes": [*rows, *apart], "domaines": summary}


def _not_data(text: str) -> str | None:
    if not text.strip():
        return BLANK
    headers = (_ACCOUNTS_HEADER, _SUMMARY_TITLE, _SUMMARY_HEADER, _RULE)
    return HEADER if any(header.fullmatch(text.rstrip()) for header in headers) else None


def _block(lines: Lines, summary_domain: list[str]) -> list[Line]:
    """The accounts of one domain: the domain of its whole addresses, else the one at the same rank in the summary."""
    found = [(number, text, _ACCOUNT.fullmatch(text)) for number, text in lines]
    names = [match[1].rstrip() for _, _, match in found if match]
    domain = next((_domain(name) for name in names if _is_whole(name)), "".join(summary_domain))
    rows: list[Line] = []
    for number, text, match in found:
        if match is None:
            rows.append((number, [text, "", "", "", "", ""]))
            continue
        name, status, created, logon = (cell.strip() for cell in match.groups())
        own = _domain(name) if _is_whole(name) else domain
        rows.append((number, [name, own, _is_system(name), status, _dated(created), _dated(logon)]))
    return rows


def _is_whole(name: str) -> bool:
    return "@" in name and len(name) < ACCOUNT_WIDTH


def _domain(name: str) -> str:
    return name.rpartition("@")[2].lower()


def _is_system(name: str) -> str:
    return "true" if _SYSTEM.fullmatch(name.partition("@")[0]) else "false"


def _dated(text: str) -> str:
    """``12/31/20 08:05`` → ``2020-12-31 08:05``; anything else stays as it is. Zimbra is younger than 2000."""
    match = _STAMP.fullmatch(text)
    return f"20{match[3]}-{match[1]}-{match[2]} {match[4]}" if match else text


# first requested table → the command, a line that only it prints, the parser
_PRINTED: dict[str, tuple[str, re.Pattern, Callable[[Lines], dict[str, list[Line]]]]] = {
    "quotas": ("zmprov gqu", _QUOTA, _quotas),
    "comptes": ("zmaccts", _ACCOUNTS_HEADER, _accounts),
    "licences": ("zmlicense -p", re.compile(r"\s*AccountsLimit=.*"), _licences),
}
