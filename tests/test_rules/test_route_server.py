"""Route Servers: what appliances announce counts once every peer was looked at, and is unknown until then."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from arm import Json, at, nic, resource, route_table, subnet, vnet_id

from mi_workbook.core.errors import InputError
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.files import load
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.network import Network
from mi_workbook.network.route_server import ROUTE_SERVERS
from mi_workbook.reach.route_servers import server_view
from mi_workbook.reach.security import virtual_network
from test_rules.sites import SITE, alone, own_side_only
from test_rules.test_anything_missing import members, without
from test_rules.topology import asked, shared_hub, table_of, winner

NVA, OTHER = "10.0.3.4", "10.0.3.5"
SERVER = at("virtualHubs", "rs")
CLIENT = "192.168.1.5"
SOURCE = f"onprem:branch={CLIENT}"


def session(name: str = "nva1", peer: str = NVA, **inner: Any) -> Json:
    """A BGP connection of the Route Server."""
    return {"id": f"{SERVER}/bgpConnections/{name}", "name": name, "type": f"{ROUTE_SERVERS}/bgpConnections",
            "properties": {"peerIp": peer, "peerAsn": 65001, "provisioningState": "Succeeded", **inner}}  # fmt: skip


def told(
    *prefixes: str, by: str = "nva1", hop: str = NVA, path: str = "65001", second: tuple[str, ...] | None = None
) -> Json:
    """What both instances learned over a connection; second: where the other instance learned something else."""

    def rows(found: tuple[str, ...]) -> list[Json]:
        return [{"network": p, "nextHop": hop, "sourcePeer": hop, "origin": "EBgp", "asPath": path} for p in found]

    value = {
        "RouteServiceRole_IN_0": rows(prefixes),
        "RouteServiceRole_IN_1": rows(prefixes if second is None else second),
    }
    return {
        "kind": "learned-routes",
        "about": f"{SERVER}/bgpConnections/{by}",
        "at": "2026-01-01T00:00:00Z",
        "value": value,
    }


def served(
    *more: Json,
    sessions: tuple[Json, ...] | None = None,
    into: list[Json] | None = None,
    home: str = "v",
    **members: Any,
) -> list[Json]:
    """The network of a gateway (or another one), with a Route Server and an appliance."""
    resources = into if into is not None else alone()
    own = next(one for one in resources if one["name"] == home)["properties"]
    own["subnets"] += [
        {"id": f"{vnet_id(home)}/subnets/RouteServerSubnet", "name": "RouteServerSubnet", "properties": {
            **subnet("10.0.254.0/27"), "ipConfigurations": [{"id": f"{SERVER}/ipConfigurations/c"}]}},
        {"id": f"{vnet_id(home)}/subnets/edge", "name": "edge", "properties": subnet("10.0.3.0/24")},
    ]  # fmt: skip
    server = resource("virtualHubs", "rs", sku="Standard", virtualRouterIps=["10.0.254.4", "10.0.254.5"], **members)
    edge = nic("nva-edge", NVA, f"{home}/edge", enableIPForwarding=True)
    return [
        *resources,
        {**server, "kind": "RouteServer"},
        edge,
        *((session(),) if sessions is None else sessions),
        *more,
    ]


def route(resources: list[Json], *seen: Json, home: str = "v/mi", address: str = CLIENT) -> tuple[str, str]:
    """Prefix and next hop of the route that wins for an address."""
    found = winner(resources, home, address, seen)
    return found.prefix, found.next_hop_ip


def test_route_server_that_announced_nothing_changes_nothing() -> None:
    """Read whole and empty: the site is reached through the gateway, as without it."""
    assert own_side_only(alone(), SOURCE)
    found = asked(served(), SOURCE, seen=(told(),))
    assert {d.kind for t in found.traces for d in t.decisions if d.result is not Verdict.REACHABLE} == {"client"}
    assert not any("Route Server" in gap.missing for gap in found.gaps)


def test_route_server_that_was_not_asked_leaves_the_path_unknown() -> None:
    """The gap names the session and the command."""
    found = asked(served(), SOURCE)
    gap = next(gap for gap in found.gaps if "Route Server" in gap.missing)
    assert "nva1" in gap.missing and "list-learned-routes -g g --routeserver rs -n nva1" in gap.how
    assert any(d.kind == "route" and d.result is Verdict.UNKNOWN for t in found.traces for d in t.decisions)


def test_longer_prefix_of_an_appliance_takes_the_reply() -> None:
    """Azure shows it as a gateway's route, with the appliance as next hop; what the appliance does is not in Azure."""
    resources, seen = served(), told("192.168.1.0/24")
    assert route(resources, seen) == ("192.168.1.0/24", NVA)
    found = asked(resources, SOURCE, seen=(seen,))
    assert found.verdict is Verdict.UNKNOWN
    assert any(f"What the appliance {NVA} does" in gap.missing for gap in found.gaps)
    assert route(resources, seen, address="192.168.2.5")[0] == SITE


