"""What a repair takes from others: subnets of the networks it touches that reached the instance before and do not after."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice

from mi_workbook.core.errors import InputError, MissingEvidence
from mi_workbook.core.finding import Change
from mi_workbook.core.verdict import Verdict
from mi_workbook.network.network import Network
from mi_workbook.network.resource_id import key
from mi_workbook.network.vnet import Subnet

MOST = 12  # subnets asked about, so that the cost does not grow with the networks
SERVICES = frozenset(
    {"gatewaysubnet", "azurefirewallsubnet", "azurefirewallmanagementsubnet", "azurebastionsubnet", "routeserversubnet"}
)

Ask = Callable[[Network, str], Verdict]


def cut_off(
    before: Network, after: Network, changes: tuple[Change, ...], homes: tuple[str, ...], ask: Ask
) -> tuple[str, ...]:
    """Names of subnets ("vnet/subnet") that lose the way to the instance by these changes.

    homes: ids of the VNets at both ends; ask: the verdict for a source. A change that only adds takes nothing away.
    """
    if all(change.pointer.endswith("/-") for change in changes):
        return ()
    touched = (key(change.document) for change in changes)
    near = [*(key(home) for home in homes if home), *(one for one in touched if "/virtualnetworks/" in one)]
    found = list(islice((s for vnet_id in _outward(before, near) for s in _sources(before, vnet_id)), MOST))
    return tuple(
        f"{before.vnet(s.vnet_id).name}/{s.name}"
        for s in found
        if _asked(ask, before, s.id) is Verdict.REACHABLE and _asked(ask, after, s.id) is not Verdict.REACHABLE
    )


def _outward(network: Network, near: list[str]) -> Iterator[str]:
    """VNets by their distance in peerings, the nearest first."""
    waiting = deque(dict.fromkeys(near))
    seen = set(waiting)
    while waiting:
        vnet_id = waiting.popleft()
        if network.snapshot.get(vnet_id) is None:
            continue
        yield vnet_id
        fresh = [key(p.remote_id) for p in network.vnet(vnet_id).peerings if key(p.remote_id) not in seen]
        seen.update(fresh)
        waiting.extend(fresh)


def _sources(network: Network, vnet_id: str) -> Iterator[Subnet]:
    """Subnets from which somebody may connect."""
    for subnet in network.vnet(vnet_id).subnets:
        if not subnet.delegations and subnet.name.lower() not in SERVICES and subnet.addresses:
            yield subnet


def _asked(ask: Ask, network: Network, subnet_id: str) -> Verdict:
    try:
        return ask(network, subnet_id)
    except (InputError, MissingEvidence):
        return Verdict.UNKNOWN
