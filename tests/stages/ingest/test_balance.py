"""Whatever the file: read = accepted + refused + ignored, or the delivery is refused. Never a crash, never a lost row."""

import csv
import datetime as dt
import io
import tempfile
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.catalogue.rules import DeliveryRefused
from tests.deliveries import FIELDS, Depot
from tests.layers import rules

LETTERS = [*"aZ09éÉœ€’'-_.,;\"\t\n |#&=«») ", "\u00a0"]
TEXT = st.text(alphabet=st.sampled_from(LETTERS), max_size=8).filter(  # else its lines may be records
    lambda text: "\n" not in text or all(text.count(delimiter) < 3 for delimiter in ";,\t|")
)
AMOUNT = st.decimals(min_value=-(10**9), max_value=10**9, places=2)
DAY = st.dates(min_value=dt.date(1990, 1, 1), max_value=dt.date(2030, 12, 31))
ROW = st.tuples(st.integers(1, 10**6), TEXT, st.none() | AMOUNT, st.none() | DAY)


def french(amount: Decimal | None, space: str) -> str:
    if amount is None:
        return ""
    sign, whole = ("-" if amount < 0 else ""), f"{abs(amount):.2f}"
    units, cents = whole.split(".")
    groups = []
    while units:
        units, group = units[:-3], units[-3:]
        groups.insert(0, group)
    return f"{sign}{space.join(groups)},{cents}"


@st.composite
def messy_files(draw):
    """A file as tools write them, the rows it must give, and how many lines it must refuse."""
    encoding, codec, mark = draw(
        st.sampled_from(
            [
                ("utf-8", "utf-8", b""),
                ("utf-8", "utf-8", b"\xef\xbb\xbf"),
                ("cp1252", "cp1252", b""),
                ("utf-16", "utf-16-le", b"\xff\xfe"),
                ("utf-16", "utf-16-be", b"\xfe\xff"),
            ]
        )
    )
    delimiter = draw(st.sampled_from([";", ",", "\t", "|"]))
    newline = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    space = draw(st.sampled_from(["", " ", "\u00a0"]))
    order = draw(st.permutations(range(4)))
    quoting = draw(st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator="\n")
    for _ in range(draw(st.integers(0, 2))):
        out.write(draw(st.sampled_from(["Titre de l’export\n", "\n", "Édité le 3\n"])))
    writer.writerow([["Code", "Libellé", "Montant", "Jour"][i] for i in order])
    rows, refused = [], 0
    for code, text, amount, day in draw(st.lists(ROW, max_size=6)):
        cells = [f"C{code}", text, french(amount, space), day.strftime("%d/%m/%Y") if day else ""]
        fate = draw(st.sampled_from(["good", "good", "good", "amount", "day", "blank"]))
        if fate == "blank":
            out.write(draw(st.sampled_from(["\n", delimiter * 3 + "\n"])))
            continue
        if fate != "good":
            cells[2 if fate == "amount" else 3] = "oups"
            refused += 1
        else:
            clean = text.strip(" \t\u00a0")
            rows.append((f"C{code}", clean or None, amount, day))
        writer.writerow([cells[i] for i in order])
    if draw(st.booleans()):
        writer.writerow([["Total", "", "1", ""][i] for i in order])
    content = out.getvalue()
    if draw(st.booleans()):
        content = content.removesuffix("\n")
    data = mark + content.replace("\n", newline).encode(codec, "strict")
    return data, {"type": "csv", "encoding": encoding, "delimiter": delimiter}, rows, refused


def depot_in(folder: str, kind: dict) -> Depot:
    depot = Depot(Path(folder))
    depot.declare(FIELDS, kind=kind, table={"ignore": [{"column": "code", "pattern": "Total", "sums": ["montant"]}]})
    return depot


