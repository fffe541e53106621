"""Pasted routes against the gateway's own: what a point-to-site client sends into the tunnel, and why it does not."""

import json

import pytest

from mi_workbook.cases import case
from mi_workbook.checks.catalogue import load
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.client_routes import ClientRoutes, _texts, judge_client
from mi_workbook.evidence.machine import chosen_route
from mi_workbook.evidence.pastes.as_machine import machine_of
from mi_workbook.evidence.pastes.recognise import read_pastes
from mi_workbook.network.network import Network

BAR = "=" * 75
GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-data/providers"
INSTANCE = f"{GROUP}/Microsoft.Sql/managedInstances/mi-orders"
GATEWAY = f"{GROUP}/Microsoft.Network/virtualNetworkGateways/vgw-data"
LOOPBACK = "127.0.0.0 255.0.0.0 On-link 127.0.0.1 331"
ASKED = "anna@build-7:~$ ip -j route\n"
HOME = [LOOPBACK, "0.0.0.0 0.0.0.0 192.168.7.1 192.168.7.23 25", "192.168.7.0 255.255.255.0 On-link 192.168.7.23 281"]
CLIENT = "172.16.201.2 255.255.255.255 On-link 172.16.201.2 301"
VNET = "10.0.0.0 255.255.0.0 On-link 172.16.201.2 46"
PACKAGE = "ADD {} MASK 255.255.0.0 default METRIC default IF default\n"


PUSH = "\n2026-11-20 09:00:03 PUSH: Received control message: 'PUSH_REPLY,route {} 255.255.0.0,ifconfig 172.16.201.2 255.255.255.0'\n"


def _print(*rows: str) -> str:
    """A whole `route print -4`. The subnet of the instance is 10.0.0.0/27, the client pool 172.16.201.0/24."""
    head = f"C:\\>route print -4\n{BAR}\nInterface List\n 57...........................vnet-data\n{BAR}\n\nIPv4 Route Table\n{BAR}\n"
    columns = "Active Routes:\nNetwork Destination Netmask Gateway Interface Metric\n"
    return head + columns + "".join(f"{row}\n" for row in rows) + f"{BAR}\nPersistent Routes:\n  None\n"


def _judged(text: str) -> ClientRoutes:
    network = Network(case("developer-box-sound").snapshot())
    return judge_client(network, INSTANCE, GATEWAY, read_pastes(text).readings)


@pytest.mark.parametrize(("text", "verdict", "first", "fault"), [
    (_print(*HOME, CLIENT, VNET), "reachable", "in-tunnel", ""),
    (_print(*HOME, CLIENT, "0.0.0.0 128.0.0.0 On-link 172.16.201.2 46"), "reachable", "in-tunnel", ""),
    (_print(*HOME), "blocked", "tunnel-down", ""),
    (_print(*HOME, CLIENT), "blocked", "missing", ""),
    (_print(*HOME, CLIENT) + PACKAGE.format("10.0.0.0"), "blocked", "missing-from-table", "p2s-route-missing"),
    (_print(*HOME, CLIENT) + PUSH.format("10.0.0.0"), "blocked", "pushed-not-set", "p2s-route-missing"),
    (_print(*HOME, CLIENT) + PUSH.format("10.9.0.0"), "blocked", "missing", ""),
    (_print(*HOME, CLIENT) + PACKAGE.format("10.9.0.0"), "blocked", "stale-package", "p2s-package-stale"),
    (_print(*HOME, CLIENT, VNET, "10.0.0.0 255.255.255.0 192.168.7.1 192.168.7.23 26"), "blocked", "wrong-interface", "p2s-wrong-interface"),
    (_print(*HOME, CLIENT, VNET, "10.0.0.0 255.255.0.0 192.168.7.1 192.168.7.23 26"), "blocked", "wrong-interface", "p2s-wrong-interface"),
    (_print(*HOME, CLIENT, "10.0.0.0 255.255.255.0 192.168.7.1 192.168.7.23 26"), "blocked", "local-capture", "p2s-wrong-interface"),
    (_print(*HOME, CLIENT, "10.0.0.0 255.0.0.0 192.168.7.1 192.168.7.23 26"), "blocked", "missing", ""),
    (_print(*HOME, CLIENT, VNET, "10.0.0.0 255.255.0.0 192.168.7.1 192.168.7.23 46"), "unknown", "equal-routes", ""),
    (_print(*HOME, CLIENT, VNET, "10.0.0.16 255.255.255.240 192.168.7.1 192.168.7.23 26"), "unknown", "partly", ""),
    (_print(*HOME, "172.16.201.0 255.255.255.0 On-link 172.16.201.9 281", VNET, CLIENT), "unknown", "two-tunnels", "p2s-pool-overlap"),
    (_print(LOOPBACK, "0.0.0.0 0.0.0.0 172.16.201.1 172.16.201.9 25", "172.16.201.0 255.255.255.0 On-link 172.16.201.9 281"), "unknown", "two-tunnels", "p2s-pool-overlap"),
    (PACKAGE.format("10.0.0.0"), "unknown", "no-table", ""),
    (_print(*HOME) + "\nC:\\>\n" + _print(*HOME, CLIENT, VNET), "unknown", "several-tables", ""),
])  # fmt: skip
def test_windows(text: str, verdict: str, first: str, fault: str) -> None:
    """The first conclusion decides, and names the fault of the catalogue where there is one."""
    judged = _judged(text)
    assert (judged.verdict.value, judged.conclusions[0].id, judged.conclusions[0].fault) == (verdict, first, fault)


