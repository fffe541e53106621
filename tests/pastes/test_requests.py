"""A request to copy: safe for its shell, bounded, and the paste of its whole output is understood piece by piece."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from mi_workbook.cli import main
from mi_workbook.core.errors import InputError
from mi_workbook.diagnosis.pasted_answers import PLACES, conclude
from mi_workbook.evidence.files import load
from mi_workbook.evidence.pastes.answers import ANSWERS
from mi_workbook.guide.requests import SHELLS, places, request

from .read_answers import readings_of

MI = "mi-orders.a1b2c3d4e5f6.database.windows.net"
TR = "tr4821.westeurope1-a.worker.vnet.database.windows.net"
OURS = {parser.KIND for parser in ANSWERS}
TABLES = {"route-print", "ipconfig", "ip-route", "macos-netstat"}
PROMPTS = {"powershell": "PS C:\\Users\\ops> ", "cmd": "C:\\home>", "bash": "ops@host:~$ "}
BAR = "=" * 75 + "\n"
OUTPUT = {
    "resolve-dnsname": f"\nName                           Type   TTL   Section    NameHost\n----                           ----   ---   -------    --------\n"
    f"mi-orders.a1b2c3d4e5f6.databas CNAME  300   Answer     {TR}\ne.windows.net\n\nName       : {TR}\nQueryType  : A\nTTL        : 60\nSection    : Answer\n"
    "IP4Address : 10.4.0.62\n\n\n",
    "test-netconnection": f"\n\nComputerName     : {MI}\nRemoteAddress    : 10.4.0.62\nRemotePort       : 1433\nInterfaceAlias   : vnet-hub\n"
    "SourceAddress    : 172.26.34.2\nTcpTestSucceeded : True\n\n\n\n",
    "system-names": f"10.4.0.62       {TR} {MI}\n",
    "dig": f"\n; <<>> DiG 9.18.28 <<>> {MI}\n;; global options: +cmd\n;; Got answer:\n;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 4\n\n"
    f";; ANSWER SECTION:\n{MI}. 300 IN CNAME {TR}.\n{TR}. 60 IN A 10.4.0.62\n\n;; Query time: 3 msec\n;; SERVER: 10.1.0.4#53(10.1.0.4) (UDP)\n"
    ";; MSG SIZE  rcvd: 130\n\n",
    "nc": f"Connection to {MI} (10.4.0.62) 1433 port [tcp/ms-sql-s] succeeded!\n",
    "curl": f"*   Trying 10.4.0.62:1433...\n* Connected to {MI} (10.4.0.62) port 1433 (#0)\n* Closing connection 0\n",
    "environment": "WEBSITE_PRIVATE_IP=10.9.1.254\n",
    "nameresolver": f"Server: Default\n\nNon-authoritative answer:\nName: {TR}\nAddresses:\n\t10.4.0.62\nAliases:\n\t{TR}\n\n",
    "tcpping": f"Connected to {MI}:1433, time taken: 9ms\nConnected to {MI}:1433, time taken: 4ms\nComplete: 2/2 successful attempts (100%). Average success time: 6.5ms\n\n",
    "route-print": f"{BAR}Interface List\n 57...........................vnet-hub\n  8...00 ff 58 60 5f 61 ......Ethernet\n{BAR}\nIPv4 Route Table\n{BAR}Active Routes:\n"
    "Network Destination        Netmask          Gateway       Interface  Metric\n"
    "          0.0.0.0          0.0.0.0     192.168.1.1    192.168.1.20     30\n"
    f"         10.4.0.0    255.255.255.0         On-link       172.26.34.2     43\n{BAR}Persistent Routes:\n  None\n",
    "ipconfig": "\nWindows IP Configuration\n\n   Host Name . . . . . . . . . . . . : pc01\n   Node Type . . . . . . . . . . . . : Hybrid\n\n"
    "Ethernet adapter Ethernet:\n\n   Connection-specific DNS Suffix  . : corp.contoso.example\n"
    "   IPv4 Address. . . . . . . . . . . : 192.168.1.20(Preferred)\n   Subnet Mask . . . . . . . . . . . : 255.255.255.0\n"
    "   Default Gateway . . . . . . . . . : 192.168.1.1\n   DNS Servers . . . . . . . . . . . : 10.1.0.4\n                                       10.1.0.5\n\n",
    "ip-route": "default via 10.9.0.1 dev eth0\n10.9.0.0/24 dev eth0 proto kernel scope link src 10.9.0.4\n",
    "macos-netstat": "Routing tables\n\nInternet:\nDestination        Gateway            Flags               Netif Expire\n10.4/24            172.26.34.2        UGSc                utun4\n\n",
}  # fmt: skip


@pytest.mark.parametrize("place", [name for name, _ in places()])
def test_the_whole_output_of_a_request_is_understood_piece_by_piece(place: str) -> None:
    """As a person sends it: prompts, commands and outputs of the whole window, in the order of the block."""
    asked = request(place, MI)
    window = "".join(f"{PROMPTS[asked.shell]}{one.run}\n{OUTPUT[one.reads]}" for one in asked.commands)
    found = readings_of(window)
    assert [one.kind for one in found] == [one.reads for one in asked.commands if one.reads in OURS]
    for one in found:
        assert one.rows and one.whole and not one.left, one.kind
        assert one.about in {MI, ""}
    assert not [one for one in conclude(found, None, asked.place) if one.weight == "blocked"]
    assert any(one.id == "tcp-open-1433" for one in conclude(found, None, asked.place))


@pytest.mark.parametrize("place", [name for name, _ in places()])
def test_nothing_of_a_window_is_left_over_by_the_whole_recognition(place: str) -> None:
    """With the parsers of tables beside those of answers: every line has a reading, or is a command."""
    recognise = pytest.importorskip("mi_workbook.evidence.pastes.recognise", reason="tables are not read in this tree")
    asked = request(place, MI)
    window = "".join(f"{PROMPTS[asked.shell]}{one.run}\n{OUTPUT[one.reads]}" for one in asked.commands)
    seen = recognise.read_pastes(window)
    assert [one.kind for one in seen.readings] == [one.reads for one in asked.commands]
    assert not seen.left and all(not one.left for one in seen.readings)


def test_every_place_of_the_issue_has_a_request_and_every_command_a_reader() -> None:
    """Customer's laptop on three systems, VM on two, the app's console on two, on premises."""
    ids = {name for name, _ in places()}
    assert ids == {
        "laptop-windows", "laptop-macos", "laptop-linux", "vm-windows", "vm-linux", "app-service-windows", "app-service-linux",
        "on-premises-windows", "on-premises-linux",
    }  # fmt: skip
    for name in ids:
        asked = request(name, MI)
        assert asked.shell in SHELLS and asked.place in PLACES and asked.opens and asked.takes
        for one in asked.commands:
            assert one.reads in OURS | TABLES and one.why and "{" not in one.run


def test_commands_are_bounded_need_no_administrator_and_print_no_secret() -> None:
    """A tool that can hang has its limit; nothing lists the whole environment or changes anything."""
    for name, _ in places():
        for one in request(name, MI, [1433, 3342]).commands:
            words = one.run.split()
            tool = words[0].lower()
            assert not {"sudo", "runas", "start-process"} & {word.lower() for word in words}
            assert one.run.strip().lower() not in {"env", "set", "printenv"}
            assert tool != "nc" or {"-w", "-G"} & set(words)
            assert tool != "curl" or "--max-time" in words
            assert tool != "dig" or ("+time=3" in words and "+tries=1" in words)
            assert not re.search(r"\b(?:rm|del|add|delete|install|flushdns|netsh|iptables)\b", one.run.lower())


def test_ports_and_names_are_taken_as_an_application_has_them() -> None:
    """Port behind a comma, the public name's own port, several ports in one block."""
    assert ":3342" in request("app-service-windows", MI.replace(".", ".public.", 1)).block
    assert "-Port 11000" in request("vm-windows", f"tcp:{MI},11000").block
    assert request("vm-linux", MI, [1433, 11000, 1433]).block.count("nc -vz") == 2
    assert "Redirect" in request("vm-linux", MI).note and request("vm-linux", MI, [3342]).note == ""
    message = request("laptop-windows", MI).message
    assert request("laptop-windows", MI).block in message and "administrator" in message


