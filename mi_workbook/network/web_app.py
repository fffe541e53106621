"""Web apps and their slots, as far as their way out goes: networks, routing flags, name servers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mi_workbook.core.evidence import Evidence
from mi_workbook.core.ranges import NOTHING, Ranges
from mi_workbook.network.reading import Reading, ipv4
from mi_workbook.network.resource_id import last, segment

SETTINGS = ("WEBSITE_VNET_ROUTE_ALL", "WEBSITE_DNS_SERVER", "WEBSITE_DNS_ALT_SERVER")
FLAGS = ("allTraffic", "applicationTraffic")


@dataclass(frozen=True, slots=True)
class OwnDns:
    """Name servers an app has of its own. servers: in the order they are asked; by: what set them, "" where nothing did.

    flawed: why a setting does not do what it seems to, "" where it does.
    """

    servers: tuple[str, ...] = ()
    by: str = ""
    evidence: tuple[Evidence, ...] = ()
    flawed: str = ""


NO_DNS = OwnDns()


@dataclass(frozen=True, slots=True)
class WebApp:
    """Microsoft.Web/sites, or sites/slots. subnet_id: of regional VNet integration, "" where the evidence names none.

    route_all: True where all of the app's outbound traffic enters the VNet, None where the evidence does not say.
    linux, container: None where the evidence does not say; container means a Windows container.
    environment_id: of the App Service Environment it runs in. outbound: every public address it may send from.
    """

    reading: Reading
    id: str
    name: str
    subnet_id: str
    route_all: bool | None
    location: str = ""
    plan_id: str = ""
    environment_id: str = ""
    linux: bool | None = None
    container: bool | None = None
    outbound: Ranges = NOTHING
    dns: OwnDns = NO_DNS

    @property
    def is_slot(self) -> bool:
        """True for a deployment slot, which has an integration of its own."""
        return bool(segment(self.id, "slots"))

    @property
    def shown(self) -> str:
        """app, or app/slot."""
        return f"{segment(self.id, 'sites')}/{last(self.id)}" if self.is_slot else self.name


def read_web_app(reading: Reading, config: Reading | None = None, settings: Reading | None = None) -> WebApp:
    """A web app in any of the forms its members had over the years.

    config: its config/web, settings: its config/appsettings, None where they were not collected.
    Source: "Configure virtual network integration routing" (outboundVnetRouting, before it vnetRouteAllEnabled, before it
    WEBSITE_VNET_ROUTE_ALL); the flags are united.
    """
    inline = _part(reading, "siteConfig")
    chosen = _settings(settings, inline)
    return WebApp(
        reading,
        reading.id,
        last(reading.id) or reading.name,
        reading.text("virtualNetworkSubnetId"),
        _route_all(reading, inline, config, chosen),
        str(reading.raw.get("location") or ""),
        reading.text("serverFarmId"),
        _part(reading, "hostingEnvironmentProfile").id,
        _linux(reading),
        _container(reading),
        _outbound(reading),
        _dns(reading, chosen),
    )


def _route_all(reading: Reading, inline: Reading, config: Reading | None, chosen: dict[str, Evidence]) -> bool | None:
    routing = _part(reading, "outboundVnetRouting")
    flags = [*(routing.flag(name) for name in FLAGS), reading.flag("vnetRouteAllEnabled"),
             inline.flag("vnetRouteAllEnabled"), config.flag("vnetRouteAllEnabled") if config else None]  # fmt: skip
    if "WEBSITE_VNET_ROUTE_ALL" in chosen:
        flags.append(str(chosen["WEBSITE_VNET_ROUTE_ALL"].value).strip() == "1")
    known = [flag for flag in flags if flag is not None]
    if not any(known) and routing.raw and routing.flag("applicationTraffic") is None:
        return None  # the flag that decides is not in what was read, though its fellows are
    return any(known) if known else None


def _linux(reading: Reading) -> bool | None:
    kind = str(reading.raw.get("kind") or "").lower()
    reserved = reading.flag("reserved")
    return reserved if reserved is not None else (True if "linux" in kind else None)


def _container(reading: Reading) -> bool | None:
    flags = [flag for flag in (reading.flag("isXenon"), reading.flag("hyperV")) if flag is not None]
    return any(flags) if flags else None


def _outbound(reading: Reading) -> Ranges:
    """Addresses of possibleOutboundIpAddresses, else outboundIpAddresses: one text with commas."""
    text = reading.text("possibleOutboundIpAddresses") or reading.text("outboundIpAddresses")
    return ipv4(tuple(part.strip() for part in text.split(",") if part.strip()))


def _settings(settings: Reading | None, inline: Reading) -> dict[str, Evidence]:
    """The settings that matter here, from config/appsettings (an object) or siteConfig.appSettings (a list of pairs)."""
    found: dict[str, Evidence] = {}
    for pair in inline.children("appSettings"):
        if pair.name.upper() in SETTINGS:
            found[pair.name.upper()] = Evidence(pair.document, f"{pair.pointer}/value", pair.raw.get("value"))
    for name in SETTINGS:
        if settings is not None and settings.get(name) is not None:
            found[name] = settings.evidence(name)
    return found


def _dns(reading: Reading, chosen: dict[str, Evidence]) -> OwnDns:
    """The site's dnsConfiguration, else WEBSITE_DNS_SERVER and WEBSITE_DNS_ALT_SERVER.

    Source: "Name resolution in App Service", section "Configuring DNS servers" (the site's property beats the settings);
    the alternative is ignored without a first server; the list is separated by commas, without blanks.
    """
    own = _part(reading, "dnsConfiguration")
    servers = own.texts("dnsServers", "dnsAltServer") if own.texts("dnsServers") else ()
    if servers:
        return OwnDns(servers, "dnsConfiguration", (reading.evidence("dnsConfiguration"),), _sorted(own))
    first, other = (chosen.get(name) for name in SETTINGS[1:])
    text = str(first.value or "") if first is not None else ""
    also = str(other.value or "").strip() if other is not None else ""
    if not text.strip():
        flawed = "WEBSITE_DNS_ALT_SERVER is ignored, for WEBSITE_DNS_SERVER is not set." if also else ""
        return OwnDns((), "", (other,) if other is not None and also else (), flawed)
    evidence = tuple(one for one in (first, other) if one is not None)
    flawed = "WEBSITE_DNS_SERVER holds blanks; the list is separated by commas alone." if " " in text.strip() else ""
    listed = [part.strip() for part in (*text.split(","), also) if part.strip()]
    return OwnDns(tuple(dict.fromkeys(listed)), "WEBSITE_DNS_SERVER", evidence, flawed)


def _sorted(own: Reading) -> str:
    if own.flag("dnsLegacySortOrder") and len(own.texts("dnsServers", "dnsAltServer")) > 2:
        return "dnsLegacySortOrder is true: only two of the servers are used, sorted."
    return ""


def _part(reading: Reading, name: str) -> Reading:
    value: Any = reading.get(name)
    return Reading(reading.document, reading.at(name), value if isinstance(value, dict) else {})
