"""Service tags in security rules and routes: which addresses they stand for.

Only tags whose meaning the evidence itself defines are exact. The other tags are lists of public addresses that
Microsoft publishes weekly; they hold no address of the private ranges, which is all that is used of them here.
Source: "Virtual network service tags", section "Available service tags" (tag names as of 2026-03).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from mi_workbook.core.ranges import EVERY_ADDRESS, Ranges, addresses, prefix

AS_OF = "2026-03"
PRIVATE = addresses(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"])
HOST_ADDRESS = prefix("168.63.129.16")
# Addresses no host on the Internet has. Source: IANA IPv4 special-purpose address registry.
SPECIAL = addresses(["0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.0.2.0/24", "198.18.0.0/15", "224.0.0.0/3"])
PUBLIC = EVERY_ADDRESS - PRIVATE - HOST_ADDRESS - SPECIAL

# Names of tags that are lists of public addresses (a regional suffix may follow).
PUBLIC_TAGS = frozenset(
    [
        "actiongroup",
        "apimanagement",
        "applicationinsightsavailability",
        "appconfiguration",
        "appservice",
        "appservicemanagement",
        "attestation",
        "autonomousdevelopmentplatform",
        "azureactivedirectory",
        "azureactivedirectorydomainservices",
        "azureadvancedthreatprotection",
        "azurearcinfrastructure",
        "azureattestation",
        "azurebackup",
        "azurebotservice",
        "azurecloud",
        "azurecognitivesearch",
        "azureconnectors",
        "azurecontainerappsservice",
        "azurecontainerregistry",
        "azurecosmosdb",
        "azuredatabricks",
        "azuredataexplorermanagement",
        "azuredevops",
        "azuredigitaltwins",
        "azureeventgrid",
        "azurefrontdoor",
        "azurehealthcareapis",
        "azureinformationprotection",
        "azureiothub",
        "azurekeyvault",
        "azuremachinelearning",
        "azuremonitor",
        "azureopendatasets",
        "azureportal",
        "azureresourcemanager",
        "azuresignalr",
        "azuresiterecovery",
        "azuresphere",
        "azurespringcloud",
        "azurestack",
        "azuretrafficmanager",
        "azureupdatedelivery",
        "azurewebpubsub",
        "batchnodemanagement",
        "cognitiveservicesmanagement",
        "datafactory",
        "datafactorymanagement",
        "dynamics365formarketingemail",
        "eventhub",
        "gatewaymanager",
        "genevaactions",
        "guestandhybridmanagement",
        "hdinsight",
        "logicapps",
        "logicappsmanagement",
        "m365managementactivityapi",
        "microsoftazurefluidrelay",
        "microsoftcloudappsecurity",
        "microsoftcontainerregistry",
        "microsoftdefenderforendpoint",
        "microsoftpurviewpolicydistribution",
        "onedscollector",
        "powerbi",
        "powerplatforminfra",
        "powerplatformplex",
        "powerqueryonline",
        "scuba",
        "serialconsole",
        "servicebus",
        "servicefabric",
        "sql",
        "sqlmanagement",
        "storage",
        "storagesyncservice",
        "videoindexer",
        "windowsadmincenter",
        "windowsvirtualdesktop",
    ]
)


@dataclass(frozen=True, slots=True)
class TagMeaning:
    """Addresses a tag surely holds, and addresses it may hold (a superset)."""

    surely: Ranges
    perhaps: Ranges


def exactly(found: Ranges) -> TagMeaning:
    """A meaning without doubt."""
    return TagMeaning(found, found)


@lru_cache(maxsize=100_000)
def meaning(text: str) -> TagMeaning | None:
    """What an address prefix of a rule stands for on any subnet; None for a tag that is not known.

    VirtualNetwork and Internet depend on the subnet and are not answered here.
    """
    if text.lower() in {"*", "any", "0.0.0.0/0"}:
        return exactly(EVERY_ADDRESS)
    try:
        return exactly(prefix(text))
    except ValueError:
        return _tag(text.lower().partition(".")[0])


@lru_cache(maxsize=10_000)
def readable(text: str) -> bool:
    """False where the prefix of a user route may be any address: neither a prefix of IPv4 or IPv6 nor a tag that is known."""
    return ":" in text or (bool(text) and meaning(text) is not None)


def _tag(name: str) -> TagMeaning | None:
    if name == "azureloadbalancer":
        return exactly(HOST_ADDRESS)
    if name in {"azureplatformdns", "azureplatformimds", "azureplatformlkm"}:
        return exactly(addresses(["168.63.129.16", "169.254.169.254", "23.102.135.246"]))
    if name in PUBLIC_TAGS:
        return TagMeaning(Ranges(), EVERY_ADDRESS - PRIVATE)
    return None
