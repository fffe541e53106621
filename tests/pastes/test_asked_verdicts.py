"""Built-in cases with pasted answers of the client instead of its table: the right verdict or unknown, never a wrong one."""

from __future__ import annotations

import pytest

from mi_workbook.cases import case
from mi_workbook.core.finding import Diagnosis
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.pasted import observations_of
from mi_workbook.evidence.redaction import Redactor

MI = "mi-orders.a1b2c3d4e5f6.database.windows.net"
CLIENT = "p2s:vgw-data=172.16.201.5"
VERDICTS = {"blocked": Verdict.BLOCKED, "unknown": Verdict.UNKNOWN}


def windows(address: str, source: str, alias: str, prefix: str, hop: str = "0.0.0.0", more: str = "") -> str:
    """Find-NetRoute with both of its objects."""
    return (
        f"PS C:\\> Find-NetRoute -RemoteIPAddress {address}{more}\n\nIPAddress         : {source}\nInterfaceAlias    : {alias}\n"
        f"PrefixLength      : 24\n\nDestinationPrefix : {prefix}\nInterfaceAlias    : {alias}\nNextHop           : {hop}\n\nPS C:\\> \n"
    )


def linux(address: str, rest: str) -> str:
    """ip route get."""
    return f"$ ip route get {address}\n{address} {rest} uid 1000\n    cache\n$ \n"


def named(address: str) -> str:
    """The name as the client's system resolves it."""
    return f"$ resolvectl query {MI}\n{MI}: {address} -- link: tun0\n\n-- Information acquired via protocol DNS in 2.1ms.\n$ \n"


IPCONFIG = (
    "C:\\> ipconfig\n\nWindows IP Configuration\n\nEthernet adapter Ethernet:\n\n   IPv4 Address. . . . . . . . . . . : 192.168.1.23\n"
    "   Subnet Mask . . . . . . . . . . . : 255.255.255.0\n   Default Gateway . . . . . . . . . : 192.168.1.1\n\n"
    "PPP adapter vnet-data:\n\n   IPv4 Address. . . . . . . . . . . : 172.16.201.5\n   Subnet Mask . . . . . . . . . . . : 255.255.255.255\n"
    "   Default Gateway . . . . . . . . . : \n\nC:\\> \n"
)
WIFI = windows("10.0.0.4", "192.168.1.23", "Ethernet", "0.0.0.0/0", "192.168.1.1")
CORP = windows("10.0.0.4", "10.99.0.7", "corp", "10.0.0.0/24")
TUNNEL = windows("10.0.0.4", "172.16.201.5", "vnet-data", "10.0.0.0/16")


def asked(text: str, name: str = "developer-box-sound", *, instead: bool = True) -> Diagnosis:
    """The case with the paste; instead: without what the case itself holds of the client."""
    snapshot = case(name).snapshot()
    if instead:
        snapshot.observations = ()
    return diagnose(snapshot.observed(observations_of(text, "sent.txt")), CLIENT, MI)


@pytest.mark.parametrize(("name", "text", "verdict", "cause"), [
    ("developer-box-second-vpn", CORP + named("10.0.0.4"), "blocked", "p2s-wrong-interface"),
    ("developer-box-old-package", WIFI + IPCONFIG + named("10.0.0.4"), "blocked", "p2s-package-stale"),
    ("developer-box-not-connected", WIFI + named("10.0.0.4"), "unknown", None),
    ("developer-box-routes-sound", TUNNEL + named("10.0.0.4"), "unknown", None),
    ("developer-box-second-vpn", CORP, "unknown", None), ("developer-box-old-package", WIFI + IPCONFIG, "unknown", None),
    ("developer-box-old-package", WIFI + IPCONFIG + named("10.0.0.5"), "unknown", None),
])  # fmt: skip
def test_the_answers_stand_for_the_table(name: str, text: str, verdict: str, cause: str | None) -> None:
    """Blocked for the address that the name has there, and the cause shown; else unknown, and the next command is named."""
    found = asked(text, name)
    assert (found.verdict, found.root_cause) == (VERDICTS[verdict], cause)
    assert verdict == "blocked" or any(
        "route" in gap.how.lower() or "Test-NetConnection" in gap.how for gap in found.gaps
    )


def test_one_address_is_not_the_subnet() -> None:
    """An answer that enters the tunnel says so, and leaves the rest of the subnet open."""
    found = asked(TUNNEL)
    (gap,) = [gap for gap in found.gaps if "10.0.0.4" in gap.why]
    assert found.verdict is Verdict.UNKNOWN and "over vnet-data" in gap.why and "any other" in gap.why