def test_appliance_that_does_not_forward_stops_it() -> None:
    """As with a user route to it."""
    resources = served()
    next(one for one in resources if one["name"] == "nva-edge")["properties"]["enableIPForwarding"] = False
    found = asked(resources, SOURCE, seen=(told("192.168.1.0/24"),))
    assert (found.verdict, found.root_cause) == (Verdict.BLOCKED, "rt-nva-not-forwarding")


def test_same_prefix_from_the_gateway_is_open() -> None:
    """Routing preference and AS paths decide, and neither side of that is in the evidence."""
    found = asked(served(hubRoutingPreference="ASPath"), SOURCE, seen=(told(SITE),))
    assert found.verdict is Verdict.UNKNOWN
    assert any("gateway or an appliance" in gap.missing and "ASPath" in gap.why for gap in found.gaps)


def test_prefix_inside_the_network_is_left_out() -> None:
    """Routes of networks and peerings are preferred, however long the announced prefix is."""
    table = table_of(served(), "v/mi", (told("10.0.2.0/24"),))
    assert "10.0.2.0/24" in {r.prefix for r in table.removed} - {r.prefix for r in table.routes}
    assert asked(served(), "vm", seen=(told("10.0.2.0/24", "0.0.0.0/0"),)).verdict is Verdict.REACHABLE


def test_user_route_and_propagation_keep_it_out() -> None:
    """A user route wins for the same prefix, and a table without propagation takes no announced route."""
    resources = served(route_table("rt", ("192.168.1.0/24", "VirtualNetworkGateway", ""), ("0.0.0.0/0", "None", "")))
    mine = next(one for one in resources if one["name"] == "v")["properties"]["subnets"][0]["properties"]
    mine["routeTable"] = {"id": at("routeTables", "rt")}
    assert winner(resources, "v/mi", CLIENT, (told("192.168.1.0/24"),)).source == "User"
    table = next(one for one in resources if one["name"] == "rt")["properties"]
    table.update(disableBgpRoutePropagation=True, routes=[])
    assert winner(resources, "v/mi", CLIENT, (told("192.168.1.0/24"),)).next_hop_type == "None"


def test_one_peer_that_was_refused_leaves_a_gap_for_it_alone() -> None:
    """Partly read: the other one's routes count, and any address may still be taken by the missing one."""
    resources = served(sessions=(session(), session("nva2", OTHER)))
    table = table_of(resources, "v/mi", (told("192.168.1.0/24"),))
    assert [gap for gap in table.gaps if "nva2" in gap.missing] and not [
        gap for gap in table.gaps if "nva1" in gap.missing
    ]
    assert not own_side_only_with(resources, told())
    assert own_side_only_with(resources, told(), told(by="nva2", hop=OTHER))


def own_side_only_with(resources: list[Json], *seen: Json) -> bool:
    """True where nothing in Azure stops the path from the site."""
    found = asked(resources, SOURCE, seen=seen)
    stops = {d.kind for t in found.traces for d in t.decisions if d.result is not Verdict.REACHABLE}
    return found.verdict is Verdict.UNKNOWN and stops == {"client"}


def test_shorter_path_wins_and_equal_ones_share() -> None:
    """As the FAQ has it; where two share the traffic, which one takes a packet is unknown."""
    resources = served(sessions=(session(), session("nva2", OTHER)))
    long, short = told("192.168.1.0/24", path="65001-65009"), told("192.168.1.0/24", by="nva2", hop=OTHER)
    assert route(resources, long, short) == ("192.168.1.0/24", OTHER)
    equal = asked(resources, SOURCE, seen=(told("192.168.1.0/24"), short))
    assert any(f"Which of {NVA}, {OTHER}" in gap.missing for gap in equal.gaps)


def test_route_that_one_instance_learned_is_open_and_the_others_are_not() -> None:
    """Seen in the field: the two instances do not always know the same."""
    seen = told("192.168.1.0/24", second=())
    assert any("only one of the two" in gap.why.lower() for gap in asked(served(), SOURCE, seen=(seen,)).gaps)
    assert own_side_only_with(served(), told("172.30.0.0/16", second=()))


