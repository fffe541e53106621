"""What pasted answers prove and what they do not, and whom they point at."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mi_workbook.checks.catalogue import known_ids
from mi_workbook.core.errors import InputError
from mi_workbook.core.ranges import addresses
from mi_workbook.diagnosis.pasted_answers import PLACES, conclude, conclude_time
from mi_workbook.diagnosis.pasted_facts import BLANKS, WEIGHTS, Conclusion, Facts, facts_of, words
from mi_workbook.evidence.pastes.recognise import read_pastes
from mi_workbook.evidence.snapshot import from_document
from mi_workbook.network.network import Network

from .read_answers import readings_of

MI = "mi-orders.a1b2c3d4e5f6.database.windows.net"
FIXTURES = Path(__file__).parent / "fixtures"
FACTS = Facts(
    (MI, MI.replace(".", ".public.", 1)), addresses(["10.4.0.0/24"]), addresses(["10.20.5.4"]), addresses(["172.26.34.0/24"]), "Redirect"
)  # fmt: skip


def fixture(name: str) -> str:
    """The text of a fixture."""
    return (FIXTURES / f"{name}.txt").read_text(encoding="utf-8")


def of(text: str, facts: Facts | None = FACTS, place: str = "") -> dict[str, Conclusion]:
    """Conclusions by id."""
    return {one.id: one for one in conclude(readings_of(text), facts, place)}


def suspects(one: Conclusion) -> list[str]:
    """Fault ids."""
    return [suspect.fault for suspect in one.suspects]


def test_every_conclusion_says_both_sides_and_what_to_test_next() -> None:
    """Words are whole, weights known, placeholders known, suspects in the catalogue of faults."""
    ids = known_ids()
    for name, entry in words().items():
        assert set(entry) == {"weight", "says", "proves", "not", "next", "suspects"}, name
        assert entry["weight"] in WEIGHTS and all(entry[key] for key in ("says", "proves", "not", "next")), name
        assert set(re.findall(r"\{(\w+)\}", repr([entry[key] for key in ("says", "proves", "not", "next")]))) <= set(
            BLANKS
        ), name
        assert entry["weight"] != "blocked" or entry["suspects"], name
        for suspect in entry["suspects"]:
            assert suspect["why"] and suspect["fault"] in ids, (name, suspect["fault"])


def test_no_placeholder_is_left_in_any_conclusion_of_the_fixtures() -> None:
    """All fixtures, for every place, with and without the instance known."""
    seen = set()
    for file in FIXTURES.glob("*/*.txt"):
        readings = read_pastes(file.read_bytes().decode("utf-8", "replace")).readings
        for place in PLACES:
            for facts in (None, FACTS):
                for one in conclude(readings, facts, place):
                    text = f"{one.says}{one.proves}{one.does_not_prove}{one.next_test}"
                    assert "{" not in text and "  " not in text, one.id
                    seen.add(one.id)
    assert len(seen) > 40


def test_a_port_that_is_open_proves_nothing_about_redirect() -> None:
    """TcpTestSucceeded on 1433 names what is still untested, unless the endpoint is Proxy."""
    found = of(fixture("test-netconnection/good"))["tcp-open-1433"]
    assert "11000-11999" in found.does_not_prove and suspects(found) == ["mi-redirect-ports"]
    proxy = Facts(FACTS.names, FACTS.subnet, FACTS.endpoints, FACTS.pools, "Proxy")
    assert set(of(fixture("test-netconnection/good"), proxy)) >= {"tcp-open-proxy"}
    at_endpoint = fixture("test-netconnection/good").replace("10.4.0.62", "10.20.5.4")
    assert "tcp-open-proxy" in of(at_endpoint) and "dns-private-endpoint" in of(at_endpoint)


def test_ping_is_never_a_finding() -> None:
    """A failed ping is said to prove nothing, with no suspect; the port decides."""
    found = of(fixture("test-netconnection/failed_warnings"))
    assert found["ping-proves-nothing"].weight == "none" and not found["ping-proves-nothing"].suspects
    assert found["tcp-unclear"].weight == "blocked"
    alone = of(fixture("test-netconnection/name_failed_and_ping_only").split("PS C:\\> tnc " + MI)[1])
    assert not [one for one in alone.values() if one.weight == "blocked"]


def test_the_source_address_tells_whether_the_tunnel_was_used() -> None:
    """In the pool: the tunnel. Elsewhere, from a client and failed: not; unknown pool: nothing is said."""
    assert "source-tunnel" in of(fixture("test-netconnection/good"))
    failed = fixture("test-netconnection/failed_warnings")
    assert suspects(of(failed, place="client")["source-not-tunnel"])[0] == "p2s-package-stale"
    assert "source-not-tunnel" not in of(failed, place="azure-vm")
    assert not {"source-tunnel", "source-not-tunnel"} & set(of(failed, None, "client"))


def test_21_seconds_from_an_app_mean_a_firewall() -> None:
    """Three SYNs without an answer; elsewhere it is only a timeout."""
    text = fixture("curl/dropped_after_21s")
    assert suspects(of(text, place="app-service-windows")["tcp-21s"])[0] == "swift-nsg-out"
    assert "tcp-timeout" in of(text, place="azure-vm")
    assert (conclude_time(21.0, "app-service-windows") or conclude_time(0)).id == "time-21s"  # type: ignore[union-attr]


@pytest.mark.parametrize("seconds", [3.0, 6.1, 9.2])
def test_multiples_of_three_seconds_in_an_app_point_at_dns(seconds: float) -> None:
    """Only in an App Service."""
    found = conclude_time(seconds, "app-service-windows")
    assert found is not None and suspects(found) == ["dns-client-down"]
    assert conclude_time(seconds, "client") is None and conclude_time(7.4, "app-service-windows") is None


def test_tools_that_prove_nothing_in_an_app_console_are_not_judged() -> None:
    """nslookup and tracert there; a good or bad answer is no conclusion. On a VM the same text is one."""
    for name in ("nslookup/windows_failures", "nslookup/windows_en", "traceroute/tracert_en"):
        found = of(fixture(name), place="app-service-windows")
        assert set(found) == {"app-console-tool"} and suspects(found["app-console-tool"]) == ["app-tool-misread"]
    assert "dns-nxdomain" in of(fixture("nslookup/windows_failures"), None, "azure-vm")
    together = of(fixture("nameresolver/good") + fixture("nslookup/windows_failures"))
    assert "app-console-tool-perhaps" in together and "dns-nxdomain" not in together and "dns-in-subnet" in together


def test_the_class_of_the_answer_decides() -> None:
    """In the subnet, private endpoint, public, mixed, another private address."""
    text = fixture("nslookup/windows_en")
    assert of(text)["dns-in-subnet"].weight == "open"
    assert "dns-private-endpoint" in of(fixture("nslookup/windows_private_endpoint"))
    assert of(text.replace("10.4.0.62", "52.1.2.3"))["dns-public"].weight == "blocked"
    assert of(text.replace("10.4.0.62", "52.1.2.3"), None)["dns-public"].weight == "hint"
    assert suspects(of(fixture("nameresolver/mixed_server_named"))["dns-mixed"])[0] == "dns-mixed-answers"
    assert "dns-mixed" in of(fixture("nameresolver/mixed_server_named"), None)
    assert "ip-stale-hosts" in suspects(of(text.replace("10.4.0.62", "10.4.9.9"))["dns-other-private"])
    public = text.replace(MI, MI.replace(".", ".public.", 1)).replace("10.4.0.62", "52.1.2.3")
    assert set(of(public, None)) == {"dns-public-endpoint"}
    unknown = Facts(FACTS.names, None, FACTS.endpoints, FACTS.pools)
    assert set(of(text, unknown)) == {"dns-private"}


def test_another_name_than_the_instances_is_said_and_not_judged() -> None:
    """A typo in the test must not read as a fault of DNS."""
    found = of(fixture("nslookup/windows_en").replace("mi-orders.", "mi-order."))
    assert set(found) == {"dns-other-name"}
    assert {"dns-other-name", "dns-nxdomain"} <= set(of(fixture("nameresolver/failed")))
    assert of(fixture("nslookup/windows_en").replace("database.windows.net", "example.org")) == {}


def test_servers_that_disagree_are_named() -> None:
    """The same name asked of two servers."""
    other = fixture("nslookup/windows_en").replace("10.1.0.4", "10.1.0.9").replace("10.4.0.62", "52.1.2.3")
    found = of(fixture("nslookup/windows_en") + other, None)["dns-servers-differ"]
    assert "10.1.0.9: 52.1.2.3" in found.says and len(found.lines) == 2


@pytest.mark.parametrize(
    ("host", "port", "expected"),
    [(MI, 3342, "port-wrong-3342-private"), (MI.replace(".", ".public.", 1), 1433, "port-wrong-1433-public"), (MI, 11003, "tcp-redirect-port-unsure")],
)  # fmt: skip
def test_a_wrong_or_random_port_is_no_finding_of_the_network(host: str, port: int, expected: str) -> None:
    """The port's own meaning comes before what the failure would mean."""
    text = f"nc: connect to {host} (10.4.0.62) port {port} (tcp) timed out: Operation now in progress\n"
    assert expected in of(text, None)


