"""Answers of tools, pasted: read by content, in several languages, and nothing lost in silence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mi_workbook.evidence.pasted import AZURE, FORMAT, observations_of
from mi_workbook.evidence.pastes.answers import ANSWERS
from mi_workbook.evidence.pastes.paste import Reading
from mi_workbook.evidence.snapshot import Snapshot, from_document
from mi_workbook.network.observed import captured_routes, learned_routes

from .read_answers import lines_of, readings_of, shown

FOLDER = Path(__file__).parent / "fixtures"
FIXTURES = sorted(FOLDER.glob("*/*.txt"))
OURS = [file for file in FIXTURES if file.parent.name in {parser.KIND for parser in ANSWERS}]
REAL = next(
    (folder / "shared" / "data" for folder in Path(__file__).parents if (folder / "shared" / "data").exists()),
    Path("no"),
)


def _name(file: Path) -> str:
    return f"{file.parent.name}/{file.stem}"


def test_every_format_has_fixtures_and_a_kind_of_its_own() -> None:
    """Every format has fixtures and a kind of its own."""
    kinds = [parser.KIND for parser in ANSWERS]
    assert len(set(kinds)) == len(kinds)
    assert {file.parent.name for file in OURS} == set(kinds)


@pytest.mark.parametrize("file", OURS, ids=_name)
def test_a_fixture_is_read_as_expected(file: Path) -> None:
    """A fixture is read as expected."""
    seen = shown(file.read_text(encoding="utf-8"))
    assert seen == json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    assert {one["kind"] for one in seen} == {file.parent.name}


@pytest.mark.parametrize("file", OURS, ids=_name)
def test_a_paste_that_is_cut_off_never_loses_rows_in_silence(file: Path) -> None:
    """Where a cut inside an answer leaves fewer rows, the reading says so; only between two answers nothing can."""
    text = file.read_text(encoding="utf-8")
    lines, full = text.splitlines(), readings_of(text)
    for end in range(1, len(lines)):
        cut = {one.span[0]: one for one in readings_of("\n".join(lines[:end]) + "\n")}
        for one in full:
            begun = one.span[0] <= end < one.span[1] - (lines[one.span[1] - 1].strip() == "")
            seen = cut.get(one.span[0])
            if begun and seen is not None and len(seen.rows) < len(one.rows):
                assert not seen.whole or seen.notes, (end, lines[end - 1])


@pytest.mark.parametrize("file", OURS, ids=_name)
def test_prompts_blank_lines_and_line_ends_of_windows_do_not_matter(file: Path) -> None:
    """Prompts blank lines and line ends of windows do not matter."""
    text = file.read_text(encoding="utf-8")
    plain = [(one.kind, one.rows) for one in readings_of(text)]
    assert [(one.kind, one.rows) for one in readings_of("\nsomething else\n\n" + text.replace("\n", "\r\n"))] == plain


def test_all_fixtures_in_one_paste_are_told_apart() -> None:
    """All fixtures in one paste are told apart."""
    texts = [file.read_text(encoding="utf-8") for file in OURS]
    expected = [(one.kind, one.rows) for text in texts for one in readings_of(text)]
    assert [(one.kind, one.rows) for one in readings_of("\n".join(texts))] == expected


def test_other_text_is_nobodys() -> None:
    """Other text is nobodys."""
    text = (
        "Hello,\nour server: db01 is down since Monday.\nAddress: 1 Main Street\n\n1. first\n2. second\n"
        "Name: Alice\nStatus: done\nError: Login failed for user 'sa'.\n| a | b |\n|---|---|\n"
        '{"name": "x", "properties": {}}\n[1, 2, 3]\nkey=value\n'
    )
    assert readings_of(text) == []


def test_route_tables_are_not_taken_for_traces() -> None:
    """Route tables are not taken for traces."""
    text = (
        "IPv4 Route Table\nActive Routes:\nNetwork Destination        Netmask          Gateway       Interface  Metric\n"
        "          0.0.0.0          0.0.0.0     192.168.31.1   192.168.31.221     30\nPersistent Routes:\n  None\n"
        "  1...........................Software Loopback Interface 1\n"
    )
    assert readings_of(text) == []


def test_the_dns_server_is_never_an_answer() -> None:
    """The dns server is never an answer."""
    for file in OURS:
        for one in readings_of(file.read_text(encoding="utf-8")):
            for row in one.rows:
                assert row.get("type") not in {"A", "AAAA"} or row["value"] != row["server"]


def test_an_unknown_language_still_tells_server_and_answer_apart() -> None:
    """An unknown language still tells server and answer apart."""
    text = (
        "Xerver:  dns01\nAddress:  10.1.0.4\n\nNyx autoryx answyr:\n"
        "Nym:    tr1.westeurope1-a.worker.vnet.database.windows.net\nAddress:  10.4.0.62\n\n"
    )
    (one,) = readings_of(text)
    assert [(row["type"], row["value"], row["server"]) for row in one.rows] == [("A", "10.4.0.62", "10.1.0.4")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$ nslookup a.b.c\n*** Request to DD-WRT timed-out\nServer:  DD-WRT\nAddress:  192.168.1.1\n\nDNS request timed out.\n    timeout was 2 seconds.\n",
         [("failure", "timeout")]),
        ("nslookup a.b.c\n\nServeur : UnKnown\n\nAddress: 10.3.1.2\n\nRéponse ne faisant pas autorité :\n\nNom : a.b.c\n\nAddresses: 2a00::e\n\n216.5.2.8\n",
         [("AAAA", "2a00::e"), ("A", "216.5.2.8")]),
        ("C:\\>nslookup a.b.c\n\nNão é resposta autoritativa:\nServidor:  dc01\nAddress:  10.1.1.1\n\nNome:    a.b.c\nAddress:  10.2.2.2\n", [("A", "10.2.2.2")]),
        ("PS> Resolve-DnsName a.b.c\nResolve-DnsName : a.b.c : Der DNS-Name ist nicht\nvorhanden.\n    + FullyQualifiedErrorId : "
         "DNS_ERROR_RCODE_NAME_ERROR,Microsoft.DnsClient.Commands.ResolveDnsName\n", [("failure", "nxdomain")]),
        ("PS> Resolve-DnsName a.b.c -Type A\n\nName  Type TTL   Section    PrimaryServer\n----  ---- ---   -------    -------------\n"
         "b.c   SOA  60    Authority  ns.b.c\n\n", [("SOA", "ns.b.c"), ("failure", "no-address")]),
    ],
    ids=["stderr-first", "mail", "heading-first", "german-error", "no-address"],
)  # fmt: skip
def test_dns_answers_in_the_shapes_people_send(text: str, expected: list[tuple[str, str]]) -> None:
    """Streams out of order, double line ends, errors in other languages, a zone's head alone."""
    (one,) = readings_of(text)
    assert [(row["type"], row["value"]) for row in one.rows] == expected and one.about == "a.b.c"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PS> tnc a.b.c -Port 1433 -InformationLevel Quiet\nTrue\n", ("a.b.c", 1433, "open")),
        ("PS> tnc a.b.c -Port 1433 -InformationLevel Quiet\nWARNUNG: TCP connect to (10.4.0.62 : 1433) failed\nFalse\n", ("a.b.c", 1433, "failed")),
        ("$ curl -v telnet://a.b.c:1433\n  % Total    % Received % Xferd  Average\n  0     0    0     0    0 --:--:--  0:00:01 --:--:--     0* Connected to a.b.c (10.4.0.62) port 1433 (#0)\n",
         ("a.b.c", 1433, "open")),
        ("$ curl -v telnet://a.b.c:1433\n*   Trying 10.4.0.62:1433...\n* Connection timed out after 25001 milliseconds\n* Closing connection 0\n"
         "curl: (28) Connection timed out after 25001 milliseconds\n", ("a.b.c", 1433, "timeout")),
        ("$ nc -vz a.b.c 1433\n(UNKNOWN) [10.4.0.62] 1433 (ms-sql-s) : Connection refused\n", ("a.b.c", 1433, "refused")),
    ],
    ids=["quiet", "quiet-failed", "meter", "curl-timeout", "nc-unknown"],
)  # fmt: skip
def test_tcp_tests_in_the_shapes_people_send(text: str, expected: tuple[str, int, str]) -> None:
    """Quiet, with a progress meter, without a name."""
    (one,) = readings_of(text)
    assert [(row["host"], row["port"], row["result"]) for row in one.rows] == [expected]