@settings(max_examples=40)
@given(messy_files())
def test_round_trip(file):
    data, kind, rows, refused = file
    with tempfile.TemporaryDirectory() as folder:
        depot = depot_in(folder, kind)
        try:
            read = depot.csv(data)
        except DeliveryRefused as refusal:
            # An accent-free or lucky single-byte file is the only doubt: it is also valid UTF-8.
            assert refusal.code == "FIC-ENCODAGE" and kind["encoding"] == "cp1252" and data.decode("utf-8")
            return
        assert [(r["code"], r["libelle"], r["montant"], r["jour"]) for r in read.rows] == rows
        assert read.counts[2] == refused


MUTATIONS = st.lists(
    st.tuples(
        st.sampled_from(["flip", "cut", "insert", "double"]),
        st.integers(0, 10**6),
        st.sampled_from([b'"', b";", b"\n", b"\r", b"\0", b"\xe9", b"\xff", b'""', b';"', b'"\n', b"\xc2\xa0", b" "]),
    ),
    min_size=1,
    max_size=4,
)


def mutated(data: bytes, mutations) -> bytes:
    for what, at, piece in mutations:
        at %= len(data) + 1
        if what == "flip":
            data = data[:at] + piece[:1] + data[at + 1 :]
        elif what == "cut":
            data = data[:at]
        elif what == "insert":
            data = data[:at] + piece + data[at:]
        else:
            data = data[:at] + data[at : at + 20] + data[at:]
    return data


@settings(max_examples=40)
@given(messy_files(), MUTATIONS)
def test_mutated_bytes_never_crash_and_always_balance(file, mutations):
    data, kind, *_ = file
    with tempfile.TemporaryDirectory() as folder:
        depot = depot_in(folder, kind)
        try:
            depot.csv(mutated(data, mutations))  # Depot.read asserts the balance against the files
        except DeliveryRefused as refusal:
            assert refusal.code != "FIC-BILAN"


@settings(max_examples=15)
@given(messy_files(), MUTATIONS)
def test_the_careful_reader_agrees_with_the_fast_one(file, mutations):
    data, kind, *_ = file
    data = mutated(data, mutations)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        fast, careful = depot_in(one, kind), depot_in(two, kind)
        with pytest.MonkeyPatch.context() as patch:
            outcomes = [outcome(fast, data)]
            from pipelines.stages.ingest import delivery

            real = delivery.read_file
            patch.setattr(delivery, "read_file", lambda *a, careful: real(*a, careful=True))
            outcomes.append(outcome(careful, data))
        assert outcomes[0] == outcomes[1]


def outcome(depot: Depot, data: bytes):
    try:
        read = depot.csv(data)
    except DeliveryRefused as refusal:
        return refusal.as_dict(rules())
    return (
        [{k: v for k, v in row.items() if k != "_livraison"} for row in read.rows],
        read.refused,
        read.ignored,
        read.counts,
    )


@settings(max_examples=6)
@given(st.binary(max_size=400), MUTATIONS)
def test_arbitrary_bytes_are_refused_or_balance(data, mutations):
    for kind in (
        {"type": "csv"},
        {"type": "csv", "encoding": "utf-16"},
        {"type": "csv", "encoding": "cp1252"},
    ):
        with tempfile.TemporaryDirectory() as folder:
            depot = Depot(Path(folder))
            depot.declare([{"name": "a", "title": "a"}], kind=kind)
            for content in (data, b"a\n" + data, mutated(b"a;b\n1;2\n" + data, mutations)):
                try:
                    depot.csv(content)
                except DeliveryRefused as refusal:
                    assert refusal.code != "FIC-BILAN"


@settings(max_examples=6)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.binary(min_size=1, max_size=6)), min_size=1, max_size=3))
def test_a_mutated_workbook_never_crashes(changes):
    with tempfile.TemporaryDirectory() as folder:
        depot = depot_in(folder, {"type": "xlsx"})
        path = depot.workbook({"F": [["Code", "Libellé", "Montant", "Jour"], ["A1", "x", 1, None]]})
        content = bytearray(path.read_bytes())
        for at, piece in changes:
            at %= len(content)
            content[at : at + len(piece)] = piece
        path.write_bytes(bytes(content))
        try:
            depot.ingest(path)
        except DeliveryRefused as refusal:
            assert refusal.code != "FIC-BILAN"
