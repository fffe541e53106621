"""The way over the Internet to the public endpoint: into it, out of the source's subnet, and the replies."""

from __future__ import annotations

from dataclasses import replace

from mi_workbook.core.evidence import Gap
from mi_workbook.core.trace import Cause, Decision, Hop
from mi_workbook.core.verdict import Verdict
from mi_workbook.network.network import Network
from mi_workbook.reach.question import Question


def from_internet(question: Question) -> Hop:
    """From the Internet only the public endpoint can be reached; the other names resolve to private addresses.

    Source: "Connectivity architecture of SQL Managed Instance", section "Communication overview".
    """
    instance = question.instance
    evidence = (instance.reading.evidence("fullyQualifiedDomainName"),)
    if question.endpoint == "public":
        why = "It comes over the Internet."
        return Hop(question.at, (Decision("route", question.at, Verdict.REACHABLE, why, evidence),))
    why = f"{instance.fqdn or instance.name} resolves anywhere, to a private address that the Internet does not carry."
    return Hop(
        question.at, (Decision("route", question.at, Verdict.BLOCKED, why, evidence, Cause.OUTSIDE_PRIVATE_NAME),)
    )


def egress(network: Network, question: Question) -> list[Decision]:
    """How packets of a subnet get out to public addresses: a NAT gateway, the NIC's own address, or by default.

    A private subnet needs an explicit way, some of which are not read here (outbound rules of a load balancer). Bodies of
    networks from before the change, and those read with an old API version, do not name the member.
    Source: "Default outbound access in Azure" (private from API version 2025-07-01 on, for new virtual networks).
    """
    start = question.subnet
    if start.reading.reference("natGateway") or _own_public_address(network, question.at):
        return []
    by_default, evidence = (
        start.reading.flag("defaultOutboundAccess"),
        (start.reading.evidence("defaultOutboundAccess"),),
    )
    if by_default is None and question.origin.integration is None:
        why = (
            f"Nothing in the evidence takes packets of subnet {start.name} to the Internet but default outbound access."
        )
        return [Decision("route", start.id, Verdict.REACHABLE, why, evidence, notes=(BY_DEFAULT,))]
    if by_default is not False:
        return []
    gap = Gap(
        f"How subnet {start.name} reaches the Internet",
        "Default outbound access is off, no NAT gateway is associated and the source has no public address; a load balancer may serve.",
        "az network lb list; or curl from the source.",
    )
    return [Decision("route", start.id, Verdict.UNKNOWN, gap.why, evidence, gap=gap)]


BY_DEFAULT = (
    "defaultOutboundAccess of the source's subnet is not in the evidence; taken as on. New virtual networks are private by default since "
    "API version 2025-07-01 (after March 31, 2026), and would need a NAT gateway, a public address or a load balancer: curl from the source."
)


def _own_public_address(network: Network, source: str) -> bool:
    """True where the source is a NIC that has a public address of its own on its primary configuration."""
    nic = (
        network.nic(source)
        if "/networkinterfaces/" in source.lower() and network.snapshot.get(source) is not None
        else None
    )
    return nic is not None and nic.primary is not None and bool(nic.primary.public_ip_id)


def to_internet(hop: Hop) -> Hop:
    """Replies of the public endpoint that a route takes elsewhere are lost.

    Source: "Virtual network traffic routing", section "0.0.0.0/0 address prefix" (no longer reachable from the Internet).
    """
    return Hop(hop.at, tuple(_lost(d) if d.kind == "appliance" else d for d in hop.decisions))


def _lost(decision: Decision) -> Decision:
    if decision.result is not Verdict.UNKNOWN:
        return decision
    why = f"{decision.why} Replies to the Internet that leave through an appliance do not match the request that came directly."
    return replace(decision, result=Verdict.BLOCKED, why=why, cause=Cause.REPLY_NOT_TO_INTERNET, gap=None)
