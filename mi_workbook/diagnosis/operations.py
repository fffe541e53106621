"""What an operation on an app's integration would do and break, shown on the model before anybody does it.

Nothing is changed in Azure: an operation is a set of changes of the snapshot, the question asked again for every app it
touches, and commands to copy. Source: "Integrate your app with an Azure Virtual Network", sections "Getting started" (scaling
down) and "Managing the VNET Integrations" (what is done at the app and what at the plan); "Configure gateway-required virtual
network integration", section "Manage virtual network integration".
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, replace

from mi_workbook.core.errors import InputError, MissingEvidence
from mi_workbook.core.finding import Change
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.diagnosis.places import find_source
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.app_connections import Integration, VnetConnection, apps_on, integration
from mi_workbook.network.network import APP_CONNECTIONS, PLANS, SLOT_CONNECTIONS, Network
from mi_workbook.network.plan import WITH_INTEGRATION, WITHOUT_INTEGRATION
from mi_workbook.network.resource_id import key, last, segment, shell_word
from mi_workbook.network.web_app import WebApp

OUTAGE = "Every app of the plan that uses this VNet loses it for a short time."
RESTART = (
    "One part of today's documentation says that these apps restart, another and the older document that they do not."
)
APP_RESTARTS = "The app restarts."


@dataclass(frozen=True, slots=True)
class Effect:
    """The answer for one app before and after; says: the answer afterwards, in words."""

    app: str
    before: Verdict
    after: Verdict
    says: str

    @property
    def loses(self) -> bool:
        """True where the app had a path, or perhaps had one, and has none afterwards."""
        return self.before is not Verdict.BLOCKED and self.after is Verdict.BLOCKED

    @property
    def gains(self) -> bool:
        """True where the app gets a path that it did not have."""
        return self.before is not Verdict.REACHABLE and self.after is Verdict.REACHABLE


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation and what it does: changes of the model, warnings, commands to copy, and its effect on each app."""

    title: str
    changes: tuple[Change, ...]
    warnings: tuple[str, ...]
    az: tuple[str, ...]
    portal: tuple[str, ...]
    effects: tuple[Effect, ...]

    @property
    def headline(self) -> str:
        """Which apps lose and gain their path, and of which nobody knows, in a sentence."""
        lost = [one.app for one in self.effects if one.loses]
        won = [one.app for one in self.effects if one.gains]
        open_ = [one.app for one in self.effects if one.after is Verdict.UNKNOWN]
        parts = [f"these apps lose their path: {', '.join(lost)}"] if lost else []
        parts += [f"these apps get one: {', '.join(won)}"] if won else []
        parts += [f"for these it is unknown: {', '.join(open_)}"] if open_ else []
        return f"After this, {'; '.join(parts) or 'no app loses or gains a path'}."


def disconnect(snapshot: Snapshot, app: str, target: str) -> Operation:
    """Take an app's integration away. Raises InputError where it has none, MissingEvidence where nobody knows."""
    network, joined = _joined(snapshot, app)
    if joined.kind not in {"regional", "gateway"}:
        raise InputError(
            f"{joined.app.shown} has no integration to disconnect.", remedy="Its view shows how it leaves."
        )
    changes = _without(network, joined.app)
    warnings = [APP_RESTARTS, "The VNet, its subnet and its gateway stay as they are."]
    az = (f"az webapp vnet-integration remove -g {_group(joined.app)} -n {_site(joined.app)}{_slot(joined.app)}",)
    portal = ("The app, Networking, Virtual network integration: Disconnect",)
    return _operation(f"Disconnect {joined.app.shown}", snapshot, changes, warnings, az, portal, [joined.app], target)


def connect(snapshot: Snapshot, app: str, subnet_id: str, target: str) -> Operation:
    """Join an app to a subnet (regional integration), in the place of what it has.

    Raises InputError where the subnet is not in the evidence.
    """
    network = Network(snapshot)
    found = network.web_app(find_source(network, app).id)
    try:
        subnet = network.subnet(subnet_id)
    except MissingEvidence:
        raise InputError(
            f"The evidence holds no subnet {subnet_id}.", remedy="Give the id of a subnet in it."
        ) from None
    changes = (*_without(network, found), Change(found.id, found.reading.at("virtualNetworkSubnetId"), subnet.id))
    others = {name for name in subnet.delegations if name.lower() != "microsoft.web/serverfarms"}
    warnings = [APP_RESTARTS, "An app has one integration: what it has now is taken away."]
    warnings += [f"Subnet {subnet.name} is delegated to {', '.join(others)}: no app can join it."] if others else []
    if subnet.reading.get("ipConfigurations"):
        warnings.append(f"Subnet {subnet.name} is in use; integration needs an empty subnet, or one of the same plan.")
    az = (
        f"az webapp vnet-integration add -g {_group(found)} -n {_site(found)}{_slot(found)} "
        f"--vnet {shell_word(last(subnet.vnet_id))} --subnet {shell_word(subnet.name)}",
    )
    portal = (f"The app, Networking, Virtual network integration: Add, {last(subnet.vnet_id)}/{subnet.name}",)
    return _operation(f"Join {found.shown} to {subnet.name}", snapshot, changes, warnings, az, portal, [found], target)


