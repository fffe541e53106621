"""This machine as the first hop: what each system prints is read right, and its own kernel agrees with the choice."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mi_workbook.evidence import machine as machines
from mi_workbook.evidence import machine_linux, machine_macos, machine_windows
from mi_workbook.evidence.machine import (
    Machine,
    Problems,
    Resolver,
    Route,
    chosen_route,
    interface,
    observations,
    read_machine,
    with_length,
)  # fmt: skip
from mi_workbook.evidence.snapshot import from_document

VPN_MACHINE = """
set -e
ip link set lo up
ip link add v0 type veth peer name v1
ip link set v0 up; ip link set v1 up
ip addr add 192.168.1.5/24 dev v0
ip tuntap add tun0 mode tun; ip link set tun0 up
ip addr add 172.16.201.2/24 dev tun0
ip route add default via 192.168.1.1 metric 100
ip route add default via 192.168.1.2 metric 50
ip route add 10.4.0.0/16 dev tun0
ip route add 10.4.7.0/24 via 192.168.1.9
ip route add 10.8.0.0/16 nexthop via 192.168.1.3 nexthop via 192.168.1.4
ip route add blackhole 10.5.0.0/16
ip route add unreachable 10.6.0.0/16
"""
ASK = """
import json, subprocess, sys
from dataclasses import asdict
from mi_workbook.evidence.machine import chosen_route, read_machine
from mi_workbook.evidence.probes.tcp import probe_tcp
machine = read_machine()
found = []
for address in sys.argv[1:]:
    done = subprocess.run(["ip", "-j", "route", "get", address], capture_output=True, text=True)
    rows = json.loads(done.stdout) if done.returncode == 0 and done.stdout.strip() else []
    choice = chosen_route(machine, address)
    found.append([address, rows, asdict(choice.route) if choice.route else None, len(choice.losers)])
tries = [probe_tcp(a, 1433, timeout=2).outcome for a in ("10.5.0.1", "10.6.0.1")]
print(json.dumps({"found": found, "vpns": [one.name for one in machine.vpns], "problems": machine.problems,
                  "tries": tries}))
"""


def in_a_namespace(setup: str, *words: str) -> str:
    """Output of a command on a machine made by `setup`; skips where the system does not allow that."""
    if not (shutil.which("unshare") and shutil.which("ip")):
        pytest.skip("unshare and ip are not here.")
    made = subprocess.run(["unshare", "-rn", "sh", "-c", setup], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"This system allows no such namespace: {made.stderr.strip()[:80]}")
    script = setup + '\nexec "$@"'
    done = subprocess.run(
        ["unshare", "-rn", "sh", "-c", script, "sh", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_kernel_agrees_with_the_chosen_route() -> None:
    """Longest prefix, then metric; VPN, more specific local route, several gateways, routes that end: as the kernel."""
    wanted = ["10.4.0.254", "10.4.7.4", "20.10.20.30", "192.168.1.77", "192.168.1.5", "172.16.201.9", "127.0.0.1",
              "10.5.0.1", "10.6.0.1", "10.8.0.1"]  # fmt: skip
    told = json.loads(in_a_namespace(VPN_MACHINE, sys.executable, "-c", ASK, *wanted))
    for address, rows, chosen, _ in told["found"]:
        if not rows:
            assert chosen["kind"] in machines.ENDS, address
            continue
        gateways = {"192.168.1.3", "192.168.1.4"} if address == "10.8.0.1" else {rows[0].get("gateway", "")}
        assert chosen["gateway"] in gateways, address
        # Traffic to an address of its own goes over lo, whatever interface holds it.
        assert chosen["interface"] == rows[0]["dev"] or rows[0].get("type") == "local", address
    assert told["vpns"] == ["tun0"] and told["problems"] == []
    assert told["tries"] == ["unreachable", "unreachable"]


def test_this_machine_is_read_without_administrator_rights() -> None:
    """Whatever this test runs on: routes, interfaces and a hosts file are found, or the gap is named."""
    machine = read_machine()
    assert machine.routes or machine.problems
    assert machine.interfaces and machine.hosts is not None
    kept = from_document({"observations": json.loads(json.dumps(observations(machine)))})
    assert [one["kind"] for one in kept.observations] == [
        "machine-routes", "machine-interfaces", "machine-dns", "machine-hosts",
    ]  # fmt: skip
    assert all(one["about"] == "this-machine" and one["at"] for one in kept.observations)


def test_policy_rules_are_not_guessed() -> None:
    """A VPN that works by rules (WireGuard does) overrules the tables: no route is named, the question is."""
    rules = machine_linux.rules_of([
        {"priority": 0, "src": "all", "table": "local"},
        {"priority": 32764, "not": None, "src": "all", "fwmark": "0xca6c", "table": "51820"},
        {"priority": 32766, "src": "all", "table": "main"},
    ])  # fmt: skip
    machine = Machine("linux", (Route("0.0.0.0/0", "192.168.1.1", "eth0"),), rules=rules)
    choice = chosen_route(machine, "10.4.0.254")
    assert choice.route is None and "ip route get 10.4.0.254" in choice.why and "51820" in choice.why


def test_losers_have_a_reason() -> None:
    """Each route that fits and loses says why."""
    rows = (
        Route("0.0.0.0/0", "192.168.1.1", "eth0", 25), Route("10.0.0.0/8", "", "VPN", 26),
        Route("10.0.0.0/8", "192.168.1.9", "eth0", 5), Route("10.0.0.0/8", "192.168.1.8", "eth0", 5),
    )  # fmt: skip
    choice = chosen_route(Machine("windows", rows), "10.4.0.254")
    assert choice.route == rows[2]
    assert [why for _, why in choice.losers] == [
        "equal; the system takes either", "metric 26 is higher than 5", "/0 is shorter than /8",
    ]  # fmt: skip
    assert "No route" in chosen_route(replace(Machine("linux"), routes=()), "10.4.0.254").why


def test_linux_without_the_command_ip() -> None:
    """/proc/net/route has addresses in this machine's byte order."""
    if sys.byteorder != "little":
        pytest.skip("The specimen is of a little-endian machine.")
    text = (
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
        "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
        "tun0\t0000040A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
        "*\t0000050A\t00000000\t0201\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
    )
    assert machine_linux.proc_routes(text) == (
        Route("0.0.0.0/0", "192.168.1.1", "eth0", 100), Route("10.4.0.0/16", "", "tun0", 0),
        Route("10.5.0.0/16", "", "*", 0, kind="reject"),
    )  # fmt: skip


