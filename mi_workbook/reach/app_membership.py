"""Whether a web app is in its VNet at all: what the platform asks for before it carries an app's packets.

A site goes on naming its subnet or its VNet after the ground for that is gone, so the setting alone proves nothing.
Source: "Integrate your app with an Azure Virtual Network" (the older document), section "Getting started"; "Integrate your
app with an Azure virtual network", sections "Subnet requirements" and "Limitations"; "Troubleshoot virtual network
integration with Azure App Service"; "Configure gateway-required virtual network integration", section "Certificate renewal".
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from datetime import date

from mi_workbook.core.evidence import Evidence, Gap
from mi_workbook.core.trace import Cause, Decision
from mi_workbook.core.verdict import Verdict
from mi_workbook.evidence.probes.certificate import read_certificate
from mi_workbook.network.app_connections import Integration, VnetConnection, network_of
from mi_workbook.network.network import Network
from mi_workbook.network.plan import Plan, integrates
from mi_workbook.network.reading import Reading
from mi_workbook.network.resource_id import key, last, shell_word
from mi_workbook.network.vnet import Subnet, Vnet
from mi_workbook.network.web_app import WebApp

DELEGATION = "Microsoft.Web/serverFarms"
IS_IT_IN = (
    "From the app's console: the variable WEBSITE_PRIVATE_IP holds an address of the subnet where the app is joined "
    "(regional integration); then tcpping <server name>:1433, which settles it for both kinds."
)


def refused(network: Network, joined: Integration) -> list[Decision]:
    """The plan's tier has no integration: apps lose their connections when a plan is scaled down to it."""
    seen = _tiers(network, joined)
    if any(integrates(tier) for _, tier, _ in seen):
        return []
    return [Decision("integration", by, Verdict.BLOCKED, _lost(joined, tier), (evidence,), Cause.APP_TIER)
            for by, tier, evidence in seen if integrates(tier) is False][:1]  # fmt: skip


def _tiers(network: Network, joined: Integration) -> list[tuple[str, str, Evidence]]:
    """Where a tier stands, the tier in lower case, its evidence: the plan's own, then the one that the site repeats."""
    app, plan = joined.app, app_plan(network, joined.app)
    if joined.kind not in {"regional", "gateway"}:
        return []
    seen = [(plan.id, plan.tier, plan.reading.evidence("sku"))] if plan is not None and plan.tier else []
    own = app.reading.text("sku").lower()
    return [*seen, (app.id, own, app.reading.evidence("sku"))] if own else seen


def _lost(joined: Integration, tier: str) -> str:
    app = joined.app
    return f"Plan {last(app.plan_id)} is of tier {tier}, which has no VNet integration: {app.shown} has lost its connection."


def _tiers_differ(network: Network, joined: Integration) -> Iterator[Decision]:
    """Plan and site name tiers of which one has integration and the other has none: one of the two is older."""
    seen = _tiers(network, joined)
    if {integrates(tier) for _, tier, _ in seen} >= {True, False}:
        by, tier, evidence = next(one for one in seen if integrates(one[1]) is False)
        why = f"{_lost(joined, tier)} Elsewhere in the evidence it is of tier {next(t for _, t, _ in seen if integrates(t))}."
        yield _unsure(by, why, (evidence,), Cause.APP_TIER)


def _tier_unread(network: Network, joined: Integration) -> Iterator[Decision]:
    """No tier that is known to have integration, nor one known to have none: the site's setting proves nothing alone."""
    if joined.kind not in {"regional", "gateway"} or any(
        integrates(t) is not None for _, t, _ in _tiers(network, joined)
    ):
        return
    app = joined.app
    named = next((tier for _, tier, _ in _tiers(network, joined)), "")
    why = (
        f"Plan {last(app.plan_id)} is of tier {named}, of which the documents do not say whether it has VNet integration."
        if named
        else f"The tier of {app.shown}'s plan was not collected; tiers without VNet integration lose it and keep the setting."
    )
    gap = Gap("Tier of the app's plan", why, f"az appservice plan show --ids {shell_word(app.plan_id)}")
    yield Decision("integration", app.id, Verdict.UNKNOWN, why, (app.reading.evidence("serverFarmId"),), gap=gap)


def membership_doubts(network: Network, joined: Integration) -> list[Decision]:
    """Signs that the platform does not carry the app's packets although the site names its network; each may stop them."""
    return [decision for look_at in LOOKS for decision in look_at(network, joined)]


def app_plan(network: Network, app: WebApp) -> Plan | None:
    """The app's plan, None where it was not collected."""
    return network.plan(app.plan_id) if network.snapshot.get(app.plan_id) is not None else None