@pytest.mark.parametrize(
    "resources",
    [
        served(routeMaps=[{"id": f"{SERVER}/routeMaps/m"}]),
        served(sessions=(session(routingConfiguration={"inboundRouteMap": {"id": f"{SERVER}/routeMaps/m"}}),)),
        served(bgpConnections=[{"id": f"{SERVER}/bgpConnections/nva1"}, {"id": f"{SERVER}/bgpConnections/unseen"}]),
        [one for one in served() if one["name"] != "rs"],
    ],
    ids=["route map of the server", "route map of the session", "a session not seen", "server not collected"],
)
def test_what_was_not_read_whole_stays_a_gap(resources: list[Json]) -> None:
    """A table of routes that may be changed or is not whole decides nothing."""
    assert not own_side_only_with(resources, told())
    assert any("Route" in gap.missing for gap in asked(resources, SOURCE, seen=(told(),)).gaps)


@pytest.mark.parametrize("value", [{}, {"value": []}, {"RouteServiceRole_IN_0": []}, {"RouteServiceRole_IN_0": [5], "RouteServiceRole_IN_1": []},
                                   {"RouteServiceRole_IN_0": [{"network": "x", "nextHop": NVA}], "RouteServiceRole_IN_1": []}])  # fmt: skip
def test_answer_of_another_shape_is_not_read_as_empty(value: Json) -> None:
    """An instance that is missing, rows without a prefix or with one that is none."""
    assert not own_side_only_with(served(), {**told(), "value": value})


def test_peer_that_uses_remote_gateways_gets_its_routes() -> None:
    """One setting lends gateway and Route Server; without it nothing of either arrives."""
    spoke = served(into=shared_hub(), home="H")
    assert route(spoke, told("192.168.1.0/24"), home="B/mi") == ("192.168.1.0/24", NVA)
    apart = copy.deepcopy(spoke)
    for one in apart:
        for side in one["properties"].get("virtualNetworkPeerings", ()):
            side["properties"]["useRemoteGateways"] = False
    assert winner(apart, "B/mi", CLIENT, (told("192.168.1.0/24"),)).next_hop_type == "None"
    assert not table_of(apart, "B/mi").gaps and table_of(spoke, "B/mi").gaps


def test_route_server_alone_lends_itself_without_a_gateway() -> None:
    """No gateway has to be there for it, so none is missing."""
    only = [one for one in shared_hub() if not one["type"].endswith(("virtualNetworkGateways", "/connections"))]
    own = next(one for one in only if one["name"] == "H")["properties"]
    own["subnets"] = [one for one in own["subnets"] if one["name"] != "GatewaySubnet"]
    resources = served(into=only, home="H")
    assert not table_of(resources, "B/mi", (told("192.168.1.0/24"),)).gaps
    assert route(resources, told("192.168.1.0/24"), home="B/mi") == ("192.168.1.0/24", NVA)


def test_announced_prefixes_may_count_as_the_virtual_network() -> None:
    """Whether the service tag holds them is not documented: perhaps, never surely."""
    network = Network(Snapshot(served(), observations=(told("192.0.2.0/24"),), complete=None))
    tag = virtual_network(network, network.subnet(f"{vnet_id('v')}/subnets/mi"))
    addresses = table_of(served(), "v/mi", (told("192.0.2.0/24"),)).routes[-1].addresses
    assert tag.perhaps.covers(addresses) and not tag.surely.meets(addresses)


@pytest.mark.parametrize("seen", [told(), told("192.168.1.0/24"), told(SITE)], ids=["nothing", "longer", "same"])
def test_any_member_left_out_never_turns_the_verdict(seen: Json) -> None:
    """Of the Route Server, its sessions and what they learned: the verdict and its reason stay, or it is unknown."""
    resources = served()
    next(one for one in resources if one["name"] == "nva-edge")["properties"]["enableIPForwarding"] = False
    before = asked(resources, SOURCE, seen=(seen,)).verdict
    for number, one in enumerate(resources):
        if "virtualHubs" in one["type"] or one["name"] == "v":
            for path in members(one):
                left = [*resources[:number], without(one, path), *resources[number + 1 :]]
                assert verdict_or_none(left, seen) in {before, Verdict.UNKNOWN, None}, path
    for path in members(seen["value"]):
        changed = {**seen, "value": without(seen["value"], path)}
        assert verdict_or_none(resources, changed) in {before, Verdict.UNKNOWN, None}, path


def verdict_or_none(resources: list[Json], seen: Json) -> Verdict | None:
    """The verdict, None where the question does not fit any more."""
    try:
        return asked(resources, SOURCE, seen=(seen,)).verdict
    except InputError:
        return None


def shown(*rows: tuple[str, str]) -> Json:
    """Azure's own table of the VM's NIC: prefix and next hop of the rows whose source is a gateway."""
    value = [{"source": "VirtualNetworkGateway", "state": "Active", "addressPrefix": [p], "nextHopType": "VirtualNetworkGateway",
              "nextHopIpAddress": [hop]} for p, hop in rows]  # fmt: skip
    return {"kind": "effective-routes", "about": at("networkInterfaces", "vm"), "value": {"value": value}}