@pytest.mark.parametrize("cut", range(1, 13))
def test_a_table_that_is_cut_proves_nothing(cut: int) -> None:
    """Neither that the tunnel is missing nor that it carries: the rows that are gone may say otherwise."""
    text = _print(*HOME, CLIENT, VNET)
    judged = _judged("\n".join(text.splitlines()[:-cut]))
    assert judged.verdict is Verdict.UNKNOWN and judged.conclusions[0].id in ("incomplete", "no-table")


@pytest.mark.parametrize("text", [
    _print(*HOME[1:], CLIENT), _print(*HOME, CLIENT).replace("print -4", "print -4 10*"),
    '[{"dst":"default","gateway":"192.168.7.1","dev":"eth0","flags":[]}]',
    '$ ip -j route show dev eth0\n[{"dst":"default","gateway":"192.168.7.1","dev":"eth0","flags":[]}]',
])  # fmt: skip
def test_a_table_that_somebody_shortened_proves_nothing(text: str) -> None:
    """Without the loopback network, or asked for with a filter, or with no command to see that it was not."""
    judged = _judged(text)
    assert judged.verdict is Verdict.UNKNOWN and judged.conclusions[0].id == "incomplete"


def test_a_persistent_route_is_no_way() -> None:
    """What is kept for the next start is not in use."""
    kept = "Network Address Netmask Gateway Address Metric\n10.0.0.0 255.255.0.0 172.16.201.2 1\n" + BAR
    assert _judged(_print(*HOME, CLIENT).replace("  None", kept)).conclusions[0].id == "missing"


def test_linux_as_text_is_unknown_and_as_json_is_not() -> None:
    """`ip route` has no end mark, `ip -j route` has."""
    rows = [
        {"dst": "default", "gateway": "192.168.7.1", "dev": "eth0", "flags": []},
        {"dst": "10.0.0.0/16", "gateway": "172.16.201.1", "dev": "tun0", "flags": []},
        {"dst": "172.16.201.0/24", "dev": "tun0", "prefsrc": "172.16.201.2", "flags": []},
    ]
    assert _judged(ASKED + json.dumps(rows)).verdict is Verdict.REACHABLE
    text = "default via 192.168.7.1 dev eth0\n10.0.0.0/16 via 172.16.201.1 dev tun0\n172.16.201.0/24 dev tun0 src 172.16.201.2\n"
    judged = _judged(text)
    assert judged.verdict is Verdict.UNKNOWN and [one.id for one in judged.conclusions] == ["incomplete", "in-tunnel"]
    del rows[1]
    assert _judged(ASKED + json.dumps(rows)).verdict is Verdict.BLOCKED
    assert (
        _judged(ASKED + json.dumps([*rows, {"type": "throw", "dst": "10.0.0.0/8", "flags": []}])).verdict
        is Verdict.UNKNOWN
    )
    assert (
        _judged(ASKED + json.dumps([*rows, {"type": "unreachable", "dst": "10.0.0.0/8", "flags": []}])).verdict
        is Verdict.BLOCKED
    )


@pytest.mark.parametrize(("command", "after", "verdict"), [
    ("anna@build-7:~$ ip route", "anna@build-7:~$ ", "reachable"), ("anna@build-7:~$ ip route", "", "unknown"),
    ("anna@build-7:~$ ip route | grep tun0", "anna@build-7:~$ ", "unknown"), ("ip route", "anna@build-7:~$ ", "unknown"),
    ("anna@build-7:~$ ip route", "that is all", "unknown"),
])  # fmt: skip
def test_the_next_prompt_shows_the_end_of_a_table(command: str, after: str, verdict: str) -> None:
    """Text without an end mark is complete where the command for all of it stands above and a prompt below."""
    rows = "default via 192.168.7.1 dev eth0\n10.0.0.0/16 via 172.16.201.1 dev tun0\n172.16.201.0/24 dev tun0 src 172.16.201.2\n"
    assert _judged(f"{command}\n{rows}{after}\n").verdict.value == verdict