def test_failures_of_tcp_are_told_apart() -> None:
    """Refused, unreachable, forbidden, unresolved, unsteady."""
    line = f"nc: connect to {MI} (10.4.0.62) port 1433 (tcp) failed: "
    assert "mi-stopped" in suspects(of(line + "Connection refused\n")["tcp-refused"])
    assert "p2s-route-missing" in suspects(of(line + "No route to host\n")["tcp-unreachable"])
    blocked = fixture("tcpping/good").replace(
        "Connected to " + MI + ":1433, time taken: 1ms", "Connection attempt failed: Connection timed out."
    )
    assert "tcp-unsteady" in of(blocked)
    socket = "tcpping mi 1433\nConnection attempt failed: An attempt was made to access a socket in a way forbidden by its access permissions\n"
    assert suspects(of(socket)["tcp-blocked"])[0] == "app-socket-limit"


def test_root_causes_of_the_checker_lead_to_fault_ids() -> None:
    """Redirect, its name, the gateway, a good login."""
    text = fixture("sql-connectivity-checker/redirect_blocked")
    redirect = of(text)["checker-redirect"]
    assert suspects(redirect)[0] == "mi-redirect-ports" and "11007" in redirect.says
    assert suspects(of(text.replace("error 10060 while", "error 11001 while"))["checker-redirect-name"]) == [
        "dns-redirect-host"
    ]
    assert "mi-nsg-1433" in suspects(of(fixture("sql-connectivity-checker/gateway_failed"))["checker-gateway"])
    good = of(fixture("sql-connectivity-checker/good"))
    assert "checker-login" in good and not [one for one in good.values() if one.weight == "blocked"]


