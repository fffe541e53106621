"""Whether a gateway runs, and whether a tunnel carries a flow.

Source: "About VPN Gateway configuration settings"; "Connect a VPN gateway to multiple on-premises policy-based VPN devices"
(traffic selectors); REST reference of connections (status and counters are filled by a GET by name only).
"""

from __future__ import annotations

from collections.abc import Iterator

from mi_workbook.core.evidence import Gap
from mi_workbook.core.ranges import Ranges, show_addresses
from mi_workbook.core.trace import Cause, Decision, Flow
from mi_workbook.core.verdict import Verdict
from mi_workbook.network.gateway import Connection, Gateway, Selectors
from mi_workbook.network.network import Network
from mi_workbook.network.resource_id import key, shell_word
from mi_workbook.reach.gateways import far_end

DOWN = frozenset({"notconnected", "connecting"})


def gateway_state(gateway: Gateway) -> list[Decision]:
    """Nothing where the gateway is sound, a decision where its provisioning failed."""
    state = gateway.provisioning_state.lower()
    evidence = (gateway.reading.evidence("provisioningState"),)
    if state == "failed":
        why = f"Gateway {gateway.name} is in state Failed."
        return [Decision("gateway", gateway.id, Verdict.BLOCKED, why, evidence, Cause.GATEWAY_NOT_READY)]
    if state in {"deleting", "creating"}:
        why = f"Gateway {gateway.name} is {gateway.provisioning_state}, so it carries nothing."
        return [Decision("gateway", gateway.id, Verdict.BLOCKED, why, evidence, Cause.GATEWAY_NOT_READY)]
    if state not in {"", "succeeded", "updating"}:
        why = f"Gateway {gateway.name} is in state {gateway.provisioning_state}, and whether it carries anything then is not known."
        gap = Gap(
            f"provisioningState of {gateway.name}",
            why,
            f"az network vnet-gateway show --ids {shell_word(gateway.id)} -o json",
        )
        return [Decision("gateway", gateway.id, Verdict.UNKNOWN, why, evidence, gap=gap)]
    return []


def tunnel(network: Network, connection: Connection, gateway: Gateway, flow: Flow) -> list[Decision]:
    """Decisions of a tunnel about a flow; one that says reachable where nothing stops it.

    A status that was not read decides nothing here where one end is not in Azure, because that end is judged last. Between
    two VNets nothing comes after it: without a status the tunnel is unknown.
    """
    states = _unlike(network, connection, gateway) or _status(connection)
    stops = [*states, *_selectors(network, connection, gateway, flow), *_nat(connection)]
    stops += _policy_based(network, connection, gateway)
    if stops:
        return stops
    gap = status_gap(connection) if connection.kind == "vnet2vnet" else None
    if gap is not None:
        return [Decision("gateway", connection.id, Verdict.UNKNOWN, f"{gap.missing} was not read. {gap.why}", gap=gap)]
    status = connection.status or "not in the evidence"
    why = f"Connection {connection.name} carries it (status {status})."
    return [
        Decision("gateway", connection.id, Verdict.REACHABLE, why, (connection.reading.evidence("connectionStatus"),))
    ]


def status_gap(connection: Connection) -> Gap | None:
    """The status of a connection that was not read, or that Azure itself calls unknown."""
    if connection.status.lower() not in {"", "unknown"}:
        return None
    return Gap(
        f"Status and byte counters of connection {connection.name}",
        "A list of connections leaves them out; only a request for the one connection fills them.",
        f"az network vpn-connection show --ids {shell_word(connection.id)} "
        '--query "[connectionStatus, ingressBytesTransferred, egressBytesTransferred]"',
    )


def _status(connection: Connection) -> Iterator[Decision]:
    if connection.status.lower() in DOWN:
        why = f"Connection {connection.name} is {connection.status}: the tunnel is down."
        yield Decision("gateway", connection.id, Verdict.BLOCKED, why,
                       (connection.reading.evidence("connectionStatus"),), Cause.TUNNEL_DOWN)  # fmt: skip


def _unlike(network: Network, connection: Connection, gateway: Gateway) -> list[Decision]:
    """Two VNets are joined by a connection for each direction: where their states differ, neither decides alone."""
    if connection.kind != "vnet2vnet":
        return []
    others = [one for one in network.connections_of(gateway) if one.kind == "vnet2vnet" and key(one.id) != key(connection.id)
              and one.ends == connection.ends]  # fmt: skip
    other = next((one for one in others if (one.status.lower() in DOWN) != (connection.status.lower() in DOWN)), None)
    if other is None:
        return []
    why = (
        f"Connection {connection.name} is {connection.status or 'of unread state'}, {other.name} between the same gateways is "
        f"{other.status or 'of unread state'}."
    )
    gap = Gap(f"Today's state of {connection.name} and {other.name}", why,
              f"az network vpn-connection show --ids {shell_word(connection.id)} {shell_word(other.id)} --query [].connectionStatus")  # fmt: skip
    evidence = (connection.reading.evidence("connectionStatus"), other.reading.evidence("connectionStatus"))
    return [Decision("gateway", connection.id, Verdict.UNKNOWN, why, evidence, gap=gap)]