def test_every_address_of_the_endpoint_makes_its_routes_reachable() -> None:
    """Then what is left is the client's firewall, as behind a whole table."""
    table, answers = (
        asked("", "developer-box-routes-sound", instead=False),
        "".join(windows(f"10.0.0.{last}", "172.16.201.5", "vnet-data", "10.0.0.0/16") for last in range(32)),
    )
    found = asked(answers)
    assert [gap.missing for gap in found.gaps] == [gap.missing for gap in table.gaps]
    assert found.verdict is Verdict.UNKNOWN and any("firewall" in gap.missing for gap in found.gaps)
    lacking = asked(answers.replace("10.0.0.31", "10.0.1.31"))
    assert any("any other" in gap.why for gap in lacking.gaps)


@pytest.mark.parametrize("text", [
    windows("10.0.0.4", "192.168.1.23", "Ethernet", "0.0.0.0/0", "192.168.1.1", " -InterfaceIndex 12"),
    windows("10.0.0.4", "10.99.0.7", "corp", "10.0.0.0/24", more=" -LocalIPAddress 10.99.0.7"),
    windows("10.77.0.4", "10.99.0.7", "corp", "10.0.0.0/8"), CORP.replace("PS C:\\> Find-NetRoute -RemoteIPAddress 10.0.0.4\n", ""),
    "$ ip route get 10.0.0.4 from 10.99.0.7\n10.0.0.4 from 10.99.0.7 via 10.99.0.1 dev wg0 uid 1000\n    cache\n$ \n",
    "$ ip route get 10.0.0.4\nRTNETLINK answers: Das Argument ist ungültig\n$ \n",
    "$ ip route get 2001:db8::4\n2001:db8::4 from :: via fe80::1 dev wlan0 src 2001:db8:7::23 metric 600 pref medium\n$ \n",
])  # fmt: skip
def test_what_is_no_answer_of_an_application_changes_nothing(text: str) -> None:
    """Narrowed questions, other addresses, no address, IPv6, an error of another kind."""
    plain = asked(named("10.0.0.4"))
    found = asked(text + named("10.0.0.4"))
    assert (found.verdict, found.root_cause, [gap.missing for gap in found.gaps]) == (
        plain.verdict, plain.root_cause, [gap.missing for gap in plain.gaps],
    )  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [
    ("developer-box-routes-sound", CORP + named("10.0.0.4")), ("developer-box-second-vpn", TUNNEL), ("developer-box-old-package", TUNNEL),
    ("developer-box-sound", CORP + TUNNEL + named("10.0.0.4")),
])  # fmt: skip
def test_a_table_and_an_answer_that_disagree_are_neither_believed(name: str, text: str) -> None:
    """One of them is older than the other: unknown, with both in words."""
    found = asked(text, name, instead=False)
    assert found.verdict is Verdict.UNKNOWN and found.root_cause is None
    assert any("But:" in gap.why or "differ" in gap.why for gap in found.gaps)


@pytest.mark.parametrize(("rest", "verdict"), [
    ("via 192.168.1.1 dev wlp3s0 src 192.168.1.23", "unknown"),  # Linux shows no prefix: old package or another route
    ("via 172.16.201.1 dev tun0 src 172.16.201.5", "unknown"), ("via 172.16.201.1 dev eth0 src 172.16.201.23", "unknown"),
])  # fmt: skip
def test_linux_names_no_prefix(rest: str, verdict: str) -> None:
    """So its answer alone is never a cause."""
    found = asked(linux("10.0.0.4", rest) + named("10.0.0.4"))
    assert found.verdict is VERDICTS[verdict] and found.root_cause is None


def test_an_address_of_the_pool_in_a_local_network_is_no_tunnel() -> None:
    """The gateway of that network, over an interface that is no VPN's: not one address counts as inside."""
    text = "".join(linux(f"10.0.0.{last}", "via 172.16.201.1 dev eth0 src 172.16.201.23") for last in range(32))
    assert not any("firewall" in gap.missing for gap in asked(text).gaps)
    vpn = "".join(linux(f"10.0.0.{last}", "via 172.16.201.1 dev tun0 src 172.16.201.5") for last in range(32))
    assert any("firewall" in gap.missing for gap in asked(vpn).gaps)