def test_linux_resolvers() -> None:
    """resolv.conf, and per-link servers of systemd-resolved: a VPN that takes one domain only is split DNS."""
    text = "# made by hand\nnameserver 127.0.0.53\noptions edns0\nsearch old.example\nsearch corp.example lan\n"
    assert machine_linux.resolv_conf(text) == (("127.0.0.53",), ("corp.example", "lan"))
    servers = "Global:\nLink 2 (eth0): 192.168.1.1 fe80::1\nLink 5 (tun0): 10.0.0.4\nLink 6 (wg0):\n"
    domains = "Global:\nLink 2 (eth0): ~. lan\nLink 5 (tun0): ~database.windows.net\nLink 6 (wg0):\n"
    assert machine_linux.resolvectl(servers, domains) == (
        Resolver(("192.168.1.1", "fe80::1"), "eth0"), Resolver(("10.0.0.4",), "tun0", "database.windows.net"),
    )  # fmt: skip
    machine = Machine("linux", resolvers=machine_linux.resolvectl(servers, domains))
    assert machine.dns_servers == ("192.168.1.1", "fe80::1")


def test_windows_objects_as_json() -> None:
    """Metrics of route and interface are added; a VPN connection without an adapter shows; NRPT is split DNS."""
    found = {
        "routes": [
            {"DestinationPrefix": "0.0.0.0/0", "NextHop": "192.168.1.1", "InterfaceAlias": "Wi-Fi",
             "RouteMetric": 0, "InterfaceMetric": 50},
            {"DestinationPrefix": "10.4.0.0/16", "NextHop": "0.0.0.0", "InterfaceAlias": "vnet-mi",
             "RouteMetric": 1, "InterfaceMetric": 25},
            {"DestinationPrefix": "fe80::/64", "NextHop": "::", "InterfaceAlias": "Wi-Fi", "RouteMetric": 256,
             "InterfaceMetric": 50},
        ],
        "addresses": [
            {"IPAddress": "192.168.1.5", "PrefixLength": 24, "InterfaceAlias": "Wi-Fi"},
            {"IPAddress": "172.16.201.2", "PrefixLength": 32, "InterfaceAlias": "vnet-mi"},
            {"IPAddress": "127.0.0.1", "PrefixLength": 8, "InterfaceAlias": "Loopback Pseudo-Interface 1"},
        ],
        "adapters": {"Name": "Wi-Fi", "InterfaceDescription": "Intel(R) Wi-Fi 6", "Up": True},
        "links": [
            {"InterfaceAlias": "Wi-Fi", "NlMtu": 1500, "Up": True},
            {"InterfaceAlias": "vnet-mi", "NlMtu": 1400, "Up": True},
            {"InterfaceAlias": "Loopback Pseudo-Interface 1", "NlMtu": 4294967295, "Up": True},
        ],
        "servers": [
            {"InterfaceAlias": "Wi-Fi", "ServerAddresses": ["192.168.1.1"]},
            {"InterfaceAlias": "vnet-mi", "ServerAddresses": {"value": ["10.0.0.4"], "Count": 1}},
            {"InterfaceAlias": "Wi-Fi", "ServerAddresses": []},
        ],
        "suffixes": [None, "corp.example", "", "corp.example"],
        "nrpt": {"Namespace": ".database.windows.net", "NameServers": "10.0.0.5"},
    }  # fmt: skip
    machine = machine_windows.machine_of(json.loads(json.dumps(found)))
    choice = chosen_route(machine, "10.4.0.254")
    assert choice.route == Route("10.4.0.0/16", "", "vnet-mi", 26)
    assert [one.name for one in machine.vpns] == ["vnet-mi"]
    assert machine.dns_servers == ("192.168.1.1", "10.0.0.4") and machine.suffixes == ("corp.example",)
    assert machine.resolvers[-1] == Resolver(("10.0.0.5",), "NRPT", "database.windows.net")


