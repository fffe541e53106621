"""Where this machine enters Azure, by its own interfaces and the gateways of the evidence; never by likelihood."""

from __future__ import annotations

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.evidence import Gap
from mi_workbook.core.finding import Place
from mi_workbook.diagnosis.outside import outside_place
from mi_workbook.evidence.machine import ABOUT, Interface
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.gateway import Gateway
from mi_workbook.network.network import CONNECTIONS, GATEWAYS, Network
from mi_workbook.network.reading import ipv4
from mi_workbook.network.tested import CLIENT, machine_at

PLACES = frozenset({ABOUT, CLIENT})
TEST = "test from here: mi-workbook probe <server name>"


def this_machine(network: Network) -> Place:
    """The point-to-site client that this machine is. Raises MissingEvidence where that cannot be told."""
    seen = machine_at(_of_this_machine(network.snapshot), PLACES)
    if seen is None:
        raise MissingEvidence(Gap(
            "Routes and addresses of this machine",
            "They are not part of the evidence.",
            f"mi-workbook diagnose ... --from this-machine on the machine itself; or name where it enters Azure: --from "
            f"p2s:<gateway>, onprem:<local network gateway>, ip:<address of a VM>, internet; and {TEST}.",
        ))  # fmt: skip
    gateways = [network.gateway(str(raw.get("id", ""))) for raw in network.snapshot.of_type(GATEWAYS)]
    serving = [gateway for gateway in gateways if gateway.pool]
    joined = [
        (gateway, text) for gateway in serving for one in seen.machine.interfaces for text in _joined(one, gateway)
    ]
    if len(joined) == 1:
        gateway, text = joined[0]
        return outside_place(network, "clients", f"{gateway.id}={text}", ABOUT)
    held = [
        text
        for one in seen.machine.interfaces
        for text in one.addresses
        if ":" not in text and not text.startswith("127.")
    ]
    if not joined and len(serving) == 1 and _only_way(network, serving[0], gateways):
        return outside_place(network, "clients", serving[0].id, ABOUT)
    raise MissingEvidence(Gap(
        "How this machine enters Azure",
        f"Its addresses ({', '.join(held) or 'none were read'}) lie in no client pool of the evidence's gateways, or in several; "
        "an address alone does not tell a site from a home network.",
        f"Say it: --from p2s:<gateway>, onprem:<local network gateway>=<address>, er:<gateway>=<address>, ip:<address of a VM> "
        f"or internet; and {TEST}.",
    ))  # fmt: skip


def _of_this_machine(snapshot: Snapshot) -> Snapshot:
    """What `mi-workbook probe --json` wrote about its machine counts where it was handed over, whoever sent it."""
    other = snapshot.observed(())
    other.observations = tuple(one for one in snapshot.observations if str(one.get("about", "")).lower() == ABOUT)
    return other


def _joined(interface: Interface, gateway: Gateway) -> list[str]:
    """Addresses of a tunnel's interface that the gateway gave. A home network may use the same range, without a tunnel."""
    found = []
    for text in interface.addresses:
        address, _, length = text.partition("/")
        tunnel = bool(interface.vpn) or length == "32"
        if tunnel and interface.up is not False and gateway.pool.covers(ipv4((address,))) and ipv4((address,)):
            found.append(address)
    return found


def _only_way(network: Network, gateway: Gateway, gateways: list[Gateway]) -> bool:
    """True where nothing but this gateway's clients can enter: no site, no circuit, and that was seen whole."""
    whole = network.snapshot.absence(CONNECTIONS) == "proven" and network.snapshot.absence(GATEWAYS) == "proven"
    return whole and len(gateways) == 1 and not network.snapshot.of_type(CONNECTIONS) and gateway.kind == "vpn"