def app_vnet(network: Network, joined: Integration) -> Vnet | None:
    """The VNet an app is joined to, None where it was not collected."""
    home = network_of(joined)
    return network.vnet(home) if network.snapshot.get(home) is not None else None


def app_subnet(network: Network, joined: Integration) -> Subnet | None:
    """The integration subnet of a regional integration, None where it was not collected."""
    vnet = app_vnet(network, joined) if joined.kind == "regional" else None
    return next((one for one in vnet.subnets if key(one.id) == key(joined.subnet_id)), None) if vnet else None


def compose_file(app: WebApp) -> str:
    """The kind of a container app made of several containers ("COMPOSE"), "" for every other app."""
    config = app.reading.get("siteConfig")
    image = Reading("", "", config).text("linuxFxVersion") if isinstance(config, dict) else ""
    kind = image.partition("|")[0].upper()
    return kind if kind == "COMPOSE" and "|" in image else ""


def _compose(network: Network, joined: Integration) -> Iterator[Decision]:
    if compose_file(joined.app):
        why = f"{joined.app.shown} runs from a Docker Compose file; VNet integration does not serve such apps."
        yield _unsure(joined.app.id, why, (joined.app.reading.evidence("siteConfig"),), Cause.APP_COMPOSE)


def _delegated(network: Network, joined: Integration) -> Iterator[Decision]:
    subnet = app_subnet(network, joined)
    if subnet is None or not isinstance(subnet.reading.get("delegations"), list):
        return
    if DELEGATION.lower() not in {name.lower() for name in subnet.delegations}:
        why = f"Subnet {subnet.name} is not delegated to {DELEGATION}, which an integration subnet must be."
        yield _unsure(subnet.id, why, (subnet.reading.evidence("delegations"),), Cause.APP_NOT_DELEGATED)


def _linked(network: Network, joined: Integration) -> Iterator[Decision]:
    """An empty list of association links; a body without the list says nothing."""
    subnet = app_subnet(network, joined)
    if subnet is not None and subnet.reading.get("serviceAssociationLinks") == []:
        why = f"Subnet {subnet.name} lists no service association link, so the platform may not know of {joined.app.shown}."
        yield _unsure(subnet.id, why, (subnet.reading.evidence("serviceAssociationLinks"),), Cause.APP_NOT_LINKED)


def _region(network: Network, joined: Integration) -> Iterator[Decision]:
    vnet = app_vnet(network, joined) if joined.kind == "regional" else None
    if vnet is not None and elsewhere(joined.app, vnet):
        why = f"{joined.app.shown} is in {joined.app.location}, VNet {vnet.name} in {vnet.location}; regional integration stays in one region."
        evidence = (joined.app.reading.whole(), vnet.reading.whole())
        yield _unsure(joined.app.id, why, evidence, Cause.APP_OTHER_REGION)


def elsewhere(app: WebApp, vnet: Vnet) -> bool:
    """True where app and VNet are surely in different regions, however the names are written."""
    return bool(app.location and vnet.location) and _plain(app.location) != _plain(vnet.location)


def _plain(location: str) -> str:
    return location.replace(" ", "").lower()


def _expired(network: Network, joined: Integration) -> Iterator[Decision]:
    """The certificate had ended when the evidence was collected; it lives eight years and is not renewed by itself."""
    connection = joined.connection
    if joined.kind != "gateway" or connection is None:
        return
    until = valid_until(connection)
    if until and until < (network.snapshot.collected_at or date.today().isoformat())[:10]:
        why = f"The certificate with which {joined.app.shown} enters its VNet ended on {until}."
        yield _unsure(connection.id, why, (connection.reading.evidence("certBlob"),), Cause.APP_CERT_EXPIRED)


def valid_until(connection: VnetConnection) -> str:
    """The last day of the certificate in certBlob as YYYY-MM-DD, "" where there is none or it cannot be read."""
    try:
        return read_certificate(base64.b64decode(connection.reading.text("certBlob"))).not_after[:10]
    except (ValueError, binascii.Error):
        return ""


def _unsure(by: str, why: str, evidence: tuple[Evidence, ...], cause: Cause) -> Decision:
    gap = Gap("Whether the app is in its VNet all the same", why, IS_IT_IN)
    return Decision("integration", by, Verdict.UNKNOWN, why, evidence, cause, gap)


LOOKS: tuple[Callable[[Network, Integration], Iterator[Decision]], ...] = (
    _tiers_differ, _tier_unread, _compose, _delegated, _linked, _region, _expired,
)  # fmt: skip