def test_an_app_without_a_private_address_a_silent_tunnel_and_a_lost_next_hop() -> None:
    """Azure's own answers have conclusions, too."""
    assert suspects(of(fixture("environment/kudu_not_integrated"))["app-no-private-ip"])[0] == "swift-no-private-ip"
    assert suspects(of(fixture("azure-vpn-state/connection"))["vpn-one-way"]) == ["conn-one-way"]
    down = fixture("azure-vpn-state/connection").replace('"Connected"', '"NotConnected"')
    assert "conn-notconnected" in suspects(of(down)["vpn-not-connected"])
    lost = fixture("azure-next-hop/az_json").replace("VirtualAppliance", "None")
    assert suspects(of(lost)["next-hop-none"])[0] == "rt-none"


def test_a_cut_trace_or_an_unknown_place_concludes_nothing_wrong() -> None:
    """No conclusion from half a trace; an unknown place is bad input."""
    half = "\n".join(fixture("traceroute/linux").splitlines()[:3])
    assert of(half) == {}
    with pytest.raises(InputError):
        conclude((), None, "moon")


def test_facts_come_from_a_snapshot() -> None:
    """Names, subnet, private endpoints and pools as they were collected; a subnet that was not is unknown."""
    vnet = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v"
    mi = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/managedInstances/mi-orders"
    gateway = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworkGateways/gw"
    resources = [
        {"id": mi, "name": "mi-orders", "type": "Microsoft.Sql/managedInstances",
         "properties": {"fullyQualifiedDomainName": MI, "subnetId": f"{vnet}/subnets/mi", "proxyOverride": "Redirect"}},
        {"id": vnet, "name": "v", "type": "Microsoft.Network/virtualNetworks",
         "properties": {"addressSpace": {"addressPrefixes": ["10.4.0.0/16"]},
                        "subnets": [{"id": f"{vnet}/subnets/mi", "name": "mi", "properties": {"addressPrefix": "10.4.0.0/24"}}]}},
        {"id": gateway, "name": "gw", "type": "Microsoft.Network/virtualNetworkGateways",
         "properties": {"gatewayType": "Vpn", "vpnClientConfiguration": {"vpnClientAddressPool": {"addressPrefixes": ["172.26.34.0/24"]}}}},
    ]  # fmt: skip
    snapshot = from_document({"format": "mi-workbook/snapshot", "version": 1, "resources": resources})
    facts = facts_of(Network(snapshot), mi)
    assert (facts.subnet, facts.pools, facts.names[1]) == (FACTS.subnet, FACTS.pools, FACTS.names[1])
    without = from_document({"format": "mi-workbook/snapshot", "version": 1, "resources": resources[:1]})
    assert facts_of(Network(without), mi).subnet is None


def test_a_test_of_something_else_is_not_taken_for_one_of_the_instance() -> None:
    """A DNS server's port and a web server say nothing of the instance's NSG."""
    server = "tcpping 10.1.0.4:53\nConnection attempt failed: Connection timed out.\nComplete: 0/1 successful attempts (0%).\n"
    assert {name: suspects(one) for name, one in of(server).items()} == {"dns-port-closed": ["dns-client-down"]}
    assert of("tcpping www.contoso.example:443\nConnection attempt failed: Connection timed out.\n") == {}
    assert of("Connected to 10.1.0.4:53, time taken: 1ms\nComplete: 1/1 successful attempts (100%).\n") == {}
    at_instance = "nc: connect to 10.4.0.62 port 443 (tcp) failed: Connection refused\n"
    assert "tcp-refused" in of(at_instance) and of(at_instance, None) == {}