def test_windows_where_powershell_is_not_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """`route print` gives the routes, and the gap is named."""
    line = (
        "         10.4.0.0      255.255.0.0   Auf Verbindung      172.16.201.2     26\r\n"
        "         10.5.0.0      255.255.0.0       172.16.\r\n"
        "         10.6.0.0      255.255.0.0     172.16.201.1       1\r\n"
    )

    def run(self: Problems, *words: str) -> str:
        if words[0] == "route":
            return line
        self.found.append("powershell.exe could not be run: FileNotFoundError.")
        return ""

    monkeypatch.setattr(Problems, "run", run)
    problems = Problems()
    machine = machine_windows.read(problems)
    assert machine.routes == (Route("10.4.0.0/16", "", "172.16.201.2", 26, source="172.16.201.2"),)
    assert any("1 lines of route print" in problem and "10.5.0.0" in problem for problem in problems.found)


@pytest.mark.parametrize(
    ("name", "rows", "default"),
    [
        ("route_print_de_win7_two_nics.txt", 10, "0.0.0.0/0"), ("route_print_zhcn_two_defaults.txt", 2, "0.0.0.0/0"),
        ("route_print_ptbr_winxp.txt", 5, "0.0.0.0/0"),
    ],
)  # fmt: skip
def test_route_print_in_any_language(data: Path, name: str, rows: int, default: str) -> None:
    """Real output is read by shape, not by its words."""
    raw = (data / "route_texts" / name).read_bytes().decode("utf-8", "replace")
    found = machine_windows.route_print(raw)
    assert len(found) >= rows and any(route.prefix == default for route in found)
    assert all(route.interface and route.metric is not None for route in found)


def test_a_real_table_of_a_mac(data: Path) -> None:
    """Destinations without zeros, scoped routes, neighbours: the default and the networks are right."""
    text = (data / "route_texts" / "netstat_rn_macos.txt").read_text(encoding="utf-8", errors="replace")
    routes = machine_macos.netstat(text)
    machine = Machine("macos", routes)
    assert chosen_route(machine, "20.10.20.30").route == Route("0.0.0.0/0", "10.10.56.1", "en0")
    for address, prefix in (("10.10.56.77", "10.10.56.0/24"), ("192.168.5.5", "192.168.0.0/16")):
        chosen = chosen_route(machine, address).route
        assert chosen is not None and chosen.prefix == prefix, address
    assert not any(route.prefix.startswith(("224.", "239.")) for route in routes)


