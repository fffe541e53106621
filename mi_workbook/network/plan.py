"""App Service plans and environments."""

from __future__ import annotations

from dataclasses import dataclass

from mi_workbook.network.reading import Reading

# Source: "Configure gateway-required virtual network integration", section "Pricing details", and "Integrate your app with an
# Azure virtual network", section "Limitations". Tiers that no list names are unknown, not unsupported.
WITHOUT_INTEGRATION = frozenset({"free", "shared", "dynamic"})
WITH_INTEGRATION = frozenset(
    {
        "basic", "standard", "premium", "premiumv2", "premiumv3", "premiumv4", "elasticpremium", "workflowstandard",
        "flexconsumption", "premiumcontainer", "premiummv3", "premium0v3", "premiummv4", "premium0v4",
    }
)  # fmt: skip


def integrates(tier: str) -> bool | None:
    """Whether a tier, in lower case, has VNet integration; None for one that no list names."""
    if tier in WITHOUT_INTEGRATION:
        return False
    return True if tier in WITH_INTEGRATION else None


@dataclass(frozen=True, slots=True)
class Plan:
    """Microsoft.Web/serverfarms. tier is lower case, "" where unread; capacity: instances, None where unread."""

    reading: Reading
    id: str
    name: str
    location: str
    tier: str
    size: str
    capacity: int | None
    linux: bool | None
    state: str
    subnet_id: str

    @property
    def integrates(self) -> bool | None:
        """Whether apps of this tier can be integrated with a VNet; None where the tier is not known."""
        return integrates(self.tier)


@dataclass(frozen=True, slots=True)
class Environment:
    """Microsoft.Web/hostingEnvironments: an App Service Environment and the subnet it runs in."""

    reading: Reading
    id: str
    name: str
    subnet_id: str


def read_plan(reading: Reading) -> Plan:
    """A plan. `sku` stands beside `properties`; a flattened one may stand inside."""
    raw = reading.raw.get("sku") or reading.get("sku")
    sku = Reading(reading.document, f"{reading.pointer}/sku", raw if isinstance(raw, dict) else {})
    network = reading.get("network")
    inner = Reading(reading.document, reading.at("network"), network if isinstance(network, dict) else {})
    return Plan(
        reading,
        reading.id,
        reading.name,
        str(reading.raw.get("location") or ""),
        sku.text("tier").lower(),
        sku.text("name"),
        _count(sku.get("capacity"), reading.get("numberOfWorkers")),
        reading.flag("reserved"),
        reading.text("status"),
        inner.text("virtualNetworkSubnetId"),
    )


def read_environment(reading: Reading) -> Environment:
    """An App Service Environment; virtualNetwork.id is its subnet, in older bodies the VNet with the subnet beside it."""
    value = reading.get("virtualNetwork")
    part = Reading(reading.document, reading.at("virtualNetwork"), value if isinstance(value, dict) else {})
    at, subnet = part.id, part.text("subnet")
    if at and subnet and "/subnets/" not in at.lower():
        at = f"{at}/subnets/{subnet}"
    return Environment(reading, reading.id, reading.name, at if "/subnets/" in at.lower() else "")


def _count(*values: object) -> int | None:
    return next((v for v in values if isinstance(v, int) and not isinstance(v, bool)), None)
