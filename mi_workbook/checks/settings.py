"""Faults of settings that do not decide this path: requirements of the instance's subnet, and peering flags.

Source: "Connectivity architecture of SQL Managed Instance", sections "Network requirements" and "Networking constraints";
"Enable service-aided subnet configuration".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mi_workbook.checks.check import Found, Subject
from mi_workbook.checks.mending import without_rule
from mi_workbook.core.evidence import Evidence
from mi_workbook.core.finding import Change
from mi_workbook.network.nsg import Rule
from mi_workbook.network.resource_id import key, vnet_of
from mi_workbook.network.vnet import Subnet

RESERVED = "microsoft.sql-managedinstances_useonly_mi-"
DELEGATION = "microsoft.sql/managedinstances"
MANAGED_RULES = ("healthprobe", "internal", "optional", "aad", "onedsc", "strg", "azure")

Check = Callable[[Subject, Subnet], Iterator[Found]]


def no_nsg(subject: Subject, subnet: Subnet) -> Iterator[Found]:
    """The instance's subnet has no network security group."""
    if not subnet.nsg_id:
        yield Found("mi-no-nsg", subnet.id, (subnet.reading.evidence("networkSecurityGroup"),))


def no_route_table(subject: Subject, subnet: Subnet) -> Iterator[Found]:
    """The instance's subnet has no route table."""
    if not subnet.route_table_id:
        yield Found("mi-no-rt", subnet.id, (subnet.reading.evidence("routeTable"),))


def delegation_missing(subject: Subject, subnet: Subnet) -> Iterator[Found]:
    """The instance's subnet is not delegated to managed instances."""
    if DELEGATION not in {name.lower() for name in subnet.delegations}:
        delegation = {"name": "managedInstances", "properties": {"serviceName": "Microsoft.Sql/managedInstances"}}
        changes = _set(subnet, "delegations", [delegation])
        yield Found("mi-delegation-missing", subnet.id, (subnet.reading.evidence("delegations"),), {}, changes)


def nat_gateway(subject: Subject, subnet: Subnet) -> Iterator[Found]:
    """A NAT gateway is associated with the instance's subnet."""
    if subnet.reading.reference("natGateway"):
        changes = _set(subnet, "natGateway", None)
        yield Found("mi-natgw", subnet.id, (subnet.reading.evidence("natGateway"),), {}, changes)


def private_subnet(subject: Subject, subnet: Subnet) -> Iterator[Found]:
    """Default outbound access is switched off on the instance's subnet."""
    if subnet.reading.flag("defaultOutboundAccess") is False:
        changes = _set(subnet, "defaultOutboundAccess", True)
        yield Found("mi-private-subnet", subnet.id, (subnet.reading.evidence("defaultOutboundAccess"),), {}, changes)


def ipv6(subject: Subject, subnet: Subnet) -> Iterator[Found]:
    """The instance's VNet holds IPv6 prefixes."""
    vnet = subject.network.vnet(subnet.vnet_id)
    if any(":" in text for text in vnet.prefixes):
        space = {"addressPrefixes": [text for text in vnet.prefixes if ":" not in text]}
        change = Change(vnet.id, vnet.reading.at("addressSpace"), space)
        yield Found("mi-ipv6", vnet.id, (vnet.reading.evidence("addressSpace"),), {}, (change,))


def platform_dns_denied(subject: Subject, subnet: Subnet) -> Iterator[Found]:
    """A rule of the instance's subnet denies the tag AzurePlatformDNS."""
    for rule in subject.network.nsg(subnet.nsg_id).rules if subnet.nsg_id else ():
        named = {text.lower() for text in (*rule.sources, *rule.destinations)}
        if rule.access.lower() == "deny" and "azureplatformdns" in named:
            yield _rule_gone(subject, subnet, rule, "mi-azureplatformdns")


def reserved_rule_name(subject: Subject, subnet: Subnet) -> Iterator[Found]:
    """An own rule carries the prefix that is reserved for the service's rules."""
    for rule in subject.network.nsg(subnet.nsg_id).rules if subnet.nsg_id else ():
        name = rule.name.lower()
        if name.startswith(RESERVED) and not name.removeprefix(RESERVED).startswith(MANAGED_RULES):
            yield _rule_gone(subject, subnet, rule, "mi-nsg-usemanaged")


def _rule_gone(subject: Subject, subnet: Subnet, rule: Rule, fault: str) -> Found:
    evidence = Evidence(rule.reading.document, rule.reading.pointer, rule.name)
    changes = without_rule(subject.network.nsg(subnet.nsg_id), rule.name)
    return Found(fault, subnet.nsg_id, (evidence,), {"rule": rule.name}, changes)


def _set(subnet: Subnet, member: str, value: object) -> tuple[Change, ...]:
    return (Change(subnet.reading.document, subnet.reading.at(member), value),)


def shared_between_instances(subject: Subject, subnet: Subnet) -> Iterator[Found]:
    """The route table or security group also serves an instance subnet of another VNet."""
    for other in subject.network.instances():
        if key(other.subnet_id) == key(subnet.id) or subject.network.snapshot.get(vnet_of(other.subnet_id)) is None:
            continue
        far = subject.network.subnet(other.subnet_id)
        for mine, theirs, member in ((subnet.nsg_id, far.nsg_id, "networkSecurityGroup"),
                                     (subnet.route_table_id, far.route_table_id, "routeTable")):  # fmt: skip
            if mine and key(mine) == key(theirs) and key(far.vnet_id) != key(subnet.vnet_id):
                yield Found("mi-rt-nsg-shared", mine, (subnet.reading.evidence(member), far.reading.evidence(member)))


def access_flag_off(subject: Subject, subnet: Subnet) -> Iterator[Found]:
    """A side of the peering on the path keeps the other's addresses out of its VirtualNetwork tag."""
    ends = {key(subject.question.subnet.vnet_id), key(subnet.vnet_id)}
    for end in ends:
        for peering in subject.network.vnet(end).peerings:
            if key(peering.remote_id) in ends and not peering.allow_vnet_access:
                evidence = (peering.reading.evidence("allowVirtualNetworkAccess"),)
                yield Found("peer-no-access", peering.id, evidence, {"peering": peering.name}, severity="risk")


SETTINGS: tuple[Check, ...] = (
    access_flag_off,
    no_nsg,
    no_route_table,
    delegation_missing,
    nat_gateway,
    private_subnet,
    ipv6,
    platform_dns_denied,
    reserved_rule_name,
    shared_between_instances,
)