def test_no_route_at_all_is_the_packages_fault_only_where_the_tunnel_is_up() -> None:
    """Windows names it by the number of its error."""
    error = (
        "PS C:\\> Find-NetRoute -RemoteIPAddress 10.0.0.4\nFind-NetRoute : Le réseau est inaccessible.\n"
        "    + FullyQualifiedErrorId : Windows System Error 1231,Find-NetRoute\n\nPS C:\\> \n"
    )
    assert asked(error + named("10.0.0.4")).verdict is Verdict.UNKNOWN
    assert asked(error + IPCONFIG + named("10.0.0.4")).root_cause == "p2s-package-stale"


def test_macos_names_interface_and_prefix_and_no_source() -> None:
    """A default route over Wi-Fi, with the tunnel up by no other evidence, leaves the cause open; a longer route does not."""
    shown = (
        "$ route -n get 10.0.0.4\n   route to: 10.0.0.4\ndestination: {}\n       mask: {}\n    gateway: 192.168.1.1\n  interface: en0\n"
        "      flags: <UP,GATEWAY,DONE,STATIC>\n$ \n"
    )
    assert asked(shown.format("default", "default") + named("10.0.0.4")).verdict is Verdict.UNKNOWN
    assert asked(shown.format("10.0.0.0", "255.255.255.0") + named("10.0.0.4")).root_cause == "p2s-wrong-interface"


def test_a_name_that_systemd_resolved_answered_settles_where_it_leads() -> None:
    """It is the system's own look: an address of the instance's subnet is its VNet-local endpoint, another one is unknown."""
    whole = case("on-premises-sound")
    before = diagnose(whole.snapshot(), whole.source, MI)
    for address, known in (("10.0.0.4", True), ("52.1.2.3", False)):
        found = diagnose(whole.snapshot().observed(observations_of(named(address), "sent.txt")), whole.source, MI)
        why = [d.why for trace in found.traces for d in trace.decisions if d.kind == "name"]
        assert any(f"resolved to {address}" in one for one in why)
        assert any("of no endpoint" in gap.why for gap in found.gaps) is not known
        assert found.verdict is before.verdict or not known


@pytest.mark.parametrize(("text", "weight", "part"), [
    ("PS C:\\> Get-DnsClientNrptPolicy\n\nNamespace   : .database.windows.net\nNameServers : 10.0.1.4\n\nPS C:\\> \n", "hint", "by a rule"),
    ("$ cat /etc/resolv.conf\nnameserver 127.0.0.53\noptions edns0\n$ \n", "none", "asks itself (127.0.0.53)"),
    ("$ cat /etc/resolv.conf\nnameserver 8.8.8.8\nnameserver 1.1.1.1\n$ \n", "hint", "on the Internet alone"),
    ("$ cat /etc/resolv.conf\nnameserver 168.63.129.16\n$ \n", "none", "asks 168.63.129.16"),
    ("2026-11-20 09:00:03 PUSH: Received control message: 'PUSH_REPLY,route 10.7.0.0 255.255.0.0,ifconfig 172.16.201.5 255.255.255.0'\n"
     "2026-11-20 09:00:03 Initialization Sequence Completed\n", "hint", "none of them holds"),
    ("2026-11-20 09:00:03 AUTH: Received control message: AUTH_FAILED\n2026-11-20 09:00:03 SIGTERM[soft,auth-failure] received, process exiting\n",
     "blocked", "AUTH_FAILED"),
])  # fmt: skip
def test_settings_of_the_client_are_told(text: str, weight: str, part: str) -> None:
    """They explain, and never make a verdict."""
    found, plain = asked(text), asked("")
    assert found.verdict is plain.verdict and found.root_cause == plain.root_cause
    assert any(one.weight == weight and part in one.says for one in found.at_source.told), [
        one.says for one in found.at_source.told
    ]


@pytest.mark.parametrize("text", [CORP + named("10.0.0.4"), WIFI + IPCONFIG + named("10.0.0.4"), TUNNEL, "".join(
    linux(f"10.0.0.{last}", "via 172.16.201.1 dev tun0 src 172.16.201.5") for last in range(32)
)])  # fmt: skip
def test_redacted_answers_give_the_same_verdict(text: str) -> None:
    """Addresses, prefixes and what makes an interface look like a VPN's keep their meaning."""
    snapshot = case("developer-box-sound").snapshot().observed(observations_of(text, "sent.txt"))
    redactor = Redactor(b"k" * 32)
    hidden = redactor.snapshot(snapshot).snapshot
    found = diagnose(snapshot, CLIENT, MI)
    other = diagnose(hidden, redactor.question(CLIENT), redactor.question(MI))
    assert (other.verdict, other.root_cause, len(other.gaps)) == (found.verdict, found.root_cause, len(found.gaps))
