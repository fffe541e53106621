"""What is pasted beside the usual: hostile, broken, foreign; and the real specimens where they lie beside this checkout."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mi_workbook.cli import main
from mi_workbook.core.errors import InputError
from mi_workbook.evidence.pastes import formats, recognise, route_print
from mi_workbook.evidence.pastes.as_machine import is_complete, tables_of
from mi_workbook.evidence.pastes.recognise import LARGEST, read_pastes

FIXTURES = Path(__file__).parent / "fixtures"
PIECES = [
    "=" * 75, "10.0.0.0 255.0.0.0 On-link 10.0.0.4 25", "10.0.0.0 255.0.0.0 10.0.0.1 1", "Active Routes:", "None", "", "```",
    " 12...aa bb cc dd ee ff ......X", " 12    281 ::/0     fe80::1", "default via 10.0.0.1 dev eth0", "\tnexthop via 10.0.0.2 dev eth1",
    "10.0.0.0 0.0.0.0 255.0.0.0 U 0 0 0 eth0", "Internet:", "Destination Gateway Flags Netif Expire", "10.4/16 link#4 UCS en0 !",
    "   IPv4 Address. . . . . : 10.0.0.4", "   Subnet Mask . . . . . : 255.0.0.0", "PPP adapter x:", "ADD 10.0.0.0 MASK 255.0.0.0 default",
    "ADD 10.0.0.0 MASK", '[{"dst":"default","dev":"eth0"}]', '[{"dst":', '{"DestinationPrefix": "10.0.0.0/8", "NextHop": "0.0.0.0"}',
    "ifIndex DestinationPrefix NextHop RouteMetric", "12 10.0.0.0/8 0.0.0.0 1", "DestinationPrefix : 10.0.0.0/8", "NextHop : ::",
    '"DestinationPrefix";"NextHop"', '"10.0.0.0/8";"10.0.0.1"', "No Manual 0 0.0.0.0/0 16 10.0.0.1", "--- --- --- --- --- ---",
    "<AzVpnProfile>", "</AzVpnProfile>", "<fqdn>a.b</fqdn>", "<VpnProfile><Routes>10.0.0.0/8</Routes>", "client", "dev tun", "remote a 443",
    "<key>", "</key>", "route 10.0.0.0 255.0.0.0", "Hello there", "C:\\>route print", "\x00\ufffd\x1b[31m", "١٢٣ ٤", "999.999.999.999 255.0.0.0",
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=30)), min_size=1, max_size=25))
def test_every_line_is_accounted_for_and_nothing_raises(pieces: list[str]) -> None:
    """A line that is not blank is in exactly one reading, or left over, or a repeated command."""
    text = "\n".join(pieces)
    if not text.strip():
        return
    pastes = read_pastes(text)
    spans = [number for one in pastes.readings for number in range(one.span[0], one.span[1] + 1)]
    loose = [line.number for line in (*pastes.left, *pastes.commands)]
    assert len(spans) == len(set(spans)) and not set(spans) & set(loose)
    filled = {line.number for line in recognise.clean_lines(text) if line.text.strip()}
    assert filled <= set(spans) | set(loose)
    assert all("our" not in note or "ours" not in note for one in pastes.readings for note in one.notes)


@pytest.mark.parametrize("kind", [parser.KIND for parser in formats.FORMATS])
@settings(max_examples=15, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=30)), min_size=1, max_size=12))
def test_a_format_that_is_named_reads_any_text(kind: str, pieces: list[str]) -> None:
    """`--as` with the wrong kind gives lines that are not understood, never a crash."""
    if "\n".join(pieces).strip():
        (reading,) = read_pastes("\n".join(pieces), kind).readings
        assert reading.kind == kind and not any("fault is ours" in note for note in reading.notes)


def test_bounds_and_names_are_bad_input() -> None:
    """Nothing, too much, and a kind that does not exist."""
    for text, kind in (("", ""), (" \n\t", ""), ("x" * (LARGEST + 1), ""), ("x\n" * 100_001, ""), ("x", "no-such")):
        with pytest.raises(InputError):
            read_pastes(text, kind)


def test_our_own_crash_costs_one_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """A parser that fails says so; the others go on, and its lines are shown."""

    def broken(lines: object) -> object:
        raise ZeroDivisionError

    text = (FIXTURES / "routes-txt/mask.txt").read_text() + "\n" + (FIXTURES / "route-print/en-4.txt").read_text()
    monkeypatch.setattr(formats.routes_txt, "read", broken)
    first, second = read_pastes(text).readings
    assert not first.whole and len(first.left) == 3 and "fault is ours" in first.notes[0]
    assert second.kind == "route-print" and second.whole


BOMB = '<!DOCTYPE a [<!ENTITY x "lol"><!ENTITY y "&x;&x;&x;&x;">]>\n<AzVpnProfile>\n<fqdn>&y;</fqdn>\n</AzVpnProfile>\n'


@pytest.mark.parametrize("text", [
    BOMB, BOMB.replace("AzVpnProfile", "VpnProfile"),
    '<AzVpnProfile>\n<!DOCTYPE a SYSTEM "file:///etc/passwd">\n<fqdn>a.b</fqdn></AzVpnProfile>',
    '<!ENTITY % x SYSTEM "http://a.example/x">\n<AzVpnProfile><fqdn>a.b</fqdn></AzVpnProfile>',
])  # fmt: skip
def test_a_document_type_is_refused(text: str) -> None:
    """No entity is expanded and nothing of such a file is believed."""
    (reading,) = read_pastes(text).readings
    assert reading.rows == () and not reading.whole and "DTD" in reading.notes[0]


@pytest.mark.parametrize("text", [
    '[{"dst":"10.0.0.0/8","dev":"eth0","metric":' + "9" * 5000 + "}]",
    '[{"dst":"10.0.0.0/8","dev":' + "[" * 5000, '{"DestinationPrefix":' + '{"a":' * 5000,
    '[{"dst":null,"dev":3},{"dst":["x"]},7,{"dst":"10.0.0.0/8","nexthops":[5]}]',
])  # fmt: skip
def test_absurd_json_is_not_whole(text: str) -> None:
    """Numbers and nesting without end, wrong types: nothing of it becomes a route, and that is said."""
    pastes = read_pastes(text)
    assert not pastes.whole and not any(reading.rows for reading in pastes.readings)


@pytest.mark.parametrize(("line", "why"), [
    ("10.0.0.0    255.0.255.0    On-link    10.0.0.4    25", "a mask with holes"),
    ("10.0.0.7    255.255.255.0    On-link    10.0.0.4    25", "bits below the mask"),
    ("10.0.0.0    255.255.255.0    10.0.0.4    25", "a column is missing between active rows"),
    ("10.0.0.0    255.255.255.0    On-link    10.0.0.4", "the metric is missing"),
    ("10.0.0.999    255.255.255.0    On-link    10.0.0.4    25", "no address"),
])  # fmt: skip
def test_a_damaged_row_is_shown_and_never_guessed(line: str, why: str) -> None:
    """Put between sound rows, it is left over, and the table is not whole."""
    text = (FIXTURES / "route-print/en-4.txt").read_text()
    sound = next(row for row in text.splitlines() if "On-link" in row)
    (reading,) = read_pastes(text.replace(sound, f"{sound}\n{line}", 1)).readings
    assert [left.text.strip() for left in reading.left] == [line], why
    assert not reading.whole


def test_words_between_rows_are_not_taken_for_a_heading() -> None:
    """A remark that somebody wrote into the table is shown."""
    text = (FIXTURES / "route-print/en-4.txt").read_text()
    sound = next(row for row in text.splitlines() if "On-link" in row)
    (reading,) = read_pastes(text.replace(sound, f"{sound}\nthis one puzzles me", 1)).readings
    assert [left.text for left in reading.left] == ["this one puzzles me"]


def test_one_table_only_says_which_is_missing() -> None:
    """IPv6 only is said; so is a first table after which the second may have been cut off."""
    (six,) = read_pastes((FIXTURES / "route-print/en-6.txt").read_text()).readings
    assert any("Only IPv6" in note for note in six.notes)
    both = (FIXTURES / "route-print/en-both.txt").read_text()
    (four,) = read_pastes(both[: both.index("IPv6 Route Table")]).readings
    assert any("No IPv6 table" in note for note in four.notes)
    (asked,) = read_pastes("C:\\>route print\n" + both[: both.index("IPv6 Route Table")]).readings
    assert not asked.whole


def test_the_answer_to_one_question_is_no_route() -> None:
    """`ip route get` prints a line in the shape of a route: it is one address's answer, not the table."""
    pastes = read_pastes("10.40.0.4 via 10.30.0.1 dev eth0 src 10.30.0.8 uid 1000 \n    cache\n")
    assert [reading.kind for reading in pastes.readings] == ["ip-route-get"] and not pastes.left
    assert tables_of(pastes.readings) == ()