@pytest.mark.parametrize("prompt", ["", "PS C:\\> ", "ops@jump:~$ "])
def test_json_that_is_cut_off_does_not_swallow_what_follows(prompt: str) -> None:
    """The whole entries are read, the piece says that it is cut, and the next answer is one of its own."""
    cut = "\n".join((FOLDER / "azure-effective-routes" / "az_json.txt").read_text(encoding="utf-8").splitlines()[:20])
    after = (FOLDER / "nslookup" / "windows_en.txt").read_text(encoding="utf-8").split(">", 1)[1]
    routes, names = readings_of(f"{cut}\n{prompt}{after}")
    assert (routes.kind, len(routes.rows), routes.whole) == ("azure-effective-routes", 1, False)
    assert names.kind == "nslookup" and names.rows[-1]["value"] == "10.4.0.62"


def test_secrets_of_an_environment_are_not_kept() -> None:
    """Secrets of an environment are not kept."""
    text = "$ env\nSQLCONNSTR_main=Server=tcp:mi;Password=hunter2\nWEBSITE_PRIVATE_IP=10.9.1.4\nKEY=abc\n\n"
    (one,) = readings_of(text)
    assert "hunter2" not in repr(one)
    assert one.rows == ({"name": "WEBSITE_PRIVATE_IP", "value": "10.9.1.4"},)


