"""Sources outside of the virtual networks: point-to-site clients, sites, ExpressRoute circuits, the Internet."""

from __future__ import annotations

import ipaddress

from mi_workbook.core.errors import InputError, MissingEvidence
from mi_workbook.core.evidence import Gap
from mi_workbook.core.finding import Place
from mi_workbook.core.ranges import Ranges, prefix, show_addresses
from mi_workbook.network.gateway import Connection, Gateway
from mi_workbook.network.network import GATEWAYS, LOCAL_NETWORKS, Network
from mi_workbook.network.resource_id import key, last, shell_word
from mi_workbook.network.service_tags import PUBLIC
from mi_workbook.reach.origin import INSIDE, Origin

KINDS = {"clients": GATEWAYS, "express": GATEWAYS, "site": LOCAL_NETWORKS}
# Kinds that stand in a Virtual WAN hub in the place of the usual ones.
OF_A_HUB = {
    GATEWAYS: (
        "Microsoft.Network/p2svpnGateways",
        "Microsoft.Network/expressRouteGateways",
        "Microsoft.Network/vpnGateways",
    ),
    LOCAL_NETWORKS: ("Microsoft.Network/vpnSites",),
}
WORDS = {"clients": "point-to-site client of", "express": "ExpressRoute behind", "site": "site"}


def outside_place(network: Network, kind: str, text: str, typed: str) -> Place:
    """A place behind a gateway. text: name or id of the gateway (site: local network gateway), with "=address" or not.

    Raises InputError where the evidence holds no such thing or several, or the address is none it can have;
    MissingEvidence where it may be among what was not collected.
    """
    name, equals, address = text.rpartition("=") if "=" in text else (text, "", "")
    at = _find(network, KINDS[kind], name.strip(), typed)
    if equals:
        _check(address, typed)
    if kind == "express" and not equals:
        raise InputError(
            f"'{typed}' needs the client's address.",
            remedy=f"Write er:{name}=10.9.1.4, the address behind the circuit.",
        )
    gateway = _gateway_of(network, kind, at)
    if kind == "clients" and equals and gateway.pool and not gateway.pool.covers(prefix(address)):
        raise InputError(
            f"{address} is not in the client pool of {gateway.name}, {show_addresses(gateway.pool)}.",
            remedy="Give an address of the pool, or none.",
        )
    words = f"{WORDS[kind]} {last(at)}"
    return Place(kind, at, words, address.strip(), gateway.subnet_id, gateway.vnet_id, typed)


def internet_place(address: str, typed: str) -> Place:
    """The Internet, or one public address of it. Raises InputError for an address that is none of the Internet's."""
    if address:
        _check(address, typed)
        if not PUBLIC.covers(prefix(address)):
            raise InputError(
                f"{address} is not an address of the Internet.", remedy="Private addresses: write ip:ADDRESS."
            )
    return Place(
        "internet", "internet", f"the Internet ({address})" if address else "the Internet", address, typed=typed
    )


def origin(network: Network, place: Place) -> Origin:
    """Where the packets of a place come from, as the engine follows them."""
    if place.kind == "internet":
        return Origin("internet", by="internet", name=place.name)
    if place.kind not in KINDS:
        return INSIDE
    gateway = _gateway_of(network, place.kind, place.id)
    connection = _connection(network, place.id, gateway) if place.kind == "site" else None
    gateways = tuple(g for g in network.gateways_of(gateway.vnet_id) if key(g.id) == key(gateway.id)) or (gateway,)
    return Origin(place.kind, gateways, connection, place.id, place.name)


