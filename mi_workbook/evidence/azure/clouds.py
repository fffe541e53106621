"""The Azure clouds: where to sign in, where Resource Manager is, and which names its instances have."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from mi_workbook.core.errors import InputError


@dataclass(frozen=True, slots=True)
class Cloud:
    """A cloud. name: as `az cloud list` has it; scope: what a token is asked for; suffix: of a managed instance's name.

    portal: the address of its portal, "" where that is not known.
    """

    name: str
    authority: str
    endpoint: str
    scope: str
    suffix: str
    portal: str = ""


# Portals: "Compare Azure Government and global Azure", section "Guidance for developers"; "Azure China developer guide".
# Endpoints: azure-mgmt-core `get_arm_endpoints`. The government's token audience is not its endpoint.
CLOUDS = {
    "AzureCloud": Cloud(
        "AzureCloud",
        "https://login.microsoftonline.com",
        "https://management.azure.com",
        "https://management.azure.com/.default",
        "database.windows.net",
        "https://portal.azure.com",
    ),
    "AzureUSGovernment": Cloud(
        "AzureUSGovernment",
        "https://login.microsoftonline.us",
        "https://management.usgovcloudapi.net",
        "https://management.core.usgovcloudapi.net/.default",
        "database.usgovcloudapi.net",
        "https://portal.azure.us",
    ),
    "AzureChinaCloud": Cloud(
        "AzureChinaCloud",
        "https://login.chinacloudapi.cn",
        "https://management.chinacloudapi.cn",
        "https://management.chinacloudapi.cn/.default",
        "database.chinacloudapi.cn",
        "https://portal.azure.cn",
    ),
}
# Beginnings of region names ("US Gov Virginia", "US DoD East", "China North 3"); none in the public cloud begins so.
REGIONS = {"usgov": "AzureUSGovernment", "usdod": "AzureUSGovernment", "china": "AzureChinaCloud"}
ALIASES = {"public": "AzureCloud", "usgovernment": "AzureUSGovernment", "government": "AzureUSGovernment",
           "china": "AzureChinaCloud"}  # fmt: skip


def cloud(name: str) -> Cloud:
    """A cloud by its name or a short form of it, in any case. Raises InputError for any other."""
    wanted = ALIASES.get(name.lower(), name).lower()
    for one in CLOUDS.values():
        if one.name.lower() == wanted:
            return one
    raise InputError(f"No cloud is called '{name[:60]}'.", remedy=f"Known: {', '.join(CLOUDS)}.")


def portal(cloud_name: str, location: str) -> str:
    """The portal of what lies in a region, "" where it is not known.

    Files of `az` do not say which cloud they are from, and count as AzureCloud; the names of a sovereign cloud's regions do.
    """
    region = location.replace(" ", "").lower()
    by_region = next((name for start, name in REGIONS.items() if region.startswith(start)), cloud_name)
    named = by_region if cloud_name.lower() == "azurecloud" else cloud_name
    known = next((one for one in CLOUDS.values() if one.name.lower() == named.lower()), None)
    return known.portal if known is not None else ""


def custom(authority: str, endpoint: str, scope: str = "", suffix: str = "") -> Cloud:
    """A cloud of one's own (Azure Stack Hub, a test). scope: `<endpoint>/.default` unless given.

    Raises InputError where an address is not https: a token would cross the network in the clear.
    """
    for text in (authority, endpoint):
        parts = urlsplit(text)
        if parts.scheme != "https" or not parts.hostname or parts.username or parts.query:
            raise InputError(f"'{text[:80]}' is not an https address.", remedy="For instance https://management.local")
    endpoint = endpoint.rstrip("/")
    return Cloud("Custom", authority.rstrip("/"), endpoint, scope or f"{endpoint}/.default", suffix)