def test_a_mac_with_a_vpn() -> None:
    """The newer table without Refs and Use, tunnel addresses, and a resolver for one domain."""
    table = (
        "Routing tables\n\nInternet:\n"
        "Destination        Gateway            Flags               Netif Expire\n"
        "default            192.168.1.1        UGScg                 en0       \n"
        "default            172.16.201.1       UGScIg              utun4       \n"
        "10.4/16            172.16.201.2       UGSc                utun4       \n"
        "192.168.1          link#14            UCS                   en0      !\n"
    )
    links = (
        "lo0: flags=8049<UP,LOOPBACK,RUNNING,MULTICAST> mtu 16384\n\tinet 127.0.0.1 netmask 0xff000000\n"
        "en0: flags=8863<UP,BROADCAST,SMART,RUNNING,SIMPLEX,MULTICAST> mtu 1500\n"
        "\tinet6 fe80::1c2%en0 prefixlen 64 secured scopeid 0xe\n"
        "\tinet 192.168.1.5 netmask 0xffffff00 broadcast 192.168.1.255\n"
        "utun0: flags=8051<UP,POINTOPOINT,RUNNING,MULTICAST> mtu 1380\n\tinet6 fe80::9%utun0 prefixlen 64 scopeid 0x1\n"
        "utun4: flags=8051<UP,POINTOPOINT,RUNNING,MULTICAST> mtu 1400\n"
        "\tinet 172.16.201.2 --> 172.16.201.2 netmask 0xffffff00\n"
    )
    names = (
        "DNS configuration\n\nresolver #1\n  search domain[0] : corp.example\n  nameserver[0] : 192.168.1.1\n"
        "  if_index : 14 (en0)\n  flags    : Request A records\n\nresolver #2\n"
        "  domain   : database.windows.net\n  nameserver[0] : 10.0.0.4\n  if_index : 22 (utun4)\n"
        "\nresolver #3\n  domain   : local\n  options  : mdns\n\n"
        "DNS configuration (for scoped queries)\n\nresolver #1\n  nameserver[0] : 9.9.9.9\n  if_index : 14 (en0)\n"
    )
    resolvers, suffixes = machine_macos.scutil(names)
    machine = Machine("macos", machine_macos.netstat(table), machine_macos.ifconfig(links), resolvers, suffixes)
    assert chosen_route(machine, "10.4.0.254").route == Route("10.4.0.0/16", "172.16.201.2", "utun4")
    assert chosen_route(machine, "20.10.20.30").route == Route("0.0.0.0/0", "192.168.1.1", "en0")
    assert [one.name for one in machine.vpns] == ["utun4"]  # utun0 belongs to the system and has no address
    assert (machine.dns_servers, machine.suffixes) == (("192.168.1.1",), ("corp.example",))
    assert machine.resolvers[1] == Resolver(("10.0.0.4",), "utun4", "database.windows.net")


def test_interfaces_through_psutil_where_the_system_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """psutil serves where the system's own commands do not; without it the gap names the extra."""
    pytest.importorskip("psutil")
    monkeypatch.setattr(machines, "_reader", lambda: lambda _: Machine("linux"))
    machine = read_machine()
    assert any("127.0.0.1/8" in one.addresses for one in machine.interfaces)
    assert any("No route" in problem for problem in machine.problems)
    monkeypatch.setitem(sys.modules, "psutil", None)
    assert any("extra" in problem for problem in read_machine().problems)


def test_commands_that_fail_are_problems_and_no_facts() -> None:
    """A missing command, an error and an unreadable file are named."""
    problems = Problems()
    assert problems.run("no-such-command-here") == ""
    assert problems.run(sys.executable, "-c", "import sys; sys.exit('broken')") == ""
    assert problems.file("/no/such/file") == ""
    assert len(problems.found) == 3 and "broken" in problems.found[1]


@pytest.mark.parametrize(
    ("name", "description", "tunnel", "looks"),
    [
        ("tun0", "", False, True), ("Ethernet 4", "TAP-Windows Adapter V9", False, True), ("wg-office", "wireguard", False, True),
        ("Ethernet 5", "Cisco AnyConnect Virtual Miniport Adapter", False, True), ("my office", "", True, True),
        ("MyAzureVPN", "", False, True), ("Azure VPN", "", False, True), ("eth0", "", False, False),
        ("Wi-Fi", "Intel(R) Wi-Fi 6", False, False), ("tuning", "", False, False),
    ],
)  # fmt: skip
def test_what_looks_like_a_vpn(name: str, description: str, tunnel: bool, looks: bool) -> None:
    """Known names and tunnels; only a guess, so the reason is given."""
    one = interface(name, up=True, addresses=["10.1.1.1/24"], description=description, tunnel=tunnel)
    assert bool(one.vpn) is looks
    assert not interface(name, up=True, addresses=["fe80::1/64"], description=description, tunnel=tunnel).vpn


def test_prefix_lengths_of_masks() -> None:
    """IPv4 masks become lengths; IPv6 forms that psutil gives differ by system."""
    assert with_length("192.168.1.5", "255.255.255.0") == "192.168.1.5/24"
    assert with_length("fe80::1%eth0", "ffff:ffff:ffff:ffff::") == "fe80::1"
    assert with_length("10.0.0.1", None) == "10.0.0.1"
