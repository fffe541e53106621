"""An internal load balancer: its private front ends, and what stands in its backend pools.

Source: REST reference of Microsoft.Network/loadBalancers, members frontendIPConfigurations and backendAddressPools.
"""

from __future__ import annotations

from collections.abc import Iterator

from mi_workbook.network.keys import fronts
from mi_workbook.network.reading import Reading


def front_ends(balancer: Reading) -> tuple[str, ...]:
    """Private addresses of the front ends, in Azure's order."""
    return tuple(front.text("privateIPAddress") for front in fronts(balancer) if front.text("privateIPAddress"))


def members(balancer: Reading) -> Iterator[str]:
    """Ids of the NICs in the backend pools; "" for a member that is given by its address alone."""
    for pool in balancer.children("backendAddressPools"):
        by_nic = pool.references("backendIPConfigurations")
        yield from (configuration.rsplit("/ipConfigurations/", 1)[0] for configuration in by_nic)
        yield from ("" for _ in list(pool.children("loadBalancerBackendAddresses"))[len(by_nic) :])