def _policy_based(network: Network, connection: Connection, gateway: Gateway) -> list[Decision]:
    """Both ends of a VNet-to-VNet connection must be route-based. Source: "VPN Gateway FAQ", VNet-to-VNet connections."""
    if connection.kind != "vnet2vnet":
        return []
    ends = (gateway, far_end(network, gateway, connection))
    bad = next((one for one in ends if one.vpn_type.lower() == "policybased"), None)
    if bad is None:
        return []
    why = f"{bad.name} is a policy-based gateway; a VNet-to-VNet connection needs route-based gateways at both ends."
    gap = Gap(f"How connection {connection.name} can stand on {bad.name}", why,
              f"az network vnet-gateway show --ids {shell_word(bad.id)} --query vpnType; a test from the source.")  # fmt: skip
    return [Decision("gateway", bad.id, Verdict.UNKNOWN, why, (bad.reading.evidence("vpnType"),), gap=gap)]


def _selectors(network: Network, connection: Connection, gateway: Gateway, flow: Flow) -> Iterator[Decision]:
    """Policy-based selectors carry only pairs of ranges that they name."""
    pairs = connection.selectors or (_implied(network, connection, gateway) if connection.policy_based else ())
    if not pairs:
        return
    ends = (flow.source, flow.destination)
    if any(_fits(pair, ends) or _fits(pair, ends[::-1]) for pair in pairs):
        return
    named = "; ".join(f"{show_addresses(p.here)} to {show_addresses(p.there)}" for p in pairs[:4])
    why = (
        f"The traffic selectors of connection {connection.name} ({named}) leave out {show_addresses(flow.source)} to "
        f"{show_addresses(flow.destination)}."
    )
    member = "trafficSelectorPolicies" if connection.selectors else "usePolicyBasedTrafficSelectors"
    evidence = (connection.reading.evidence(member),)
    if connection.selectors and connection.mode != "initiatoronly":
        why += " Azure proposes them only where it starts the tunnel, and accepts what the device proposes."
        gap = Gap(f"Traffic selectors that connection {connection.name} agreed on", why,
                  f"az network vpn-connection list-ike-sas --ids {shell_word(connection.id)}, and the device's own selectors.")  # fmt: skip
        yield Decision("gateway", connection.id, Verdict.UNKNOWN, why, evidence, Cause.TRAFFIC_SELECTOR_MISS, gap)
    elif any(_touches(pair, ends) or _touches(pair, ends[::-1]) for pair in pairs):
        gap = Gap("The exact addresses in use", why, "nslookup of the server name, and ipconfig, on the client.")
        yield Decision("gateway", connection.id, Verdict.UNKNOWN, why, evidence, gap=gap)
    else:
        yield Decision("gateway", connection.id, Verdict.BLOCKED, why, evidence, Cause.TRAFFIC_SELECTOR_MISS)


def _implied(network: Network, connection: Connection, gateway: Gateway) -> tuple[Selectors, ...]:
    """Without a list, the pairs are the prefixes of the gateway's own VNet and those of the other end."""
    own = network.vnet(gateway.vnet_id).addresses
    if connection.kind == "vnet2vnet":
        return (Selectors(own, network.vnet(far_end(network, gateway, connection).vnet_id).addresses),)
    return (Selectors(own, network.local_network(connection.site_id).addresses),) if connection.site_id else ()


def _fits(pair: Selectors, ends: tuple[Ranges, Ranges]) -> bool:
    return pair.here.covers(ends[0]) and pair.there.covers(ends[1])


def _touches(pair: Selectors, ends: tuple[Ranges, Ranges]) -> bool:
    return bool(pair.here & ends[0]) and bool(pair.there & ends[1])


def _nat(connection: Connection) -> Iterator[Decision]:
    if connection.has_nat:
        gap = Gap(
            f"Addresses after the NAT rules of connection {connection.name}",
            "NAT rules change the addresses that routes and security rules see.",
            f"Ask with the translated address (ip:...); az network vpn-connection show --ids {shell_word(connection.id)} -o json",
        )
        yield Decision("gateway", connection.id, Verdict.UNKNOWN, gap.why, (connection.reading.whole(),), gap=gap)


def counters(connection: Connection) -> str:
    """What the byte counters say, "" where both directions move or they were not read.

    Source: "Connect your application to SQL Managed Instance", section "Troubleshoot connectivity issues".
    """
    if connection.status.lower() != "connected" or None in (connection.ingress, connection.egress):
        return ""
    if connection.ingress and not connection.egress:
        return "egress"
    if connection.egress and not connection.ingress:
        return "ingress"
    return ""