def source_addresses(network: Network, place: Place) -> Ranges:
    """Addresses packets may come from: the one that is known, else all of the subnet, pool, site or Internet."""
    if place.address:
        try:
            return prefix(place.address)
        except ValueError:
            raise MissingEvidence(Gap(
                f"Address of {place.name}", f"The evidence says '{place.address}', which is no IPv4 address.",
                f"az resource show --ids {shell_word(place.id)} -o json",
            )) from None  # fmt: skip
    if place.kind == "internet":
        return PUBLIC
    if place.kind == "site":
        site = network.local_network(place.id)
        if site.addresses:
            return site.addresses
        raise MissingEvidence(
            Gap(f"Addresses of site {site.name}", "Its prefixes are learned over BGP.", "Ask with onprem:NAME=ADDRESS.")
        )
    if place.kind == "clients":
        # Without a pool the path is cut at the client, before its address matters; the stand-in is a documentation address.
        return network.gateway(place.id).pool or prefix("192.0.2.1")
    return network.subnet(place.subnet).addresses


def _check(address: str, typed: str) -> None:
    try:
        ipaddress.IPv4Address(address.strip())
    except ValueError:
        raise InputError(f"'{address}' in '{typed}' is not an IPv4 address.", remedy="Write =10.1.0.4.") from None


def _find(network: Network, kind: str, name: str, typed: str) -> str:
    if name.startswith("/"):
        return str((network.snapshot.get(name) or {}).get("id") or _absent(network, kind, name, typed))
    found = [str(raw.get("id", "")) for raw in network.named(kind, name)]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"'{name}' names several resources: {', '.join(found)}.", remedy="Give the id.")
    return _absent(network, kind, name, typed)


def _absent(network: Network, kind: str, name: str, typed: str) -> str:
    for hub_kind in OF_A_HUB[kind]:
        if network.named(hub_kind, last(name)):
            raise MissingEvidence(_hub_routes(hub_kind, last(name)))
    if network.snapshot.absence(kind) != "proven":
        raise MissingEvidence(
            Gap(f"The source '{typed}'", f"No {kind} '{name}' is in the evidence.", f"collect {kind}")
        )
    known = ", ".join(last(str(r.get("id", ""))) for r in network.snapshot.of_type(kind)) or "none"
    raise InputError(f"The evidence holds no {kind} '{name}'.", remedy=f"Known: {known}.")


def _hub_routes(kind: str, name: str) -> Gap:
    """A gateway or site of a Virtual WAN hub: its routes are the hub's. Source: "About virtual hub routing"."""
    return Gap(
        f"Routes of the Virtual WAN hub that {name} belongs to",
        f"{name} is a {kind.rpartition('/')[2]} of a Virtual WAN hub, whose routes are not in the networks' configuration.",
        "az network vhub get-effective-routes -g <group> -n <hub> --resource-type HubVirtualNetworkConnection "
        "--resource-id <connection of the instance's VNet>; then test with mi-workbook probe from the client.",
    )


def _gateway_of(network: Network, kind: str, at: str) -> Gateway:
    """The gateway a place lies behind; for a site the one its connection starts at."""
    if kind != "site":
        gateway = network.gateway(at)
        if not gateway.subnet_id:
            raise MissingEvidence(Gap(f"Subnet of gateway {gateway.name}", "Its evidence names none.",
                                      f"az network vnet-gateway show --ids {shell_word(gateway.id)} -o json"))  # fmt: skip
        return gateway
    found = sorted(network.connections_at(at), key=_hope)
    if not found:
        raise MissingEvidence(Gap(f"The connection of site {last(at)}", "No connection in the evidence leads to it.",
                                  "az network vpn-connection list -g <group> -o json"))  # fmt: skip
    return network.gateway(found[0].gateway_id)


def _hope(connection: Connection) -> int:
    """Order of connections to one place: up, not read, down. Down counts only where all of them are."""
    return {"connected": 0, "notconnected": 2, "connecting": 2}.get(connection.status.lower(), 1)


def _connection(network: Network, site_id: str, gateway: Gateway) -> Connection | None:
    found = [c for c in network.connections_of(gateway) if key(c.site_id) == key(site_id)]
    found.sort(key=_hope)
    return found[0] if found else None
