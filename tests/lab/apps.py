"""Which way the packets of a web app take. Shares no code with the package.

"Integrate your app with an Azure virtual network" (regional integration, application routing), "Configure
gateway-required virtual network integration", "Azure App Service plan overview".
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from lab.estate import Estate, Json, Unbuildable, low
from lab.spaces import pool_of

PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
NO_INTEGRATION = {"free", "shared", "dynamic"}


@dataclass(frozen=True)
class App:
    """An app's ways: the subnet it is joined to, or the gateway and the routes it dials in with, both "" for neither.

    vnet: whose DNS it asks. outside: the addresses the Internet sees. everything: public destinations enter the VNet too.
    """

    vnet: str
    outside: tuple[str, ...]
    subnet: str = ""
    gateway: str = ""
    routes: tuple[str, ...] = ()
    everything: bool = False

    def enters(self, address: str) -> bool:
        """Whether a packet to this address goes into the VNet."""
        at = ipaddress.ip_address(address)
        if self.gateway:
            return any(at in ipaddress.ip_network(one) for one in self.routes)
        private = any(at in ipaddress.ip_network(one) for one in PRIVATE)
        return bool(self.subnet) and (self.everything or private)


def app_of(estate: Estate, wanted: str) -> App | None:
    """The app or slot of this name, None where there is none."""
    for site in [*estate.of("sites"), *estate.of("slots")]:
        if wanted in {site["name"].lower(), low(site)}:
            return _app(estate, site)
    return None


def _app(estate: Estate, site: Json) -> App:
    inner, at = site["properties"], low(site)
    if any(other.startswith(f"{at}/hybridconnection") for other in estate.by_id):
        raise Unbuildable("a hybrid connection: a relay carries it, no network does")
    shown = inner.get("possibleOutboundIpAddresses") or inner.get("outboundIpAddresses") or "20.50.2.14"
    outside = tuple(one.strip() for one in shown.split(","))
    plan = estate.by_id.get(low(inner.get("serverFarmId")), {})
    if str((plan.get("sku") or {}).get("tier", "")).lower() in NO_INTEGRATION:
        return App("", outside)
    joined = low(inner.get("virtualNetworkSubnetId"))
    if joined:
        subnet = estate.subnets.get(joined)
        return App(subnet.vnet if subnet else "", outside, joined if subnet else "", everything=_everything(inner))
    dialled = [one["properties"] for one in estate.of("virtualnetworkconnections")
               if low(one).startswith(f"{at}/") and not one["properties"].get("isSwift")]  # fmt: skip
    return _dialled(estate, inner, dialled[0], outside) if dialled else App("", outside)


def _everything(inner: Json) -> bool:
    chosen = inner.get("outboundVnetRouting")
    if isinstance(chosen, dict):
        return bool(chosen.get("allTraffic") or chosen.get("applicationTraffic"))
    return bool(inner.get("vnetRouteAllEnabled"))


def _dialled(estate: Estate, site: Json, joined: Json, outside: tuple[str, ...]) -> App:
    """Gateway-required integration: a point-to-site client, only of Windows code apps and over SSTP, to a pool of private addresses;
    not where the VNet has an ExpressRoute gateway too.
    """
    home = low(joined["vnetResourceId"])
    if home not in estate.vnets:
        raise Unbuildable("the VNet of the app's gateway is not in the evidence")
    if any(str(estate.gateways[one]["gatewayType"]).lower() != "vpn" for one in estate.own_gateways(home)):
        return App(home, outside)
    for one in estate.own_gateways(home):
        raw = estate.gateways[one]
        clients = raw.get("vpnClientConfiguration") or {}
        protocols = {word.lower() for word in clients.get("vpnClientProtocols", [])}
        pool = [ipaddress.ip_network(prefix) for prefix in pool_of(raw)]
        private = [ipaddress.ip_network(prefix) for prefix in PRIVATE]
        code = not (site.get("reserved") or site.get("isXenon") or site.get("hyperV"))
        stands = code and (not protocols or "sstp" in protocols)
        if stands and pool and all(any(part.subnet_of(whole) for whole in private) for part in pool):
            # A route is one prefix, or its first and last address.
            routes = tuple(route["properties"]["startAddress"] for route in joined.get("routes", []))
            if not all("/" in route for route in routes):
                raise Unbuildable("a route of the app that is no prefix")
            return App(home, outside, gateway=one, routes=routes)
    return App(home, outside)
