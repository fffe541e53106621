"""A computed table beside the one Azure showed: every difference is explained by what the evidence says about it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from arm import Json, at, nic, peered, vnet_id
from test_golden_routes import SNAPSHOTS

from mi_workbook.cli import main
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.network import Network
from mi_workbook.network.observed import captured_routes
from mi_workbook.reach.captured import Difference, against_captured
from mi_workbook.reach.effective_routes import effective_routes
from test_rules.sites import alone
from test_rules.topology import B, named, routed, two, unshared

VM_A = nic("vm-a", "", "A/vm")["id"]
OWN = (
    ("Default", "10.1.0.0/16", "VnetLocal"),
    ("Default", "10.2.0.0/16", "VNetPeering"),
    ("Default", "0.0.0.0/0", "Internet"),
)


def seen(*rows: tuple[str, ...], about: str = VM_A) -> tuple[Json, ...]:
    """A captured table: source, prefix, next hop type, and a state other than Active."""
    value = [
        {"source": r[0], "state": r[3] if len(r) > 3 else "Active", "addressPrefix": [r[1]], "nextHopType": r[2]}
        for r in rows
    ]
    return ({"kind": "effective-routes", "about": about, "value": {"value": value}},)


def differences(
    resources: list[Json], *rows: tuple[str, ...], home: str = "A/vm", about: str = VM_A
) -> list[Difference]:
    """What differs from the computed table of a subnet."""
    network = Network(Snapshot(resources, observations=seen(*rows, about=about), complete=None))
    own, _, part = home.partition("/")
    table = effective_routes(network, network.subnet(f"{vnet_id(own)}/subnets/{part}"))
    return list(against_captured(network, table, captured_routes(network.snapshot, about) or ()))


def only(found: list[Difference]) -> Difference:
    """The one difference there is."""
    assert len(found) == 1, found
    return found[0]


def test_equal_tables_differ_in_nothing() -> None:
    """Whatever list of dropped ranges Azure had at the time."""
    assert differences(two(), *OWN, ("Default", "25.48.0.0/12", "None")) == []


def test_region_of_a_peer_is_one_difference_and_not_two() -> None:
    """Same prefix, peering and global peering."""
    found = only(differences(two(), OWN[0], ("Default", "10.2.0.0/16", "VNetGlobalPeering"), OWN[2]))
    assert found.side == "both" and "region" in found.why


def test_row_that_azure_shows_as_invalid_lost_to_one_that_is_not_in_the_evidence() -> None:
    """A default route that was learned."""
    found = differences(two(), *OWN[:2], (*OWN[2], "Invalid"))
    assert only(found).side == "computed" and "Invalid" in found[0].why


HUB_SIDE = {"H": {**peered(["10.9.0.0/23"]), "remoteVirtualNetwork": {"id": vnet_id("HV_hub_1234")}}}


def in_hub() -> list[Json]:
    """A attached to a Virtual WAN hub as well."""
    resources = two()
    named(resources, "A")["virtualNetworkPeerings"].append(
        {"name": "RemoteVnetToHubPeering_1", "properties": {**HUB_SIDE["H"], "useRemoteGateways": True}}
    )
    return unshared(resources)


def kept_out() -> list[Json]:
    """A route table that keeps gateway routes out."""
    return routed(propagation_off=True)


LEARNED = ("VirtualNetworkGateway", "10.77.0.0/16", "VirtualNetworkGateway")


@pytest.mark.parametrize(
    ("resources", "row", "words"),
    [
        pytest.param(in_hub(), LEARNED, "vhub get-effective-routes", id="Virtual WAN hub"),
        pytest.param(kept_out(), LEARNED, "disableBgpRoutePropagation", id="propagation off since"),
        pytest.param(two(), LEARNED, "not in the evidence", id="gateway not seen"),
        pytest.param(two(), ("User", "10.77.0.0/16", "VirtualAppliance"), "route table none", id="no route table"),
        pytest.param(routed(), ("User", "10.77.0.0/16", "None"), "route table rt", id="route removed"),
        pytest.param(two(), ("Default", "10.77.0.4/32", "InterfaceEndpoint"), "private endpoint", id="private endpoint"),
        pytest.param(two(), ("Default", "10.77.0.0/16", "ConnectedGroup"), "Network Manager", id="network manager"),
        pytest.param(two(), ("Default", "10.77.0.0/16", "VNetPeering"), "peering that is not in the evidence", id="peering"),
        pytest.param(two(a_side=peered(B, remoteVirtualNetworkAddressSpace={"addressPrefixes": [*B, "10.77.0.0/16"]})),
                     ("Default", "10.77.0.0/16", "VNetPeering"), "synced", id="peering not in sync"),
        pytest.param(two(), ("Default", "10.77.0.0/16", "NewKind"), "not in the evidence", id="next hop nobody knows"),
    ],
)  # fmt: skip
def test_row_that_only_azure_shows_names_what_gave_it(resources: list[Json], row: tuple[str, ...], words: str) -> None:
    """Each kind of route has another origin, and another way to see it."""
    own = [one for one in OWN if one[1] != row[1]]
    rows = [*own, ("Default", "10.9.0.0/23", "VNetPeering")] if "hub" in words else own
    found = only(differences(resources, *rows, row))
    assert (found.side, found.prefix) == ("azure", row[1]) and words in found.why


def test_learned_route_that_azure_shows_is_taken_into_the_computed_table() -> None:
    """What a gateway learned over BGP is known from there; a site's static prefix that is missing is a difference."""
    resources = alone()
    named(resources, "to-branch")["enableBgp"] = True
    pool = ("VirtualNetworkGateway", "172.16.201.0/24", "VirtualNetworkGateway")
    rows = [("Default", "10.0.0.0/16", "VnetLocal"), OWN[2], LEARNED, pool]
    found = only(differences(resources, *rows, home="v/vm", about=nic("vm", "", "v/vm")["id"]))
    assert found.prefix == "192.168.0.0/16" and "to-branch is Connected" in found.why


