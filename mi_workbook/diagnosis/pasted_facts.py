"""What is known of the instance that pasted answers are about, and the shape of a conclusion. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.ranges import NOTHING, Ranges
from mi_workbook.diagnosis.probe_layers import Suspect, fill
from mi_workbook.network.instance import ManagedInstance
from mi_workbook.network.network import Network
from mi_workbook.network.resource_id import parent

WORDS = tuple(Path(__file__).with_name(name) for name in ("pasted_answers.toml", "pasted_system.toml"))
WEIGHTS = ("blocked", "open", "hint", "none")


@dataclass(frozen=True, slots=True)
class Facts:
    """The instance as far as evidence shows it. subnet: None where it was not collected; pools: of point-to-site clients.

    names: the full name and the public one, in lower case. connection_type: as ARM has it, "" for unknown.
    """

    names: tuple[str, ...] = ()
    subnet: Ranges | None = None
    endpoints: Ranges = NOTHING
    pools: Ranges = NOTHING
    connection_type: str = ""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What one or more answers show from the place they come from.

    weight: blocked | open | hint | none (it proves nothing). lines: first and last line of each answer it rests on.
    """

    id: str
    weight: str
    says: str
    proves: str
    does_not_prove: str
    next_test: str
    suspects: tuple[Suspect, ...]
    lines: tuple[tuple[int, int], ...] = ()


@cache
def words() -> dict[str, dict[str, Any]]:
    """Every conclusion's words by id, as the data files have them."""
    return {name: entry for file in WORDS for name, entry in tomllib.loads(file.read_text(encoding="utf-8")).items()}


def facts_of(network: Network, instance_id: str) -> Facts:
    """What a snapshot shows of an instance. Raises MissingEvidence where the instance itself was not collected."""
    instance = network.instance(instance_id)
    found = [network.endpoint_addresses(endpoint) for endpoint in network.private_endpoints(instance.id)]
    endpoints = Ranges.of((address, address) for some in found for address in some)
    names = tuple(name for name in (instance.fqdn, instance.public_fqdn) if name)
    return Facts(names, _subnet(network, instance), endpoints, _pools(network), instance.connection_type)


def _subnet(network: Network, instance: ManagedInstance) -> Ranges | None:
    try:
        return network.subnet(instance.subnet_id).addresses if parent(instance.subnet_id) else None
    except MissingEvidence:
        return None


def _pools(network: Network) -> Ranges:
    """Pools of every gateway that was seen: a client's address in one of them is a tunnel's."""
    ids = [str(raw.get("id", "")) for raw in network.snapshot.of_type("Microsoft.Network/virtualNetworkGateways")]
    return Ranges.of(span for gateway_id in ids for span in network.gateway(gateway_id).pool)


def conclusion(word: str, lines: Iterable[tuple[int, int]], weight: str = "", **values: str) -> Conclusion:
    """A conclusion in words, its placeholders filled; what is not known reads as "it" or "here"."""
    entry = words()[word]
    known = {key: values.get(key) or blank for key, blank in BLANKS.items()}
    suspects = tuple(Suspect(one["fault"], fill(one["why"], known)) for one in entry["suspects"])
    said = {key: _tidy(fill(entry[key], known)) for key in ("says", "proves", "not", "next")}
    return Conclusion(
        word, weight or entry["weight"], said["says"], said["proves"], said["not"], said["next"], suspects, tuple(lines)
    )


def _tidy(text: str) -> str:
    """Without the gaps that an unknown value leaves."""
    return re.sub(r" ([:,.])(?=\s|$)", r"\1", " ".join(text.split()))


BLANKS = {
    "host": "the host", "port": "?", "address": "", "server": "the DNS server", "source": "the place of the test", "says": "no details",
    "name": "it",
}  # fmt: skip
