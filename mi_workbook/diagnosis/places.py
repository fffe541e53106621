"""SOURCE and TARGET as typed -> the resources they mean."""

from __future__ import annotations

import difflib
import ipaddress
from collections.abc import Iterable

from mi_workbook.core.errors import InputError, MissingEvidence
from mi_workbook.core.evidence import Gap
from mi_workbook.core.finding import Place
from mi_workbook.core.ranges import Ranges, prefix
from mi_workbook.diagnosis.here import this_machine
from mi_workbook.diagnosis.outside import internet_place, outside_place
from mi_workbook.network import keys
from mi_workbook.network.instance import ManagedInstance
from mi_workbook.network.network import INSTANCES, NICS, SLOTS, VMS, VNETS, WEB_APPS, Network
from mi_workbook.network.reading import Reading
from mi_workbook.network.resource_id import last, shell_word, vnet_of
from mi_workbook.network.service_tags import PUBLIC
from mi_workbook.network.vnet import Vnet
from mi_workbook.reach.names import ServerName, likeness, read_name

MOST_NAMED = 500
OUTSIDE_KINDS = {"p2s": "clients", "onprem": "site", "er": "express"}


def find_source(network: Network, text: str) -> Place:
    """The source a user means.

    ARM id, name of a VM or NIC, `vnet/subnet`, `ip:ADDRESS`, `p2s:GATEWAY[=ADDRESS]`, `onprem:LOCALGATEWAY[=ADDRESS]`,
    `er:GATEWAY=ADDRESS`, `internet[=ADDRESS]`, `this-machine` (its routes must be among the observations).
    Raises InputError where the evidence is complete and holds no such thing or several; MissingEvidence where it
    may be among what was not collected.
    """
    text = text.strip()
    word, colon, rest = text.partition(":")
    if colon and word.lower() in OUTSIDE_KINDS:
        return outside_place(network, OUTSIDE_KINDS[word.lower()], rest, text)
    if text.lower() == "internet" or text.lower().startswith("internet="):
        return internet_place(text.partition("=")[2], text)
    if text.lower() == "this-machine":
        return this_machine(network)
    if text.lower().startswith("ip:"):
        return _by_address(network, text[3:])
    if text.startswith("/"):
        return _by_id(network, text)
    return _by_name(network, text)


def _by_address(network: Network, text: str) -> Place:
    try:
        address = int(ipaddress.IPv4Address(text.strip()))
    except ValueError:
        raise InputError(f"'{text}' is not an IPv4 address.", remedy="Write ip:10.1.0.4.") from None
    nics = network.holders(address)
    _no_endpoint(network, text, address, [nic.reading.reference("privateEndpoint") for nic in nics])
    if len(nics) == 1:
        return _nic_place(network, nics[0].id, text, address)
    homes = [
        (vnet, subnet)
        for vnet in _vnets_around(network, address)
        for subnet in vnet.subnets
        if subnet.addresses.covers(prefix(text))
    ]
    if len(homes) == 1:
        vnet, subnet = homes[0]
        return Place("subnet", subnet.id, f"{vnet.name}/{subnet.name}", text.strip(), subnet.id, vnet.id, text)
    if not homes and PUBLIC.covers(prefix(text)):
        return internet_place(text, f"ip:{text}")
    if homes:
        names = ", ".join(f"{v.name}/{s.name}" for v, s in homes)
        raise InputError(f"{text} fits several subnets: {names}.", remedy="Name the subnet: vnet/subnet.")
    return _nothing(network, text, (VNETS, NICS), [])


def _no_endpoint(network: Network, text: str, address: int, owners: list[str]) -> None:
    """Raises InputError for the address of a private endpoint, which begins no connection.

    Source: "What is a private endpoint?", section "Private endpoint properties".
    """
    near = (one for vnet in _vnets_around(network, address) for one in network.private_endpoints_in(vnet.id))
    owners = [last(owner) for owner in owners if owner] or [
        one.name for one in near if address in network.endpoint_addresses(one)
    ]
    if owners:
        raise InputError(
            f"{text.strip()} is the address of private endpoint {owners[0]}, which only receives connections.",
            remedy="Name the client: its VM, NIC, subnet or address.",
        )


def _vnets_around(network: Network, address: int) -> list[Vnet]:
    """VNets whose address space may hold an address."""
    found = network.snapshot.having(VNETS, "block", keys.vnet_blocks, str(address >> keys.BLOCK))
    return [network.vnet(str(raw.get("id", ""))) for raw in found]