NIC = "/subscriptions/0/resourceGroups/g/providers/Microsoft.Network/networkInterfaces/nic"


def _snapshot(reading: Reading) -> Snapshot:
    document = {
        "format": "mi-workbook/snapshot",
        "version": 1,
        "resources": [],
        "observations": [
            {"kind": AZURE[reading.kind], "about": NIC, "format": FORMAT, "value": {"value": list(reading.rows)}}
        ],
    }
    return from_document(document)


def test_effective_and_learned_routes_are_observations_of_a_snapshot() -> None:
    """Every form gives the rows that the network's own reader takes, whichever tool printed them."""
    for file in OURS:
        one = readings_of(file.read_text(encoding="utf-8"))[0]
        if one.kind == "azure-effective-routes":
            seen = captured_routes(_snapshot(one), NIC)
            assert seen is not None and len(seen) == sum(len(row["addressPrefix"]) for row in one.rows)
            assert all(route.next_hop_type and route.state and route.source for route in seen)
        if one.kind == "azure-learned-routes":
            learned = learned_routes(_snapshot(one), NIC)
            assert learned is not None and [route.prefix for route in learned] == ["192.168.0.0/16"]


def test_only_a_table_that_shows_its_end_is_one_that_azure_is_judged_by() -> None:
    """A route that is missing in the paste must not read as one that is missing in Azure."""
    text = (FOLDER / "azure-effective-routes" / "az_json.txt").read_text(encoding="utf-8")
    (whole,) = observations_of(text, "routes.txt")
    assert (whole["kind"], whole["complete"]) == ("effectiveRoutes", True)
    listed = (FOLDER / "azure-effective-routes" / "powershell_list.txt").read_text(encoding="utf-8")
    for shortened in ("\n".join(text.splitlines()[:20]), listed):
        assert observations_of(shortened, "routes.txt")[0]["complete"] is False


@pytest.mark.parametrize(
    "text",
    [
        "{" * 5000,
        '{"value": [' * 3000,
        '{"value": [{"nextHopType": ' + "9" * 6000 + ', "addressPrefix": ["x"]}]}',
        "Server:" + " " * 100_000 + "x\nAddress: 1.1.1.1\n",
        "nslookup " + "a." * 40_000,
        "1 " + "* " * 50_000,
        "* " * 50_000,
        "ComputerName : " + "x" * 100_000,
        "Source State Address Prefix Next Hop Type\n" + "a/1 " * 20_000,
        "C:\\" + "\\" * 50_000 + ">",
        "WEBSITE_PRIVATE_IP=\x00\x1b[31m<script>",
        ";; " * 30_000,
        "Name Type TTL Section IPAddress\n---- ---- --- ------- ---------\n" + "x\n" * 500,
    ],
    ids=range(13),
)
def test_hostile_and_absurd_text_is_read_without_harm(text: str) -> None:
    """Hostile and absurd text is read without harm."""
    for one in readings_of(text):
        assert one.kind


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_shuffled_and_damaged_lines_never_raise(data: st.DataObject) -> None:
    """Shuffled and damaged lines never raise."""
    file = data.draw(st.sampled_from(OURS))
    lines = file.read_text(encoding="utf-8").splitlines()
    some = data.draw(st.lists(st.sampled_from(lines), max_size=25))
    damaged = [line[data.draw(st.integers(0, 12)) :] if data.draw(st.booleans()) else line for line in some]
    text = "\n".join(damaged)
    for parser in ANSWERS:
        block = lines_of(text)
        for claim in parser.claims(block):
            parser.read(block[claim.first : claim.last + 1])
        parser.read(block)
    assert all(1 <= one.span[0] <= one.span[1] for one in readings_of(text))