def add_route(snapshot: Snapshot, app: str, cidr: str, target: str) -> Operation:
    """Add a range to the routes of the VNet that an app is joined to by a gateway; every app of the plan there gets it.

    Raises InputError for a range that is none, and for an app of another kind.
    """
    network, joined = _joined(snapshot, app)
    shared = _through_gateway(network, joined)
    cidr = _range(cidr)
    route: dict[str, object] = {
        "name": cidr.replace("/", "-"),
        "properties": {"startAddress": cidr, "routeType": "STATIC"},
    }
    changes = tuple(_appended(one, route) for _, one in shared)
    plan = joined.app.plan_id
    name = shared[0][1].name
    url = f"{plan}/virtualNetworkConnections/{name}/routes/{route['name']}?api-version=2023-12-01"
    body = f'{{"properties":{{"startAddress":"{cidr}","routeType":"STATIC"}}}}'
    az = (f"az rest --method put --url {shell_word(url)} --body {shell_word(body)}",)
    portal = (f"App Service plan {last(plan)}, Networking, VNet integration: the VNet, Routing: add {cidr}",)
    warnings = [
        f"Traffic of these apps to {cidr} enters the VNet from now on; what becomes of it there is the VNet's affair."
    ]
    return _operation(
        f"Route {cidr} into the VNet", snapshot, changes, warnings, az, portal, [a for a, _ in shared], target
    )


def sync_network(snapshot: Snapshot, app: str, target: str) -> Operation:
    """Sync Network on the plan of an app: certificates and name servers of today for every app in the same VNet."""
    network, joined = _joined(snapshot, app)
    shared = _through_gateway(network, joined)
    vnet_id = shared[0][1].network_id
    changes = [Change(one.id, one.reading.at("resyncRequired"), False) for _, one in shared]
    if snapshot.get(vnet_id) is not None:
        servers = ",".join(network.vnet(vnet_id).dns_servers)
        changes += [Change(one.id, one.reading.at("dnsServers"), servers) for _, one in shared]
    warnings = [OUTAGE, RESTART]
    if segment(vnet_id, "subscriptions").lower() != segment(joined.app.id, "subscriptions").lower():
        warnings.append("It does not work where app and VNet are in different subscriptions, as here.")
    plan = last(joined.app.plan_id)
    az = (f"az appservice vnet-integration list -g {_group(joined.app)} --plan {shell_word(plan)} -o json",)
    portal = (f"App Service plan {plan}, Networking, VNet integration: VNet {last(vnet_id)}, Sync Network",)
    return _operation(
        f"Sync Network of plan {plan}", snapshot, tuple(changes), warnings, az, portal, [a for a, _ in shared], target
    )


def scale(snapshot: Snapshot, plan: str, tier: str, target: str) -> Operation:
    """Scale a plan to a tier; in one without VNet integration every app of the plan loses its integration.

    Raises InputError for a plan that is not in the evidence and for a tier that no document names.
    """
    network = Network(snapshot)
    plan_id = _plan_id(network, plan)
    if tier.lower() not in WITHOUT_INTEGRATION | WITH_INTEGRATION:
        known = ", ".join(sorted(WITHOUT_INTEGRATION | WITH_INTEGRATION))
        raise InputError(f"'{tier}' is not a known tier.", remedy=f"Known: {known}.")
    view = network.plan(plan_id)
    apps = apps_on(network, plan_id)
    changes = [Change(plan_id, "/sku/tier", tier)]
    changes += [Change(app.id, app.reading.at("sku"), tier) for app in apps if app.reading.text("sku")]
    warnings = []
    if tier.lower() in WITHOUT_INTEGRATION:
        changes += [change for app in apps for change in _without(network, app)]
        warnings.append(f"{tier} has no VNet integration: every app of the plan loses its connection.")
    az = (
        f"az appservice plan update -g {shell_word(segment(plan_id, 'resourceGroups'))} -n {shell_word(view.name)} --sku <a size of {tier}>",
    )
    portal = (f"App Service plan {view.name}, Settings, Scale up",)
    return _operation(
        f"Scale {view.name} to {tier}", snapshot, tuple(changes), warnings, az, portal, list(apps), target
    )