@pytest.mark.parametrize(
    "server",
    ["", "mi", "mi;rm -rf /.x.y", "$(id).a.b", "a`b.c.d", "a'b.c.d", "a&calc.c.d", "%PATH%.c.d", "a b.c.d", "-x.a.b", "a..b", "a." * 200 + "b", "mi\n.a.b", "ä.b.c"],
)  # fmt: skip
def test_a_hostile_name_never_reaches_a_shell(server: str) -> None:
    """Only letters, digits, hyphens and dots do."""
    for name, _ in places():
        with pytest.raises(InputError):
            request(name, server)


def test_bad_ports_and_places_are_bad_input() -> None:
    """Named, with a remedy."""
    for ports in ([0], [65536], list(range(1, 10))):
        with pytest.raises(InputError):
            request("vm-linux", MI, ports)
    with pytest.raises(InputError, match="moon"):
        request("moon", MI)


def test_the_name_is_one_word_of_its_shell() -> None:
    """Quotes are closed, and nothing of the name is read as a sign of the shell."""
    for name, _ in places():
        for one in request(name, MI).commands:
            named = [word for word in shlex.split(one.run) if MI in word]
            assert bool(named) == (MI in one.run)
            assert all(re.fullmatch(r"[\w.:/-]+", word) for word in named)


@pytest.mark.parametrize("place", [name for name, _ in places()])
def test_the_request_and_its_answer_go_round_on_the_command_line(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`request` prints the commands; the whole window that comes back is parsed, judged and evidence for a diagnosis."""
    assert main(["request", place, MI, "--json"]) == 0
    asked = json.loads(capsys.readouterr().out)
    window = "".join(f"{PROMPTS[asked['shell']]}{one['run']}\n{OUTPUT[one['reads']]}" for one in asked["commands"])
    sent = tmp_path / "sent.txt"
    sent.write_text(f"{window}{PROMPTS[asked['shell']]}\n".replace("\n", "\r\n"), encoding="utf-16")
    assert main(["parse", str(sent), "--place", asked["place"], "--json"]) == 0
    read = json.loads(capsys.readouterr().out)
    assert [one["kind"] for one in read["readings"]] == [one["reads"] for one in asked["commands"]]
    assert "open" in {one["weight"] for one in read["told"]} and "blocked" not in {
        one["weight"] for one in read["told"]
    }
    assert load(sent).observations


def test_request_lists_its_places_and_refuses_what_it_cannot_ask(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a place the list; without a server, or with one that is none, bad input."""
    assert main(["request"]) == 0 and "app-service-linux" in capsys.readouterr().out
    assert main(["request", "laptop-windows", MI, "--port", "3342"]) == 0 and "-Port 3342" in capsys.readouterr().out
    for words in (
        ["laptop-windows"],
        ["the-moon", MI],
        ["laptop-windows", "a; rm -rf /"],
        ["vm-linux", MI, "--port", "0"],
    ):
        assert main(["request", *words]) == 2
    assert "Traceback" not in capsys.readouterr().err