def test_a_mac_is_judged_with_its_prompts() -> None:
    """Scoped routes are for sockets that ask for them; the tunnel is known by its address of the pool."""
    rows = (
        "default 192.168.7.1 UGScg en0\ndefault link#9 UCSIg utun4\n10.0/16 172.16.201.2 UGSc utun4\n"
        "172.16.201.2 172.16.201.2 UH utun4\n192.168.7 link#6 UCS en0 !\n"
    )
    head = "anna@mac ~ % netstat -rn -f inet\nRouting tables\n\nInternet:\nDestination Gateway Flags Netif Expire\n"
    judged = _judged(f"{head}{rows}anna@mac ~ % \n")
    assert (judged.verdict.value, judged.tunnel) == ("reachable", "utun4")
    assert _judged(f"{head}{rows}").verdict is Verdict.UNKNOWN


def test_which_vnets_have_an_entry() -> None:
    """Each VNet the client must reach, with the tunnel's routes for it."""
    (entry,) = _judged(_print(*HOME, CLIENT, VNET)).entries
    assert (entry.vnet, entry.held, entry.routes) == ("vnet-data", "all", ("10.0.0.0/16",))
    (entry,) = _judged(_print(*HOME, CLIENT, VNET.replace("255.255.0.0", "255.255.255.0"))).entries
    assert entry.held == "part"


def test_a_route_of_the_address_class_is_named_beside_the_verdict() -> None:
    """172.16.0.0/16 for the client 172.16.201.2; the way to the instance is judged as before."""
    judged = _judged(_print(*HOME, CLIENT, VNET, "172.16.0.0 255.255.0.0 On-link 172.16.201.2 46"))
    assert judged.verdict is Verdict.REACHABLE
    assert [one.fault for one in judged.conclusions] == ["", "p2s-classful-route"]


def test_a_gateway_that_never_gives_the_route() -> None:
    """Where Azure itself gives no route, a new package is not what is advised."""
    network = Network(case("hub-gateway-not-used").snapshot())
    (instance,) = network.instances()
    gateway = next(one for vnet in ("vnet-hub",) for one in network.gateways_of(_vnet(network, vnet)))
    pool = gateway.pool_prefixes[0].rpartition(".")[0]
    rows = [row.replace("172.16.201", pool) for row in (*HOME, CLIENT)]
    judged = judge_client(network, instance.id, gateway.id, read_pastes(_print(*rows)).readings)
    assert (judged.verdict, judged.conclusions[0].id) == (Verdict.BLOCKED, "never-given")
    assert {entry.held for entry in judged.entries} == {"none"}


def _vnet(network: Network, name: str) -> str:
    (found,) = network.named("Microsoft.Network/virtualNetworks", name)
    return str(found["id"])


def test_the_machine_of_a_paste_chooses_as_this_machine_does() -> None:
    """One judgement for pasted and own tables: longest prefix, then metric; DNS servers and suffixes from ipconfig."""
    ipconfig = (
        "Windows IP Configuration\n\n   DNS Suffix Search List. . . . . . : corp.example\n\nPPP adapter vnet-data:\n\n"
        "   Description . . . . . . . . . . . : vnet-data\n   IPv4 Address. . . . . . . . . . . : 172.16.201.2\n"
        "   Subnet Mask . . . . . . . . . . . : 255.255.255.255\n   DNS Servers . . . . . . . . . . . : 10.0.0.4\n"
    )
    machine = machine_of(read_pastes(_print(*HOME, CLIENT, VNET) + "\n" + ipconfig).readings)
    route = chosen_route(machine, "10.0.0.4").route
    assert route is not None and (route.prefix, route.interface, route.metric) == ("10.0.0.0/16", "172.16.201.2", 46)
    assert (machine.system, machine.dns_servers, machine.suffixes) == ("windows", ("10.0.0.4",), ("corp.example",))
    assert [one.name for one in machine.vpns] == ["PPP adapter vnet-data"] and machine.problems == ()
    assert machine_of(()).problems


def test_faults_of_the_texts_have_ids_of_their_own_kind() -> None:
    """Every verdict is one of three; a fault that the catalogue has keeps its id."""
    for text in _texts().values():
        assert Verdict(text["verdict"]) and text["says"] and text["how"]
    named = {text["fault"] for text in _texts().values() if "fault" in text}
    assert named - set(load()) <= {
        "p2s-package-stale",
        "p2s-route-missing",
        "p2s-wrong-interface",
        "p2s-classful-route",
    }
