"""Where packets come from, as the engine follows them."""

from __future__ import annotations

from dataclasses import dataclass

from mi_workbook.network.app_connections import HybridConnection, Integration
from mi_workbook.network.gateway import Connection, Gateway
from mi_workbook.reach.leg import Beyond


@dataclass(frozen=True, slots=True)
class Origin:
    """Where packets come from. kind: inside | clients | site | express | internet | relay.

    gateways, connection: what they enter Azure through; by: id of the gateway or the local network gateway.
    integration: of a web app; one that needs a gateway comes as `clients`, one without any as `internet`.
    relay: the Hybrid Connection that carries the packets, for `relay`.
    """

    kind: str = "inside"
    gateways: tuple[Gateway, ...] = ()
    connection: Connection | None = None
    by: str = ""
    name: str = ""
    integration: Integration | None = None
    relay: HybridConnection | None = None

    @property
    def beyond(self) -> Beyond | None:
        """The same place as the end of the way back; None for a source inside a VNet or on the Internet."""
        if not self.gateways:
            return None
        return Beyond(self.kind, self.gateways, self.by, self.name)


INSIDE = Origin()
