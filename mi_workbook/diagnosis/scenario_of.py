"""Which scenario of the guide a question belongs to."""

from __future__ import annotations

from mi_workbook.core.trace import Cause
from mi_workbook.diagnosis.looking import Look
from mi_workbook.network.resource_id import key, vnet_of
from mi_workbook.reach.question import Question

BEHIND = {"clients": "developer-box", "site": "on-premises-vpn", "express": "on-premises-expressroute"}
UNUSED_ENDPOINT = frozenset({"pe-zone-not-linked", "pe-zone-wrong-name", "pe-dns-none"})


def scenario_of(seen: Look) -> str:
    """The scenario a question belongs to, by its endpoint and by where its packets come from."""
    if seen.question is None and seen.source.kind == "app":
        return "app-service"
    if seen.question is None:
        return "same-vnet" if seen.source.vnet and key(seen.source.vnet) in key(seen.target.subnet) else "vnet-peering"
    if seen.source.kind == "app":
        return _of_app(seen, seen.question)
    if seen.question.endpoint == "public" or seen.question.origin.kind == "internet":
        return "public-endpoint"
    if seen.question.endpoint == "private" or any(f.fault in UNUSED_ENDPOINT for f in seen.found):
        return "private-endpoint"
    home = vnet_of(seen.question.instance.subnet_id)
    same = key(seen.question.subnet.vnet_id) == key(home)
    if seen.question.origin.kind in BEHIND:
        return BEHIND[seen.question.origin.kind] if same else "hub-spoke"
    if any(d.kind == "gateway" and d.rule == "" for t in seen.traces for d in t.decisions):
        return "vnet-to-vnet"
    return "same-vnet" if same else "vnet-peering"


def _of_app(seen: Look, question: Question) -> str:
    """The scenario of a web app, by how it leaves or was meant to."""
    joined = question.origin.integration
    if question.origin.relay is not None or any(d.cause is Cause.RELAY_NAME for t in seen.traces for d in t.decisions):
        return "hybrid-connection"
    return "app-service-gateway" if joined is not None and joined.kind == "gateway" else "app-service"
