"""Which scenario fits: from the evidence itself, and from a pasted connection string or error.

A choice is a proposal with its reasons; the walk through the scenario judges. Nothing is concluded from what is absent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.progress import each
from mi_workbook.evidence.explain import Explanation, explain
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.gateway import Gateway
from mi_workbook.network.instance import ManagedInstance
from mi_workbook.network.network import CONNECTIONS, GATEWAYS, NICS, PRIVATE_ENDPOINTS, VNETS, WEB_APPS, Network
from mi_workbook.network.reading import Reading
from mi_workbook.network.resource_id import key, last, parent

Reason = tuple[str, int, str]
PUBLIC_PORT = 3342
BY_LAYER = {"TLS": "client", "login": "client", "client": "client", "redirect": "client", "transient": "client"}
BY_PREFIX = (
    ("p2s-", "developer-box"),
    ("pub-", "public-endpoint"),
    ("pe-", "private-endpoint"),
    ("peer-", "vnet-peering"),
    ("gt-", "hub-spoke"),
    ("gwi-", "app-service-gateway"),
    ("swift-", "app-service"),
    ("app-", "app-service"),
    ("hc-", "hybrid-connection"),
    ("fog-", "failover"),
    ("er-", "on-premises-expressroute"),
    ("s2s-", "on-premises-vpn"),
    ("rt-lng", "on-premises-vpn"),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """A scenario or tree of questions that fits, how well (a higher weight is a better fit), and why."""

    tree: str
    weight: int
    reasons: tuple[str, ...]


def choices_for(snapshot: Snapshot) -> tuple[Choice, ...]:
    """Scenarios that the evidence holds the parts of, best first; empty where there is no instance in it."""
    network = Network(snapshot)
    reasons = [
        reason
        for instance in network.instances()
        for look in (_machines, _peerings, _others, _endpoints, _gateways, _connections, _apps)
        for reason in _whatever_is_known(look, network, instance)
    ]
    return _ranked(reasons)


def choices_for_paste(text: str) -> tuple[Choice, ...]:
    """Scenarios and trees that a pasted connection string or error speaks of, best first.

    Raises InputError for an empty paste and for one that is too long.
    """
    found = explain(text)
    return _ranked([*_of_strings(found), *_of_error(found)])


def _ranked(reasons: list[Reason]) -> tuple[Choice, ...]:
    weights: dict[str, int] = defaultdict(int)
    words: dict[str, dict[str, None]] = defaultdict(dict)
    for tree, weight, why in reasons:
        if why not in words[tree]:
            weights[tree] += weight
            words[tree][why] = None
    order = sorted(weights, key=lambda tree: (-weights[tree], tree))
    return tuple(Choice(tree, weights[tree], tuple(words[tree])) for tree in order)


def _whatever_is_known(
    look: Callable[[Network, ManagedInstance], Iterator[Reason]], network: Network, instance: ManagedInstance
) -> list[Reason]:
    found: list[Reason] = []
    try:
        for reason in look(network, instance):
            found.append(reason)
    except MissingEvidence:
        pass  # what was seen before stays; a choice needs no completeness
    return found


def _machines(network: Network, instance: ManagedInstance) -> Iterator[Reason]:
    home = key(parent(instance.subnet_id))
    for raw in each(network.snapshot.of_type(NICS), "Looking which scenario fits"):
        nic = Reading(str(raw.get("id", "")), "", raw)  # of thousands the subnet alone is wanted
        if any(key(parent(one.reference("subnet"))) == home for one in nic.children("ipConfigurations")):
            yield "same-vnet", 2, f"{nic.name} stands in the VNet of {instance.name}."


def _peerings(network: Network, instance: ManagedInstance) -> Iterator[Reason]:
    vnet = network.vnet(parent(instance.subnet_id))
    for peering in vnet.peerings:
        yield "vnet-peering", 3, f"VNet {vnet.name} is peered with {last(peering.remote_id)}."
        if peering.use_remote_gateways:
            yield "hub-spoke", 5, f"Peering {peering.name} uses the gateway of {last(peering.remote_id)}."


def _others(network: Network, instance: ManagedInstance) -> Iterator[Reason]:
    """Other VNets of the evidence: one of them may be the application's, joined or not."""
    home = key(parent(instance.subnet_id))
    for raw in network.snapshot.of_type(VNETS):
        if key(str(raw.get("id", ""))) != home:
            yield "vnet-peering", 1, f"VNet {raw.get('name')} is in the evidence beside the instance's."


