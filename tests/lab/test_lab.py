"""The engine's verdict is what real packets do.

Runs only where it is asked for (MI_WORKBOOK_LAB=1) and as root on Linux with iproute2 and nftables; all traffic stays in
network namespaces of this process. MI_WORKBOOK_LAB_NETWORKS sets how many random networks.
"""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

from lab.networks import network

HERE = Path(__file__).parent
KNOWS_THE_PACKAGE = {"engine.py", "__main__.py", "test_lab.py"}
NETWORKS = int(os.environ.get("MI_WORKBOOK_LAB_NETWORKS", "200"))


@pytest.fixture(scope="module")
def kernel() -> None:
    """A kernel that lets the lab work, else a skip with the reason."""
    if not os.environ.get("MI_WORKBOOK_LAB"):
        pytest.skip("The packet lab runs where MI_WORKBOOK_LAB=1 asks for it.")
    from lab.kernel import why_not

    if reason := why_not():
        pytest.skip(reason)


def _imports(file: Path) -> set[str]:
    """Names of the modules that a file imports, at any depth."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def test_lab_shares_no_code_with_the_engine() -> None:
    """Only the module that compares knows the package, and it asks for verdicts only."""
    for file in HERE.glob("*.py"):
        known = {one for one in _imports(file) if one.startswith("mi_workbook")}
        assert not known or file.name in KNOWS_THE_PACKAGE, (file.name, known)
        rooms = {".".join(one.split(".")[:2]) for one in known}
        assert not rooms & {"mi_workbook.network", "mi_workbook.reach", "mi_workbook.checks"}, file.name


def test_random_networks_are_the_same_everywhere() -> None:
    """A seed gives one network, whatever ran before it; other seeds give others."""
    assert network(7) == network(7)
    assert len({str(network(seed)) for seed in range(50)}) == 50


@pytest.mark.lab
def test_built_in_cases_do_what_packets_do(kernel: None) -> None:
    """Every built-in case agrees, or is left out for a reason that has a name."""
    from lab.engine import of_case, table
    from mi_workbook.cases import all_cases

    rows = [of_case(one) for one in all_cases()]
    assert not [row for row in rows if row.agree == "NO"], table(rows)
    assert all(row.why for row in rows if row.agree == "skipped")
    assert sum(row.agree == "yes" for row in rows) >= 0.9 * len(rows)


@pytest.mark.lab
@pytest.mark.parametrize("start", range(0, NETWORKS, 50))
def test_random_networks_do_what_packets_do(kernel: None, start: int) -> None:
    """No packet contradicts a verdict on a random network."""
    from lab.engine import of_draft, table

    rows = [of_draft(f"random {seed}", network(seed)) for seed in range(start, min(start + 50, NETWORKS))]
    assert not [row for row in rows if row.agree == "NO"], table(rows)


@pytest.mark.lab
def test_neighbours_of_the_cases_do_what_packets_do(kernel: None) -> None:
    """Nor on a built-in case with a setting or two changed."""
    from lab.engine import of_neighbour, table
    from mi_workbook.cases import all_cases

    rows = [of_neighbour(one, seed) for seed, one in enumerate(all_cases())]
    assert not [row for row in rows if row.agree == "NO"], table(rows)


@pytest.mark.lab
def test_packets_stop_where_a_rule_stops_them(kernel: None) -> None:
    """The lab itself: ports at both edges of a denied range, and the way back, are told apart."""
    from arm import instance, nic, nsg, route_table, rule, subnet, vnet

    from lab.ask import ask

    shut = rule("shut", 100, "Deny", protocol="Tcp", destinationPortRange="11100-11200")
    resources = [
        vnet("v", ["10.0.0.0/16"], {"mi": subnet("10.0.0.0/27", "n", "t"), "app": subnet("10.0.1.0/24")}),
        nsg("n", shut), nic("vm", "10.0.1.4", "v/app"), instance("v/mi", proxyOverride="Redirect"),
    ]  # fmt: skip
    there = ask([*resources, route_table("t")], [], "vm", "mi", "vnet-local")
    assert there.shut() == [11100, 11200]
    assert {1433, 11000, 11099, 11201, 11999} <= there.ports
    no_reply = ask([*resources, route_table("t", ("10.0.1.0/24", "None", ""))], [], "vm", "mi", "vnet-local")
    assert no_reply.shut() == sorted(no_reply.ports)


@pytest.mark.lab
def test_no_route_table_stops_replies_of_a_private_endpoint(kernel: None) -> None:
    """The lab itself: the table of the endpoint's subnet acts on other hosts there, whatever the policy, and not on it."""
    from arm import instance, nic, private_endpoint, resource, route_table, subnet, vnet, vnet_id

    from lab.ask import ask

    zone = resource("privateDnsZones", "privatelink.abc123.database.windows.net")
    resources = [
        vnet("v", ["10.0.0.0/16"], {
            "mi": subnet("10.0.0.0/27"), "app": subnet("10.0.1.0/24"),
            "pe": subnet("10.0.5.0/24", table="t", privateEndpointNetworkPolicies="Enabled")}),
        route_table("t", ("10.0.1.0/24", "None", "")), nic("vm", "10.0.1.4", "v/app"), nic("other", "10.0.5.9", "v/pe"),
        instance("v/mi", privateEndpointConnections=[{"id": "x"}]), private_endpoint("pe", "v/pe", "10.0.5.4"), zone,
        {"id": f"{zone['id']}/virtualNetworkLinks/l", "name": "l", "type": f"{zone['type']}/virtualNetworkLinks",
         "properties": {"virtualNetwork": {"id": vnet_id("v")}}},
        {"id": f"{zone['id']}/A/mi", "name": "mi", "type": f"{zone['type']}/A",
         "properties": {"aRecords": [{"ipv4Address": "10.0.5.4"}]}},
    ]  # fmt: skip
    target = "mi.abc123.database.windows.net"
    assert ask(resources, [], "vm", target).verdict == ask(resources, [], "other", target).verdict == "all"
    table = route_table("t", ("10.0.5.4/32", "None", ""))
    assert ask([*resources[:1], table, *resources[2:]], [], "other", target).verdict == "none"