def test_a_profile_that_is_never_closed_keeps_its_key() -> None:
    """The rest of an open <key> is dropped, and the profile is not whole."""
    text = "client\ndev tun\nremote a.example 443\n<key>\nPLANTED\nremote b.example 443\n"
    (reading,) = read_pastes(text).readings
    assert [row["name"] for row in reading.rows] == ["a.example"] and not reading.whole
    assert "PLANTED" not in repr(reading)


@pytest.mark.parametrize(("text", "code"), [
    ("ADD 10.40.0.0 MASK 255.255.0.0 default METRIC default IF default", 0),
    ("see below\nADD 10.40.0.0 MASK 255.255.0.0 default METRIC default IF default", 3),
    ("nothing that is known", 2), ("", 2),
])  # fmt: skip
def test_parse_exit_codes(text: str, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0: all of it; 3: only in part; 2: nothing recognised or nothing there."""
    file = tmp_path / "paste.txt"
    file.write_text(text)
    assert main(["parse", str(file)]) == code
    assert main(["parse", str(file), "--json"]) == code
    assert "Traceback" not in "".join(capsys.readouterr())


def test_parse_json_is_the_stable_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Schema, readings with their lines, and what nobody understood; UTF-16 as PowerShell writes it."""
    file = tmp_path / "paste.txt"
    file.write_text("hm\r\nADD 10.40.0.0 MASK 255.255.0.0 default\r\nADD 10.41.0.0 MASK\r\n", encoding="utf-16")
    main(["parse", str(file), "--json"])
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "mi-workbook/parse/1" and document["not_understood"] == [{"line": 1, "text": "hm"}]
    (reading,) = document["readings"]
    assert set(reading) == {"kind", "title", "about", "rows", "not_understood", "notes", "whole", "lines"}
    assert reading["lines"] == [2, 3] and reading["not_understood"] == [{"line": 3, "text": "ADD 10.41.0.0 MASK"}]


def test_parse_as_a_wrong_kind_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A kind nobody knows names those that exist; a kind that reads nothing is not a success."""
    file = tmp_path / "paste.txt"
    file.write_text("ADD 10.40.0.0 MASK 255.255.0.0 default")
    assert main(["parse", str(file), "--as", "nothing"]) == 2
    assert "routes-txt" in capsys.readouterr().err
    assert main(["parse", str(file), "--as", "ip-route"]) == 2
    assert main(["parse", str(file), "--as", "routes-txt"]) == 0


def test_hostile_text_is_shown_and_not_obeyed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Marks that turn the reading direction and terminal commands do not reach the terminal."""
    file = tmp_path / "paste.txt"
    file.write_text("\x1b]0;owned\x07\x1b[2J\u202eevil [bold]x[/bold]\x9b\nADD 10.40.0.0 MASK 255.255.0.0 default")
    main(["parse", str(file)])
    shown = capsys.readouterr().out
    assert not set(shown) & {"\x1b", "\x9b", "\u202e", "\x07"} and "[bold]x[/bold]" in shown


COUNTS = {
    "azure_p2s_client_linux_netstat_rn": ("linux-netstat", 10), "jc_ubuntu-18.04_ip_route.out": ("ip-route", 4),
    "jc_windows_windows-10_route.out": ("route-print", 9 + 44 + 1 + 29), "netstat_rn_macos": ("macos-netstat", 38),
    "route_print_de_win7_two_nics": ("route-print", 6 + 16 + 15), "route_print_ptbr_winxp": ("route-print", 4 + 9),
    "route_print_zhcn_two_defaults": ("route-print", 2 + 2),
}  # fmt: skip


@pytest.mark.parametrize("name", COUNTS)
def test_real_specimens_are_read_whole(name: str, data: Path) -> None:
    """Every row of the real texts, with nothing left over."""
    pastes = read_pastes((data / "route_texts" / f"{name}.txt").read_text(encoding="utf-8"))
    assert [(reading.kind, len(reading.rows)) for reading in pastes.readings] == [COUNTS[name]]
    assert pastes.whole


def test_the_seed_specimen_is_read_whole(data: Path) -> None:
    """The route table of the first document, whose separator is glued to a word."""
    text = (data.parent / "seeds/000_843aff84ec3b85ac.txt").read_text(encoding="utf-8")
    start = text.index("C:\\ >route print -4")
    (reading,) = read_pastes(text[start : text.index("```", start)]).readings
    routes = [(row["prefix"], row["interface"]) for row in reading.rows if row["what"] == "route"]
    assert routes == [("0.0.0.0/0", "10.83.74.112"), ("10.0.0.0/24", "172.26.34.2"), ("10.4.0.0/24", "172.26.34.2")]
    assert {"what": "interface", "index": 57, "mac": "", "name": "rndatavnet"} in reading.rows
    assert reading.whole and reading.kind == route_print.KIND


def test_words_of_the_mail_around_a_table_are_left_over() -> None:
    """A greeting that ends in a colon is no heading, nor is a sentence with an address and a mask a table."""
    text = "Hi all, from my machine:\n\n" + (FIXTURES / "route-print/de-both.txt").read_text(encoding="utf-8")
    pastes = read_pastes(text + "\nThe peer has 10.0.0.0 255.255.0.0 as its range.\nBest\n")
    assert pastes.left[0].number == 1 and len(pastes.left) == 3
    assert len(pastes.readings) == 1
    assert read_pastes("Our range:\n10.0.0.0 255.255.0.0 is what we use").readings == ()


def test_an_adapter_without_its_heading_is_no_list_of_suffixes() -> None:
    """The code page of the way here broke words and dots (a French PC's output in a public repository has this shape)."""
    text = (
        "   Adresse IPv4. . . . . . . . . . . . . .: 192.168.77.21(pr\u00e6\u00f2\u00a9)\n"
        "   Masque de sous-r\u00f3eau. . . .?? . . . : 255.255.255.0\n"
        "   Passerelle par d\u00e6aut. . . .?? . . . : 192.168.77.254\n"
        "   Serveurs DNS. . .  . . . . . . . . . . : 10.4.0.10\n"
    )
    (row,) = read_pastes(text).readings[0].rows
    assert (row["what"], row["addresses"], row["gateways"]) == ("adapter", ["192.168.77.21/24"], ["192.168.77.254"])
    assert (row["dns_servers"], row["suffix"], row["description"]) == (["10.4.0.10"], "", "")


def test_dots_that_stand_for_rows_make_the_table_incomplete() -> None:
    """Both sides of the gap say so, in every form in which people mark one."""
    for gap in ("\u2026", "...", "[...]", "<snip>", "[snipped]"):
        text = f"$ ip route\ndefault via 10.9.0.1 dev eth0\n{gap}\n10.4.0.0/16 via 10.9.0.7 dev eth0\n$ exit\n"
        readings = read_pastes(text).readings
        assert [one.whole for one in readings] == [False, False], gap
        assert not any(is_complete(one) for one in readings)


def test_a_table_asked_for_by_its_number_is_not_the_main_one() -> None:
    """Its routes count only where a rule leads to it, so they must not pass for those of every packet."""
    text = '$ ip -j route show table 100\n[{"dst":"default","gateway":"10.9.0.9","dev":"eth1","flags":[]}]\n$ exit\n'
    assert [row["table"] for row in read_pastes(text).readings[0].rows] == ["100"]
    main = text.replace("table 100", "table main")
    assert [row["table"] for row in read_pastes(main).readings[0].rows] == ["main"]
