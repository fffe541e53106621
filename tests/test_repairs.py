"""A repair is the smallest that works, and takes the way from nobody else."""

from __future__ import annotations

from arm import Json, at, connection, gateway, instance, nic, peered, resource, route_table, site, subnet, vnet

from mi_workbook.core.finding import Diagnosis
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.views.proof import proof


def shared(*routes: tuple[str, str, str], subnets: dict[str, Json] | None = None) -> Diagnosis:
    """An app in a network that is peered with the instance's; its route table is shared with the other subnets named."""
    others = subnets or {}
    resources = [
        vnet("a", ["10.1.0.0/16"], {"app": subnet("10.1.1.0/24", table="rt"), **others}, {"b": peered(["10.2.0.0/16"])}),
        vnet("b", ["10.2.0.0/16"], {"mi": subnet("10.2.0.0/27")}, {"a": peered(["10.1.0.0/16"])}),
        route_table("rt", *routes), nic("vm", "10.1.1.4", "a/app"), instance("b/mi"),
    ]  # fmt: skip
    return diagnose(Snapshot(resources, complete=None), "vm", "mi")


def test_repair_that_takes_nothing_away_is_proved() -> None:
    """The black hole is removed from the table of one subnet."""
    found = shared(("10.2.0.0/16", "None", ""), subnets={"web": subnet("10.1.2.0/24")})
    assert found.repair is not None and found.repair.proved and not found.repair.breaks


def test_repair_that_cuts_others_off_is_not_proved() -> None:
    """The instance's table keeps gateway routes out, which cuts the site off. With them, a learned route would take the replies to
    c, which reaches the instance through a firewall today.
    """
    fw = at("virtualNetworks", "hub") + "/subnets/AzureFirewallSubnet"
    policy = at("firewallPolicies", "pol")
    allow = {"ruleType": "NetworkRule", "name": "r", "ipProtocols": ["TCP"], "sourceAddresses": ["*"], "destinationAddresses": ["*"],
             "destinationPorts": ["*"]}  # fmt: skip
    collections = [{"ruleCollectionType": "FirewallPolicyFilterRuleCollection", "name": "c", "priority": 100, "action": {"type": "Allow"},
                    "rules": [allow]}]  # fmt: skip
    resources = [
        vnet("b", ["10.2.0.0/16"], {"mi": subnet("10.2.0.0/27", table="rb"), "GatewaySubnet": subnet("10.2.255.0/27"),
                                    "web": subnet("10.2.9.0/24")}, {"hub": peered(["10.9.0.0/16"])}),
        vnet("c", ["10.3.0.0/16"], {"web": subnet("10.3.1.0/24", table="rc")}, {"hub": peered(["10.9.0.0/16"])}),
        vnet("hub", ["10.9.0.0/16"], {"AzureFirewallSubnet": subnet("10.9.1.0/26")},
             {"b": peered(["10.2.0.0/16"]), "c": peered(["10.3.0.0/16"])}),
        route_table("rb", ("10.3.0.0/16", "VirtualAppliance", "10.9.1.4"), propagation_off=True),
        route_table("rc", ("10.2.0.0/16", "VirtualAppliance", "10.9.1.4")),
        resource("azureFirewalls", "fw", firewallPolicy={"id": policy},
                 ipConfigurations=[{"properties": {"privateIPAddress": "10.9.1.4", "subnet": {"id": fw}}}]),
        resource("firewallPolicies", "pol"),
        {"id": f"{policy}/ruleCollectionGroups/g", "name": "g", "type": "Microsoft.Network/firewallPolicies/ruleCollectionGroups",
         "properties": {"priority": 100, "ruleCollections": collections}},
        gateway("gw", "b"), site("london", "192.168.0.0/16"), connection("to-london", "gw", "london"), instance("b/mi"),
    ]  # fmt: skip
    learned = {"kind": "learned-routes", "about": at("virtualNetworkGateways", "gw"), "value": {"value": [
        {"network": "10.3.1.0/24", "nextHop": "192.168.0.1", "origin": "EBgp"}]}}  # fmt: skip
    quiet = diagnose(Snapshot(resources, complete=None), "onprem:london=192.168.1.5", "mi")
    assert quiet.root_cause == "rt-propagation-off-mi" and quiet.repair is not None and quiet.repair.proved
    told = Snapshot(resources, observations=[learned], complete=None)
    assert diagnose(told, "c/web", "mi").verdict is Verdict.REACHABLE
    found = diagnose(told, "onprem:london=192.168.1.5", "mi")
    assert found.repair is not None and found.repair.breaks == ("c/web",) and not found.repair.proved
    assert "c/web" in proof(found)