def _range(text: str) -> str:
    """An IPv4 block as it is typed. Raises InputError."""
    try:
        return str(ipaddress.IPv4Network(text.strip()))
    except ValueError:
        raise InputError(f"'{text}' is not a range.", remedy="Write 10.0.0.0/24.") from None


def _joined(snapshot: Snapshot, app: str) -> tuple[Network, Integration]:
    network = Network(snapshot)
    place = find_source(network, app)
    if place.kind != "app":
        raise InputError(f"'{app}' is not a web app.", remedy="Name a web app, or app/slot.")
    return network, integration(network, network.web_app(place.id))


def _through_gateway(network: Network, joined: Integration) -> list[tuple[WebApp, VnetConnection]]:
    """The apps of the plan that are joined to the same VNet by its gateway, with their connections."""
    if joined.kind != "gateway" or joined.connection is None:
        raise InputError(f"{joined.app.shown} has no gateway-required integration.",
                         remedy="Routes and Sync Network exist for that kind only.")  # fmt: skip
    apps = apps_on(network, joined.app.plan_id) if joined.app.plan_id else (joined.app,)
    home = key(joined.connection.network_id)
    return [(app, one) for app in apps for one in network.vnet_connections(app)
            if not one.regional and key(one.network_id) == home]  # fmt: skip


def _appended(connection: VnetConnection, route: dict[str, object]) -> Change:
    if connection.routes is None:
        return Change(connection.id, connection.reading.at("routes"), [route])
    return Change(connection.routes_in.document, f"{connection.routes_in.at('routes')}/-", route)


def _without(network: Network, app: WebApp) -> tuple[Change, ...]:
    """The model without an app's integration, wherever it is written."""
    changes = [Change(one.id, "", None) for one in network.vnet_connections(app)]
    if app.reading.get("virtualNetworkSubnetId") is not None:
        changes.append(Change(app.id, app.reading.at("virtualNetworkSubnetId"), None))
    config = network.app_network_config(app)
    if config is not None and config.get("subnetResourceId") is not None:
        changes.append(Change(config.document, config.at("subnetResourceId"), None))
    return tuple(changes)


def _operation(
    title: str, snapshot: Snapshot, changes: Iterable[Change], warnings: list[str], az: tuple[str, ...],
    portal: tuple[str, ...], apps: list[WebApp], target: str,
) -> Operation:  # fmt: skip
    changes = tuple(changes)
    after = _told(snapshot.changed(changes), changes)
    effects = tuple(_effect(snapshot, after, app, target) for app in apps)
    return Operation(title, changes, tuple(warnings), az, portal, effects)


def _told(after: Snapshot, changes: tuple[Change, ...]) -> Snapshot:
    """The changed snapshot, which knows that the connections that were taken away are gone."""
    if after.complete is None or not any(one.value is None for one in changes):
        return after
    kinds = {kind.lower() for kind in (APP_CONNECTIONS, SLOT_CONNECTIONS)}
    return Snapshot(
        after.resources, observations=after.observations, problems=after.problems, source=after.source,
        collected_at=after.collected_at, cloud=after.cloud, extra=after.extra, complete=after.complete | kinds,
    )  # fmt: skip


def _effect(before: Snapshot, after: Snapshot, app: WebApp, target: str) -> Effect:
    was, becomes = diagnose(before, app.id, target), diagnose(after, app.id, target)
    effect = Effect(app.shown, was.verdict, becomes.verdict, becomes.headline)
    unread = was.verdict is Verdict.UNKNOWN and not was.traces
    return replace(effect, after=Verdict.UNKNOWN, says=was.headline) if unread and effect.loses else effect


def _plan_id(network: Network, plan: str) -> str:
    found = [plan] if plan.startswith("/") and network.snapshot.get(plan) is not None else []
    found = found or [str(raw.get("id", "")) for raw in network.named(PLANS, plan)]
    if len(found) != 1:
        known = ", ".join(last(str(raw.get("id", ""))) for raw in network.snapshot.of_type(PLANS)) or "none"
        raise InputError(f"'{plan}' is not one plan of the evidence.", remedy=f"Known: {known}.")
    return found[0]


def _group(app: WebApp) -> str:
    return shell_word(segment(app.id, "resourceGroups"))


def _site(app: WebApp) -> str:
    return shell_word(segment(app.id, "sites"))


def _slot(app: WebApp) -> str:
    return f" --slot {shell_word(last(app.id))}" if app.is_slot else ""
