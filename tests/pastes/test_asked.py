"""What a system says of itself: routes for one address, name servers, a VPN client's log; read as it stands, and nothing more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mi_workbook.evidence.pastes.asked import ASKED
from mi_workbook.evidence.pastes.recognise import read_pastes
from mi_workbook.evidence.pastes.resolver_rows import asked_for, resolver_row, server

FOLDER = Path(__file__).parent / "fixtures"
OURS = sorted(file for parser in ASKED for file in FOLDER.glob(f"{parser.KIND}/*.txt"))
HOST = "mi-orders.a1b2c3d4e5f6.database.windows.net"


def _read(text: str) -> list[tuple[str, list[dict[str, object]]]]:
    return [(one.kind, list(one.rows)) for one in read_pastes(text).readings]


@pytest.mark.parametrize("file", OURS, ids=lambda f: f"{f.parent.name}/{f.stem}")
def test_a_fixture_is_read_as_expected(file: Path) -> None:
    """Every piece of it, by the reader that is its own, and no line is left over."""
    pastes = read_pastes(file.read_text(encoding="utf-8"))
    seen = [
        {"kind": one.kind, "about": one.about, "whole": one.whole, "left": [line.text for line in one.left],
         "rows": list(one.rows)} for one in pastes.readings
    ]  # fmt: skip
    assert seen == json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    assert {one["kind"] for one in seen} == {file.parent.name} and pastes.left == ()


@pytest.mark.parametrize("text", [
    "10.0.0.4 via 192.168.7.1 dev eth0 src 192.168.7.23", "default via 192.168.7.1 dev eth0 proto dhcp metric 100",
    "10.0.0.4 dev tun0 scope link",
])  # fmt: skip
def test_a_row_of_a_table_is_no_answer(text: str) -> None:
    """A host route has the same shape: only uid, the line cache or the command makes it an answer."""
    assert {kind for kind, _ in _read(text)} <= {"ip-route"}


@pytest.mark.parametrize("text", [
    "search for the server in the portal", "domain controllers were patched", "options are listed below",
    "nameserver of the zone is not known", "Global\nwarming", "Name : Anna\nVersion : 2\n", "resolver #1\n",
    "route to: the office", "IPAddress : 10.1.0.4\nInterfaceAlias : Ethernet\n", "DNS configuration\n\nwas changed",
    "the log says Initialization Sequence Completed", "mi-orders: 10.0.0.4",
])  # fmt: skip
def test_prose_is_read_as_none_of_these(text: str) -> None:
    """Words that these outputs share with sentences and other lists claim nothing."""
    kinds = {parser.KIND for parser in ASKED}
    assert not kinds & {kind for kind, _ in _read(text)}


def test_the_second_object_of_find_netroute_is_no_table_of_routes() -> None:
    """It has the members of Get-NetRoute, and is the route for one address."""
    text = (FOLDER / "find-netroute" / "wifi.txt").read_text(encoding="utf-8")
    assert [kind for kind, _ in _read(text)] == ["find-netroute"]
    one_only = "PS C:\\> Get-NetRoute -DestinationPrefix 0.0.0.0/0 | fl\n\nDestinationPrefix : 0.0.0.0/0\nNextHop : 10.1.0.1\nInterfaceAlias : Ethernet\n"
    assert [kind for kind, _ in _read(one_only)] == ["get-netroute"]


def test_resolvectl_is_no_ipconfig() -> None:
    """Its labels hold DNS and colons as those of Windows do."""
    text = (FOLDER / "resolvectl-status" / "link.txt").read_text(encoding="utf-8")
    for lines in (text, text.split("\n", 1)[1], "\n".join(text.split("\n")[6:])):
        assert {kind for kind, _ in _read(lines)} == {"resolvectl-status"}


@pytest.mark.parametrize(("word", "address"), [
    ("10.0.0.4", "10.0.0.4"), ("10.0.0.4:5353", "10.0.0.4"), ("1.1.1.1#cloudflare-dns.com", "1.1.1.1"), ("fe80::1%2", "fe80::1"),
    ("[2001:db8::1]:53", "2001:db8::1"), ("dns.corp.example", ""), ("", ""),
])  # fmt: skip
def test_a_server_is_its_address(word: str, address: str) -> None:
    """Without port, zone and the name of its certificate."""
    assert server(word) == address


def test_the_longest_suffix_decides_where_a_name_is_asked() -> None:
    """A rule for the name itself, then the longest suffix, then the servers of all names."""
    rows = [
        resolver_row(["192.168.7.1"], interface="wlan0", everything=True),
        resolver_row(["10.0.1.4"], interface="tun0", names=["~windows.net"], everything=False),
        resolver_row(["10.0.1.5"], interface="tun1", names=[".database.windows.net"], everything=False),
        resolver_row(["10.0.1.9"], exact=["database.windows.net"], everything=False, rule=True),
    ]
    assert asked_for(HOST, rows).servers == ("10.0.1.5",) and asked_for(HOST, rows).by == "database.windows.net"
    assert asked_for("www.windows.net.", rows).servers == ("10.0.1.4",)
    assert asked_for("windows.net.example", rows).servers == ("192.168.7.1",)
    assert asked_for("xdatabase.windows.net", rows).servers == ("10.0.1.4",)
    assert asked_for("corp.example", rows[1:]).servers == ()


def test_a_rule_without_servers_sends_no_name_anywhere() -> None:
    """It may ask for DNSSEC alone, or keep a name from DirectAccess."""
    rows = [resolver_row([], names=[".database.windows.net"], everything=False, rule=True), resolver_row(["10.1.0.4"])]
    assert asked_for(HOST, rows).servers == ("10.1.0.4",)


def test_the_last_connection_of_a_log_counts() -> None:
    """Routes of an earlier one are not those of now."""
    push = "2026-11-20 09:00:03 PUSH: Received control message: 'PUSH_REPLY,route {} 255.255.0.0,ifconfig 172.16.201.2 255.255.255.0'\n"
    (one,) = read_pastes(push.format("10.0.0.0") + push.format("10.7.0.0")).readings
    assert [row["prefix"] for row in one.rows if row["what"] == "route"] == ["10.7.0.0/16"]
    assert any("several connections" in note for note in one.notes)


def test_a_push_reply_that_is_cut_off_is_not_whole() -> None:
    """The routes after the cut are missing."""
    (one,) = read_pastes(
        "2026-11-20 09:00:03 PUSH: Received control message: 'PUSH_REPLY,route 10.0.0.0 255.255.0.0,rou"
    ).readings
    assert not one.whole


FIXTURES = sorted(FOLDER.glob("*/*.txt"))


def _broken_at(text: str, width: int) -> str:
    """As a terminal hands out lines that are longer than its window."""
    return "".join(
        line[at : at + width] + "\n" for line in text.splitlines() for at in range(0, max(len(line), 1), width)
    )


@pytest.mark.parametrize("width", [80, 120])
def test_lines_that_a_window_broke_are_put_together(width: int) -> None:
    """Of the fixtures with longer lines nearly all read as before; what is not put together is told as read in part."""
    same, other = [], []
    for file in FIXTURES:
        text = file.read_bytes().decode("utf-8", "replace")
        if max(map(len, text.splitlines())) > width:
            (same if _read(_broken_at(text, width)) == _read(text) else other).append(file.stem)
    assert len(same) > 5 * len(other), other


def test_a_line_that_happens_to_be_as_long_as_a_window_stays_alone() -> None:
    """Put together, it would be understood no better."""
    row = "10.0.0.0/16 via 10.1.0.1 dev eth0 proto static src 10.1.0.4 metric 100 mtu 15000"
    assert len(row) == 80
    (one,) = read_pastes(f"$ ip route\n{row}\n10.2.0.0/16 via 10.1.0.1 dev eth0\n$ \n").readings
    assert [each["prefix"] for each in one.rows] == ["10.0.0.0/16", "10.2.0.0/16"]


def test_a_table_of_another_name_keeps_it_behind_a_blank_line() -> None:
    """Read as the main table, its routes would be those that decide."""
    (one,) = read_pastes(
        "$ sudo ip route show table 100\n\ndefault via 10.9.0.9 dev eth1\n10.4.0.0/16 via 10.9.0.7 dev eth0\n"
    ).readings
    assert {row["table"] for row in one.rows} == {"100"}


@pytest.mark.parametrize("text", [
    "$ ip route get 10.0.0.4\n10.0.0.4 via 172.16.201.1 dev tun0 src 172.16.201",
    "PS C:\\> Find-NetRoute -RemoteIPAddress 10.0.0.4\n\nIPAddress : 10.1.0.4\n\nDestinationPrefix : 0.0.0.0/0\nInterfaceAlias : Ethernet\nNextHop : 10.1",
    "$ route -n get 10.0.0.4\n   route to: 10.0.0.4\ndestination: default\n    gateway: 10.1.0.1\n  interface: en0\n",
])  # fmt: skip
def test_an_answer_that_is_cut_off_is_not_whole(text: str) -> None:
    """The engine takes whole answers alone."""
    (one,) = read_pastes(text).readings
    assert not one.whole


def test_of_a_push_reply_that_is_cut_off_the_last_option_is_no_row() -> None:
    """Its rest may say that the route leads past the tunnel."""
    (one,) = read_pastes(
        "2026-11-20 09:00:03 PUSH: Received control message: 'PUSH_REPLY,route 10.0.0.0 255.255.0.0,route 10.5.0.0 255.255.0.0"
    ).readings
    assert [row["prefix"] for row in one.rows if row["what"] == "route"] == ["10.0.0.0/16"] and not one.whole


def test_a_source_address_that_is_cut_off_is_none() -> None:
    """A piece of it would be taken for an address outside of the client pool."""
    text = f"PS C:\\> Test-NetConnection {HOST} -Port 1433\n\nComputerName     : {HOST}\nRemoteAddress    : 10.0.0.4\nRemotePort       : 1433\nInterfaceAlias   : vnet\nSourceAddress    : 172.16\n"
    (one,) = read_pastes(text).readings
    assert one.rows[0]["source"] == ""


def test_a_log_of_another_program_beside_it_is_left_for_others() -> None:
    """It writes the same time before its lines; an error of a driver among them must not be swallowed."""
    text = (FOLDER / "openvpn-log" / "linux.txt").read_text(encoding="utf-8")
    error = "2026-11-20 09:00:09 ERROR app SqlException (0x80131904): The wait operation timed out"
    pastes = read_pastes(f"{text}{error}\n")
    assert [line.text for line in pastes.left] == [error]