def test_peering_that_is_cut_now_was_connected_then() -> None:
    """The evidence is younger than the table."""
    found = only(differences(two(a_side=peered(B, "Disconnected")), *OWN))
    assert "Disconnected" in found.why and found.side == "azure"


def test_user_route_that_came_later() -> None:
    """Azure showed the peering where the evidence has a user route on the same prefix."""
    found = only(differences(routed(("10.2.0.0/16", "None", "")), *OWN))
    assert found.side == "both" and "User route r0 was made after" in found.why


def test_command_line_shows_the_differences_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`routes` on a NIC whose table is in the evidence."""
    path = tmp_path / "s.json"
    Snapshot(in_hub(), observations=seen(*OWN, LEARNED), complete=None).save(path)
    assert main(["routes", str(path), "vm-a"]) == 0
    assert "Only in Azure's table: 10.77.0.0/16" in " ".join(capsys.readouterr().out.split())
    assert main(["routes", str(path), "vm-a", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)["differences"]
    assert any("vhub" in one["why"] for one in shown)


@pytest.mark.parametrize("name", [name for name in SNAPSHOTS if not name.startswith(("30", "32"))])
def test_recorded_tables_hold_no_difference(
    name: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The recorded table of a NIC beside the network it was recorded in, on the command line."""
    golden = json.loads((data / "golden_routes" / name / "expected.json").read_text(encoding="utf-8"))
    if not golden["complete_table"]:
        pytest.skip("Not all rows of this table were recorded.")
    home = vnet_id("v") + "/subnets/s"
    own: dict[str, Any] = {
        "name": "main",
        "properties": {"primary": True, "privateIPAddress": "10.255.0.9", "subnet": {"id": home}},
    }
    machine = {"id": at("networkInterfaces", "recorded"), "name": "recorded", "type": "Microsoft.Network/networkInterfaces",
               "properties": {"ipConfigurations": [own]}}  # fmt: skip
    rows = [{**row, "addressPrefix": [row["addressPrefix"]]} for row in golden["routes"]]
    table = {"kind": "effective-routes", "about": machine["id"], "value": {"value": rows}}
    path = tmp_path / "s.json"
    Snapshot([*SNAPSHOTS[name].resources, machine], observations=[*SNAPSHOTS[name].observations, table]).save(path)
    assert main(["routes", str(path), "recorded"]) == 0
    assert "is the same" in " ".join(capsys.readouterr().out.split())
