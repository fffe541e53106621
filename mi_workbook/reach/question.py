"""A question with its ends found: who sends, where the packets enter, to which endpoint, on which ports."""

from __future__ import annotations

from dataclasses import dataclass

from mi_workbook.core.ranges import NOTHING, Ranges
from mi_workbook.core.trace import Decision
from mi_workbook.network.instance import NORMAL_PORT, PUBLIC_PORT, REDIRECT_PORTS, ManagedInstance
from mi_workbook.network.vnet import Subnet
from mi_workbook.reach.names import ServerName
from mi_workbook.reach.origin import INSIDE, Origin


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its ends found.

    addresses: what may send; subnet: where the packets enter the virtual networks (the source's own, the GatewaySubnet of
    its gateway; for the Internet the instance's); answer: what the name resolved to, where a zone in the evidence says so;
    name_decides: False where an unclear DNS answer cannot change the path, so that it is judged last; places: words that
    observations from the source may bear (its id, name, address, as typed), in lower case.
    """

    addresses: Ranges
    subnet: Subnet
    at: str
    nic_nsg: str
    instance: ManagedInstance
    endpoint: str
    name: ServerName | None
    resolution: Decision | None = None
    answer: Ranges = NOTHING
    name_decides: bool = True
    origin: Origin = INSIDE
    places: frozenset[str] = frozenset()


def required_ports(question: Question) -> list[Ranges]:
    """1433; under Redirect all of 11000-11999 as well; 3342 on the public endpoint.

    Source: "Connection types", sections "Connection types" and "Redirect connection type"; "Default" is Proxy there.
    """
    if question.endpoint == "public":
        return [Ranges(((PUBLIC_PORT, PUBLIC_PORT),))]
    normal = Ranges(((NORMAL_PORT, NORMAL_PORT),))
    redirect = question.endpoint == "vnet-local" and question.instance.connection_type.lower() == "redirect"
    return [normal, Ranges((REDIRECT_PORTS,))] if redirect else [normal]