@pytest.mark.skipif(not REAL.exists(), reason="the recorded material is not here")
def test_recorded_answers_are_read() -> None:
    """Recorded answers are read."""
    texts = {file.name: file.read_text(encoding="utf-8") for file in (REAL / "probe_texts").glob("*.txt")}
    (after,) = readings_of(texts["nslookup_pe_after_link.txt"])
    assert after.rows[-1] == {
        "name": "rg1brn1sto1.privatelink.blob.core.windows.net", "type": "A", "value": "10.0.0.5", "server": "127.0.0.53",
    }  # fmt: skip
    (before,) = readings_of(texts["nslookup_pe_before_link.txt"])
    assert before.rows[-1]["value"] == "52.239.170.68"
    (tested,) = readings_of(texts["testnetconnection_1433_ok_lb.txt"])
    assert (tested.rows[0]["port"], tested.rows[0]["result"], tested.rows[0]["source"]) == (1433, "open", "10.0.0.132")
    (failed,) = readings_of(texts["tcpping_failure_phrase.txt"])
    assert failed.rows[0]["result"] == "name-not-found" and not failed.whole
    documented = readings_of((REAL / "probe_texts" / "Test-NetConnection_doc_2025.md").read_text(encoding="utf-8"))
    assert [one.rows[0]["port"] for one in documented if one.rows][:4] == [None, None, 80, None]


def _plain(row: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(str(one).lower() for one in row)


@pytest.mark.skipif(not REAL.exists(), reason="the recorded material is not here")
def test_recorded_effective_routes_are_read_as_their_expected_rows() -> None:
    """Recorded effective routes are read as their expected rows."""
    seen = 0
    for folder in sorted((REAL / "golden_routes").iterdir()):
        text = (folder / "expected_verbatim.txt").read_text(encoding="utf-8")
        found = [one for one in readings_of(text) if one.kind == "azure-effective-routes"]
        rows = [row for one in found for row in one.rows]
        expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
        assert rows, folder.name
        wanted = [(one["source"], one["state"], one["addressPrefix"], one["nextHopType"]) for one in expected["routes"]]
        read = [
            (row["source"], row["state"], prefix, row["nextHopType"]) for row in rows for prefix in row["addressPrefix"]
        ]
        same = sorted(map(_plain, read)) == sorted(map(_plain, wanted))
        seen += same
        assert same or not all(one.whole for one in found) or not expected.get("complete_table"), folder.name
    assert seen > 10


HEAD = "PS C:\\> tnc mi-orders.a1b2c3d4e5f6.database.windows.net -Port 1433\n"
EMPTY = "ComputerName   : mi-orders.a1b2c3d4e5f6.database.windows.net\nRemoteAddress  :\nInterfaceAlias :\nSourceAddress  :\nPingSucceeded  : False\n\n"


@pytest.mark.parametrize(
    "warning", ["WARNUNG: Fehler bei der Namensauflösung von x\n", "警告: 名前解決に失敗しました\n", ""]
)
def test_an_empty_remote_address_is_the_name_in_any_language(warning: str) -> None:
    """The warning is translated; that no address is printed is not. It never becomes a port that did not answer."""
    (one,) = readings_of(HEAD + warning + "\n" + EMPTY)
    assert (one.rows[0]["result"], one.rows[0]["port"], one.whole) == ("name-not-found", 1433, True)


def test_tcp_that_succeeded_says_nothing_of_ping() -> None:
    """`Format-List *` shows PingSucceeded False then, though no ping was sent."""
    text = "ComputerName     : a.b.c\nRemoteAddress    : 10.4.0.62\nRemotePort       : 1433\nPingSucceeded    : False\nTcpTestSucceeded : True\n\n"
    (one,) = readings_of(text)
    assert (one.rows[0]["result"], one.rows[0]["ping"]) == ("open", None)


def test_route_diagnostics_try_no_connection() -> None:
    """It is whole, and proves nothing of a port."""
    text = 'PS C:\\> Test-NetConnection -ComputerName "a.b.c" -DiagnoseRouting\n\nComputerName : a.b.c\nRemoteAddress : 10.4.0.62\nRouteDiagnosticsSucceeded : True\n\n'
    (one,) = readings_of(text)
    assert (
        one.whole
        and one.rows[0]["result"] == "unclear"
        and one.about == "a.b.c"
        and "no connection was tried" in one.notes[0]
    )