def _by_id(network: Network, text: str) -> Place:
    lowered = text.lower()
    if "/virtualmachines/" in lowered and network.snapshot.get(text) is None:
        return _nothing(network, text, (VMS,), [])
    if "/virtualmachines/" in lowered:
        return _vm_place(network, text)
    if "/networkinterfaces/" in lowered:
        return _nic_place(network, text, text)
    if "/subnets/" in lowered:
        subnet = network.subnet(text)
        return _subnet_place(network, subnet.id, text)
    if "/microsoft.web/sites/" in lowered:
        return _app_place(network, text, text)
    if "/virtualnetworkgateways/" in lowered:
        kind = "express" if network.gateway(text).kind == "expressroute" else "clients"
        return outside_place(network, kind, text, text)
    if "/localnetworkgateways/" in lowered:
        return outside_place(network, "site", text, text)
    raise InputError(
        f"{text} is not a VM, NIC, subnet or gateway.",
        remedy="Give the id of the VM, its NIC, its subnet, or a gateway.",
    )


def _by_name(network: Network, text: str) -> Place:
    wanted = text.lower()
    if "/" in wanted:
        return _by_subnet_name(network, text)
    for kind in (VMS, NICS, WEB_APPS):
        found = network.named(kind, wanted)
        if len(found) > 1:
            ids = ", ".join(str(r.get("id")) for r in found)
            raise InputError(f"'{text}' names several resources: {ids}.", remedy="Give the id.")
        if found:
            at = str(found[0].get("id", ""))
            return PLACE_OF[kind](network, at, text)
    by_vm = network.snapshot.having(NICS, "vm", keys.vm_of_nic, wanted)
    if by_vm:
        return _nic_place(network, str(by_vm[0].get("id", "")), text)
    known = [_name(r) for kind in (VMS, NICS, WEB_APPS) for r in network.snapshot.of_type(kind)]
    return _nothing(network, text, (VMS, NICS), known)


PLACE_OF = {
    VMS: lambda network, at, typed: _vm_place(network, at, typed),
    NICS: lambda network, at, typed: _nic_place(network, at, typed),
    WEB_APPS: lambda network, at, typed: _app_place(network, at, typed),
}


def _slot(network: Network, text: str) -> str | None:
    """The id of the slot that app/slot names, None where there is none or several."""
    app, _, slot = text.lower().partition("/")
    found = [str(raw.get("id", "")) for raw in network.snapshot.of_type(SLOTS)]
    named = [at for at in found if at.lower().endswith(f"/sites/{app}/slots/{slot}")]
    return named[0] if len(named) == 1 else None


def _by_subnet_name(network: Network, text: str) -> Place:
    slot = _slot(network, text)
    if slot is not None:
        return _app_place(network, slot, text)
    vnet_name, _, subnet_name = text.lower().partition("/")
    vnets = [network.vnet(str(r.get("id", ""))) for r in network.named(VNETS, vnet_name)]
    found = [subnet for vnet in vnets for subnet in vnet.subnets if subnet.name.lower() == subnet_name]
    if len(found) == 1:
        return _subnet_place(network, found[0].id, text)
    if found:
        raise InputError(f"'{text}' names several subnets.", remedy="Give the subnet's id.")
    known = [f"{_name(r)}/{s.name}" for r in network.snapshot.of_type(VNETS)[:MOST_NAMED]
             for s in network.vnet(str(r.get("id", ""))).subnets]  # fmt: skip
    return _nothing(network, text, (VNETS,), known)


def _nothing(network: Network, text: str, kinds: Iterable[str], known: list[str]) -> Place:
    if any(network.snapshot.absence(kind) != "proven" for kind in kinds):
        how = "; ".join(f"collect {kind}" for kind in kinds)
        raise MissingEvidence(Gap(f"The source '{text}'", "Nothing of that name is in the evidence.", how))
    close = difflib.get_close_matches(text.lower(), known, 3) or known[:5]
    hint = f"Known here: {', '.join(close)}." if close else "The evidence holds no VM, NIC or subnet."
    raise InputError(f"Nothing called '{text}' is in the evidence.", remedy=hint)


def _app_place(network: Network, app_id: str, typed: str) -> Place:
    """A web app or one of its slots; which way it leaves depends on what it asks for."""
    app = network.web_app(app_id)
    return Place("app", app.id, app.shown, typed=typed)


