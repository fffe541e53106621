"""What `Get-NetRoute` tells of one route, whatever form it was printed in: names of properties and their values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mi_workbook.evidence.pastes.shapes import bare_address, prefix, route_row, whole_number

INDEXES = ("ifindex", "interfaceindex")
INTERFACE_METRICS = ("ifmetric", "interfacemetric")


def record_row(record: Mapping[str, Any]) -> dict[str, Any] | None:
    """A route in the common shape, None where prefix, next hop or a metric is not understood.

    Added: "route_metric" and "interface_metric", None where the record has none. Windows compares their sum: `metric` is
    that sum, None where one of them is missing. Source: Get-NetRoute (RouteMetric, InterfaceMetric).
    """
    facts = {str(name).lower(): str(value).strip() for name, value in record.items() if value is not None}
    target, gateway = (
        prefix(facts.get("destinationprefix", "").partition("%")[0]),
        bare_address(facts.get("nexthop", "")),
    )
    own, of_interface = facts.get("routemetric", ""), _first(facts, INTERFACE_METRICS)
    numbers = [whole_number(own), whole_number(of_interface)]
    if (
        not target
        or not gateway
        or any(word and number is None for word, number in zip((own, of_interface), numbers, strict=True))
    ):
        return None
    total = sum(number for number in numbers if number is not None) if None not in numbers else None
    return route_row(
        target, "" if gateway in ("0.0.0.0", "::") else gateway, facts.get("interfacealias") or _first(facts, INDEXES),
        total, persistent=facts.get("policystore", facts.get("store", "")).lower().startswith("persis"),
        route_metric=numbers[0], interface_metric=numbers[1],
    )  # fmt: skip


def _first(facts: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((facts[name] for name in names if facts.get(name)), "")
