"""Web apps, as far as their VNet integration goes."""

from __future__ import annotations

from dataclasses import dataclass

from mi_workbook.network.reading import Reading


@dataclass(frozen=True, slots=True)
class WebApp:
    """Microsoft.Web/sites. subnet_id: of regional VNet integration, "" where there is none or the evidence does not say.

    route_all: True where all of the app's outbound traffic enters the VNet, None where the evidence does not say.
    """

    reading: Reading
    id: str
    name: str
    subnet_id: str
    route_all: bool | None


def read_web_app(reading: Reading) -> WebApp:
    """A web app in any of the forms its routing flags had over the years."""
    routing, config = (_part(reading, name) for name in ("outboundVnetRouting", "siteConfig"))
    flags = [routing.flag("allTraffic"), routing.flag("applicationTraffic"), reading.flag("vnetRouteAllEnabled"),
             config.flag("vnetRouteAllEnabled")]  # fmt: skip
    known = [flag for flag in flags if flag is not None]
    return WebApp(
        reading, reading.id, reading.name, reading.text("virtualNetworkSubnetId"), any(known) if known else None
    )


def _part(reading: Reading, name: str) -> Reading:
    value = reading.get(name)
    return Reading(reading.document, reading.at(name), value if isinstance(value, dict) else {})