def _endpoints(network: Network, instance: ManagedInstance) -> Iterator[Reason]:
    if instance.public_endpoint:
        yield "public-endpoint", 2, f"The public endpoint of {instance.name} is on."
    for raw in network.snapshot.of_type(PRIVATE_ENDPOINTS):
        endpoint = network.private_endpoint(str(raw.get("id", "")))
        if key(instance.id) in {key(target) for target in endpoint.target_ids}:
            yield "private-endpoint", 6, f"Private endpoint {endpoint.name} leads to {instance.name}."


def _gateways(network: Network, instance: ManagedInstance) -> Iterator[Reason]:
    home = key(parent(instance.subnet_id))
    for raw in network.snapshot.of_type(GATEWAYS):
        gateway = network.gateway(str(raw.get("id", "")))
        yield from _of_gateway(gateway, key(gateway.vnet_id) == home)


def _of_gateway(gateway: Gateway, at_home: bool) -> Iterator[Reason]:
    if gateway.kind == "expressroute":
        yield "on-premises-expressroute", 5, f"{gateway.name} is an ExpressRoute gateway."
    if gateway.pool_prefixes:
        yield "developer-box", 5, f"{gateway.name} has a pool for VPN clients, {', '.join(gateway.pool_prefixes)}."
    else:
        yield "developer-box", 1, f"Gateway {gateway.name} could serve VPN clients, and has no pool for them."
    if not at_home:
        yield "hub-spoke", 3, f"Gateway {gateway.name} stands in another VNet than the instance."


def _connections(network: Network, instance: ManagedInstance) -> Iterator[Reason]:
    kinds = {"ipsec": "on-premises-vpn", "vnet2vnet": "vnet-to-vnet", "expressroute": "on-premises-expressroute"}
    for raw in network.snapshot.of_type(CONNECTIONS):
        connection = network.connection(str(raw.get("id", "")))
        if connection.kind in kinds:
            yield kinds[connection.kind], 5, f"Connection {connection.name} is of type {connection.kind}."


def _apps(network: Network, instance: ManagedInstance) -> Iterator[Reason]:
    """A web app may be integrated in several ways at once; a subnet that it names speaks for the regional one."""
    for raw in network.snapshot.of_type(WEB_APPS):
        app = Reading("", "", raw)
        joined = bool(app.text("virtualNetworkSubnetId"))
        yield "app-service", 6 if joined else 3, f"{app.name} is a web app{' with a subnet' if joined else ''}."
        yield "app-service-gateway", 1, f"Web app {app.name} may be integrated through a gateway."
        yield "hybrid-connection", 1, f"Web app {app.name} may use a Hybrid Connection."


def _of_strings(found: Explanation) -> Iterator[Reason]:
    for string, findings in found.strings:
        if ".public." in string.host or string.port == PUBLIC_PORT:
            yield "public-endpoint", 8, "The connection string names the public endpoint (.public. or port 3342)."
        if ".privatelink." in string.host:
            yield "private-endpoint", 8, "The connection string holds the name of a private link."
        for finding in findings:
            for tree in _trees_of(finding.fault):
                yield tree, 3, f"The connection string shows {finding.fault}."


def _of_error(found: Explanation) -> Iterator[Reason]:
    error = found.error
    if error is None or not error.understood:
        return
    if error.layer in BY_LAYER:
        yield BY_LAYER[error.layer], 6, f"The error is of the layer {error.layer}: {error.title}."
    for suspect in error.suspects:
        for tree in _trees_of(suspect.fault):
            yield tree, 1, f"The error can come from {suspect.fault}: {suspect.words}."


def _trees_of(fault: str) -> Iterator[str]:
    yield from (tree for prefix, tree in BY_PREFIX if fault.startswith(prefix))