def test_azures_own_table_takes_the_place_of_what_was_not_asked() -> None:
    """As the gap advises: a row whose next hop is an address of the network is an appliance's, others are the gateway's."""
    resources = served()
    table = table_of(resources, "v/vm", (shown(("192.168.1.0/24", NVA), ("10.77.0.0/16", "20.1.2.3")),))
    assert table_of(resources, "v/vm").gaps and table.gaps
    table = table_of(resources, "v/vm", (shown(("192.168.1.0/24", NVA), ("10.77.0.0/16", "10.0.255.4")),))
    behind = {r.prefix: r.behind for r in table.routes if r.source == "VirtualNetworkGateway"}
    assert not table.gaps and behind["192.168.1.0/24"] == "appliance" and behind["10.77.0.0/16"] == "learned"


def test_neighbouring_next_hops_are_all_looked_at() -> None:
    """Two appliances with addresses one after the other: one that forwards is enough to keep the path open."""
    resources = alone(
        route_table("rt", ("192.168.0.0/16", "VirtualApplianceEcmp", "10.0.3.4")),
        nic("nva-a", NVA, "v/vm", enableIPForwarding=False), nic("nva-b", OTHER, "v/vm", enableIPForwarding=True),
    )  # fmt: skip
    own = next(one for one in resources if one["name"] == "v")["properties"]
    own["subnets"][0]["properties"]["routeTable"] = {"id": at("routeTables", "rt")}
    hop = next(one for one in resources if one["name"] == "rt")["properties"]["routes"][0]["properties"]
    hop.pop("nextHopIpAddress")
    hop["nextHop"] = {"nextHopIpAddresses": [NVA, OTHER]}
    assert asked(resources, SOURCE).verdict is Verdict.UNKNOWN
    next(one for one in resources if one["name"] == "nva-b")["properties"]["enableIPForwarding"] = False
    assert asked(resources, SOURCE).root_cause == "rt-nva-not-forwarding"


@pytest.mark.parametrize("suffix", ["json", "txt"])
@pytest.mark.parametrize("named", [True, False])
def test_output_that_somebody_sent_counts_as_asked(suffix: str, named: bool, tmp_path: Path) -> None:
    """The command's output beside the evidence: of the session it names, or of the peer that its rows came from."""
    resources = served(sessions=(session(), session("nva2", OTHER)))
    Snapshot(resources, complete=None).save(tmp_path / "azure.json")
    for name, hop in (("nva1", NVA), ("nva2", OTHER)):
        value = told("172.30.0.0/16", by=name, hop=hop)["value"] | {"value": None}
        command = f"az network routeserver peering list-learned-routes -g g --routeserver rs -n {name} -o json\n"
        text = json.dumps(value, indent=2)
        (tmp_path / f"{name}.{suffix}").write_text(command + text if named and suffix == "txt" else text)
    found = diagnose(load(tmp_path), SOURCE, "mi")
    assert not any("Route Server" in gap.missing for gap in found.gaps), found.gaps
    (tmp_path / f"nva2.{suffix}").unlink()
    found = diagnose(load(tmp_path), SOURCE, "mi")
    assert [gap for gap in found.gaps if "nva2" in gap.missing] and not [
        gap for gap in found.gaps if "nva1" in gap.missing
    ]


def test_output_that_is_cut_off_is_not_read_as_whole(tmp_path: Path) -> None:
    """One of the two instances is missing in the paste."""
    Snapshot(served(), complete=None).save(tmp_path / "azure.json")
    text = json.dumps(told("172.30.0.0/16")["value"], indent=2)
    command = "az network routeserver peering list-learned-routes -g g --routeserver rs -n nva1\n"
    (tmp_path / "cut.txt").write_text(command + text[: text.index('"RouteServiceRole_IN_1')])
    assert any("nva1" in gap.missing for gap in diagnose(load(tmp_path), SOURCE, "mi").gaps)


def test_route_server_that_names_its_peers_needs_no_list_of_them() -> None:
    """Its own member bgpConnections says which there are; without it, and without a list, there may be more."""
    listed = served(bgpConnections=[{"id": f"{SERVER}/bgpConnections/nva1"}])
    for resources, expected in ((listed, True), (served(), False)):
        seen = Snapshot(
            resources, observations=(told(),), complete=frozenset({"microsoft.network/virtualnetworkgateways"})
        )
        network = Network(seen)
        view = server_view(network, network.vnet(vnet_id("v")))
        assert view.present and (not view.gaps) is expected
