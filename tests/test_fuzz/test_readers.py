"""No input makes a reader crash: it is read, or refused by name. MI_WORKBOOK_FUZZ sets how many examples (default 100)."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import signal
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mi_workbook.cases import all_cases
from mi_workbook.core.errors import InputError
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.explain import explain
from mi_workbook.evidence.files import load_bytes
from mi_workbook.evidence.hosts import read_hosts
from mi_workbook.guide.scenario import FOLDER, load_text
from mi_workbook.views.diagnosis_json import diagnosis_json
from mi_workbook.views.explain import explain_json
from mi_workbook.views.report import to_html, to_markdown
from mi_workbook.views.text import render
from test_fuzz.damage import damaged

EXAMPLES = int(os.environ.get("MI_WORKBOOK_FUZZ", "100"))
# The same examples in every ordinary run; a longer run looks for new ones.
FUZZ = settings(max_examples=EXAMPLES, deadline=None, derandomize=EXAMPLES == 100, database=None,
                suppress_health_check=list(HealthCheck))  # fmt: skip
SEEDS = st.integers(min_value=0, max_value=10**9)
CASES = all_cases()
HANG = 600  # seconds for one test as a whole, many times what it takes
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(
        st.sampled_from(["id", "name", "type", "properties", "value", "data", "resources", "format", "version", "source", "rows",
                         "columns", "observations", "problems", "kind", "$schema", "complete"]) | st.text(max_size=5),
        inner, max_size=6),
    max_leaves=30,
)  # fmt: skip


@pytest.fixture(autouse=True)
def no_hang() -> Iterator[None]:
    """A reader that does not end fails the test instead of the whole run."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def stop(*_: object) -> None:
        raise TimeoutError("a reader hangs")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(HANG * max(1, EXAMPLES // 100))
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def through(data: bytes, source: str, target: str, endpoint: str = "auto") -> None:
    """The whole way of a file: read, asked, shown. Raises what a user would see as a crash."""
    from rich.console import Console

    try:
        snapshot = load_bytes([("f.json", data)])
        found = diagnose(snapshot, source, target, endpoint)
    except InputError as refused:
        assert refused.what
        return
    assert found.verdict in {"reachable", "blocked", "unknown"}
    assert to_html(found, snapshot).startswith("<!doctype") and to_markdown(found, snapshot)
    json.dumps(diagnosis_json(found))
    render(found, Console(file=io.StringIO(), width=100))


@FUZZ
@given(SEEDS, st.sampled_from(CASES), st.sampled_from([1, 1, 2, 3, 8]))
def test_damaged_evidence_is_read_or_refused(seed: int, case: Any, times: int) -> None:
    """Values of other types, absurd sizes, hostile text, members gone or doubled: an answer or a refusal, never a crash."""
    document = damaged(case.snapshot().to_dict(), random.Random(seed), times)
    through(json.dumps(document).encode(), case.source, case.target, case.endpoint)


@FUZZ
@given(JSON)
def test_any_json_is_read_or_refused(value: Any) -> None:
    """JSON of any shape under the member names that readers look for."""
    through(json.dumps(value).encode(), "vm", "mi")


@FUZZ
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Bytes of any kind, bare and behind the marks of the archives and encodings that are opened."""
    for head in (
        b"",
        b"\x1f\x8b",
        b"\x1f\x8b\x08\0",
        b"PK\x03\x04",
        b"\xff\xfe",
        b"\xfe\xff",
        b"\xef\xbb\xbf",
        b"[",
        b'{"',
    ):
        through(head + data, "vm", "mi")


def packed(data: bytes, way: int) -> bytes:
    """The bytes in an archive."""
    if way == 0:
        return gzip.compress(data)
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../up.json", data)
        archive.writestr("b\x1b[31m.json", gzip.compress(data) if way == 2 else data)
    return held.getvalue()


@FUZZ
@given(SEEDS, st.sampled_from(CASES), st.integers(min_value=-1, max_value=2))
def test_cut_and_flipped_files_are_read_or_refused(seed: int, case: Any, way: int) -> None:
    """A file that was cut in transfer or has a few wrong bytes, in an archive or not."""
    draw = random.Random(seed)
    data = json.dumps(case.snapshot().to_dict()).encode()
    data = bytearray(packed(data, way) if way >= 0 else data)
    for _ in range(draw.randrange(1, 6)):
        data[draw.randrange(len(data))] = draw.randrange(256)
    through(bytes(data[: draw.randrange(1, len(data))] if draw.random() < 0.5 else data), case.source, case.target)


PIECES = st.sampled_from([
    "Server=", "tcp:", "mi.abc.database.windows.net", ",1433", ";", "Password=", "Pwd={", "}}", "}", "'", '"', "\\", "jdbc:sqlserver://",
    "mssql://u:p@", "sqlserver://", "?database=", "&", "%3B", "%", "=", "{", "[", "]", "<add name='x' connectionString='", "/>", "\n",
    "export SQLCONNSTR_MAIN=", "sqlsrv_connect(", "array('UID' =>", ")", "Driver={ODBC Driver 18 for SQL Server}", "Encrypt=strict",
    "Error: 40532", "SqlException (0x80131904)", "error: 40 - ", "(provider: TCP Provider, error: 0 - ", "18456", "\x00", "\u202e", "((((",
    "0x", "10060", "server was not found", "timeout expired", "ApplicationIntent=ReadOnly", "\ufeff", "\r\n", "\t", " ", "é", "٣",
])  # fmt: skip


@FUZZ
@given(st.lists(PIECES | st.text(max_size=12), max_size=40).map("".join))
def test_any_paste_is_explained_or_refused(text: str) -> None:
    """Pieces of connection strings, configuration files and error texts in any order."""
    try:
        shown = explain_json(explain(text))
    except InputError:
        return
    json.dumps(shown)


@pytest.mark.parametrize(
    "piece", ["(", "[", "{", "'", '"', "=", ";", " ", "\n", "a", "1", "Server=", "%25", "\\", "<", "a=b;", "1433,", "é"]
)
def test_long_pastes_of_one_piece_end(piece: str) -> None:
    """Patterns that search a text do not go wrong on long runs of what they look for."""
    for text in (
        piece * 20000,
        "Server=" + piece * 20000,
        "Error 40" + piece * 20000 + ")",
        piece * 10000 + "Password=x",
    ):
        try:
            explain(text)
        except InputError as refused:
            assert refused.what


@FUZZ
@given(data=st.binary(max_size=600))
def test_any_hosts_file_is_read(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """Bytes that are no text, no lines, no addresses."""
    file = tmp_path_factory.getbasetemp() / "hosts"
    file.write_bytes(data + b"\n10.0.0.4 mi.abc.database.windows.net # known\n")
    assert any(entry.name == "mi.abc.database.windows.net" for entry in read_hosts(file).entries)


SCENARIOS = [file.read_text(encoding="utf-8") for file in sorted(FOLDER.glob("*.toml"))]


@FUZZ
@given(SEEDS, st.sampled_from(SCENARIOS))
def test_damaged_scenarios_are_read_or_refused(seed: int, text: str) -> None:
    """Lines of a scenario lost, doubled, swapped or cut."""
    draw = random.Random(seed)
    lines = text.splitlines()
    for _ in range(draw.randrange(1, 6)):
        at = draw.randrange(len(lines))
        change = draw.choice([[], [lines[at], lines[at]], [lines[draw.randrange(len(lines))]], [lines[at][:-3]],
                              [lines[at].partition("=")[0] + "= 7"], [lines[at].replace("next", "step")]])  # fmt: skip
        lines[at : at + 1] = change
    try:
        load_text("\n".join(lines), "x.toml")
    except InputError as refused:
        assert refused.what


# --- found by the tests above, and mended ------------------------------------------------------------------------------------------------------


def with_address(address: str) -> bytes:
    """The sound case with another address on the client's NIC."""
    document = next(c for c in CASES if c.id == "same-vnet-healthy").snapshot().to_dict()
    return json.dumps(document).replace('"10.0.1.4"', json.dumps(address)).encode()


def test_address_that_is_none_is_refused_by_name() -> None:
    """`privateIPAddress` of the source's NIC is not an address."""
    snapshot = load_bytes([("f.json", with_address("10.0.1.400"))])
    try:
        assert diagnose(snapshot, "vm-app", "mi-orders").verdict == "unknown"
    except InputError as refused:
        assert "10.0.1.400" in refused.what


def test_damaged_gzip_is_refused_by_name() -> None:
    """A compressed file with wrong bytes in it, as a bad transfer leaves it."""
    data = bytearray(gzip.compress(with_address("10.0.1.4")))
    data[12] ^= 0xFF
    with pytest.raises(InputError):
        load_bytes([("f.json.gz", bytes(data))])


def test_text_that_is_no_unicode_can_be_written() -> None:
    """JSON may hold half a surrogate pair; the report of it is written as UTF-8 all the same."""
    data = with_address("10.0.1.4").replace(b'"allow_tds_inbound"', b'"allow\\ud800"')
    snapshot = load_bytes([("f.json", data)])
    found = diagnose(snapshot, "vm-app", "mi-orders.a1b2c3d4e5f6.database.windows.net")
    assert to_html(found, snapshot).encode() and to_markdown(found, snapshot).encode()


def test_numbers_that_are_none_are_refused() -> None:
    """NaN and Infinity are not JSON; other readers refuse what holds them."""
    data = with_address("10.0.1.4").replace(b'"priority": 1000', b'"priority": NaN')
    with pytest.raises(InputError):
        load_bytes([("f.json", data)])


@pytest.mark.parametrize(
    "text", ["step = [1]", "step = 1", "[[step]]\nid = 'a'\ndecisions = 7", "[[step]]\nid = 'a'\nnext = 7"]
)
def test_scenario_of_other_types_is_refused(text: str) -> None:
    """A scenario whose members have other types is refused with its mistakes."""
    with pytest.raises(InputError):
        load_text(text, "x.toml")