def _vm_place(network: Network, vm_id: str, typed: str = "") -> Place:
    raw = network.snapshot.get(vm_id) or {}
    profile = Reading(vm_id, "", raw).get("networkProfile")
    profile = Reading(vm_id, "", profile if isinstance(profile, dict) else {})
    nics = [child for child in profile.children("networkInterfaces")]
    main = next((c for c in nics if c.flag("primary")), nics[0] if nics else None)
    if main is None:
        raise MissingEvidence(
            Gap(f"NIC of {last(vm_id)}", "The VM names no NIC.", f"az vm show --ids {shell_word(vm_id)} -o json")
        )
    return _nic_place(network, main.id, last(vm_id))


def _nic_place(network: Network, nic_id: str, typed: str, address: int | None = None) -> Place:
    """A NIC, with its primary address or the one that was asked about."""
    nic = network.nic(nic_id)
    if nic.reading.reference("privateEndpoint"):
        raise InputError(
            f"{nic.name} is the NIC of a private endpoint, from which no connection starts.",
            remedy="Name the client's VM, NIC or subnet.",
        )
    asked = (c for c in nic.configurations if address is not None and c.address == Ranges(((address, address),)))
    main = next(asked, nic.primary)
    if main is None or not main.subnet_id:
        raise MissingEvidence(
            Gap(f"Subnet of NIC {nic.name}", "It names none.", f"az network nic show --ids {shell_word(nic.id)}")
        )
    vnet_id = vnet_of(main.subnet_id)
    name = last(nic.vm_id) or nic.name
    return Place("nic", nic.id, name, main.text, main.subnet_id, vnet_id, typed)


def _subnet_place(network: Network, subnet_id: str, typed: str) -> Place:
    subnet = network.subnet(subnet_id)
    vnet = network.vnet(subnet.vnet_id)
    return Place("subnet", subnet.id, f"{vnet.name}/{subnet.name}", "", subnet.id, vnet.id, typed)


def find_target(network: Network, text: str) -> tuple[ManagedInstance, ServerName | None]:
    """The instance a user means, and the server name to judge where one was typed.

    Raises MissingEvidence where no instance was collected, InputError where none is likely meant.
    """
    if "/managedinstances/" in text.lower() and network.snapshot.get(text.strip()) is not None:
        return network.instance(text.strip()), None
    exact = network.snapshot.having(INSTANCES, "server name", keys.server_names, text.strip().rstrip("/"))
    if len(exact) == 1 and "." not in text:
        return network.instance(str(exact[0].get("id", ""))), None
    instances = network.instances()
    if not instances:
        if network.snapshot.absence(INSTANCES) == "proven":
            raise InputError("The evidence holds no managed instance.", remedy="Add: az sql mi list -o json")
        gap = Gap(
            INSTANCES,
            "No managed instance is in the evidence.",
            "az sql mi list -o json (Microsoft.Sql/managedInstances/read)",
        )
        raise MissingEvidence(gap)
    name = read_name(text)
    if len(meant := network.snapshot.having(INSTANCES, "server name", keys.server_names, name.host)) == 1:
        return network.instance(str(meant[0].get("id", ""))), name
    return (_holding(network, name, instances) if name.is_address else _likeliest(name, instances)), name


def _holding(network: Network, name: ServerName, instances: tuple[ManagedInstance, ...]) -> ManagedInstance:
    try:
        address = prefix(name.host)
    except ValueError:
        address = Ranges()
    for instance in instances:
        if instance.subnet_id and address and _subnet_covers(network, instance.subnet_id, address):
            return instance
        if any(a == first for e in network.private_endpoints(instance.id) for a in network.endpoint_addresses(e)
               for first, _ in address):  # fmt: skip
            return instance
    if len(instances) == 1:
        return instances[0]
    raise InputError(f"No instance has the address {name.host}.", remedy=_list(instances))


def _subnet_covers(network: Network, subnet_id: str, address: Ranges) -> bool:
    try:
        return network.subnet(subnet_id).addresses.covers(address)
    except MissingEvidence:
        return False


def _likeliest(name: ServerName, instances: tuple[ManagedInstance, ...]) -> ManagedInstance:
    ranked = sorted(instances, key=lambda i: -likeness(name, i))
    tie = len(ranked) > 1 and likeness(name, ranked[0]) == likeness(name, ranked[1])
    if not tie and (len(ranked) == 1 or likeness(name, ranked[0]) >= 0.5):
        return ranked[0]
    raise InputError(f"Which instance is meant by '{name.typed}' is not clear.", remedy=_list(instances))


def _list(instances: tuple[ManagedInstance, ...]) -> str:
    return "Instances here: " + ", ".join(i.fqdn or i.name for i in instances[:10]) + "."


def _name(resource: dict[str, object]) -> str:
    return str(resource.get("name") or last(str(resource.get("id", "")))).lower()
