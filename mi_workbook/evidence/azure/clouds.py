"""The Azure clouds: where to sign in, where Resource Manager is, and which names its instances have."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from mi_workbook.core.errors import InputError


@dataclass(frozen=True, slots=True)
class Cloud:
    """A cloud. name: as `az cloud list` has it; scope: what a token is asked for; suffix: of a managed instance's name."""

    name: str
    authority: str
    endpoint: str
    scope: str
    suffix: str


# Endpoints: azure-mgmt-core `get_arm_endpoints`. The government's token audience is not its endpoint.
CLOUDS = {
    "AzureCloud": Cloud(
        "AzureCloud",
        "https://login.microsoftonline.com",
        "https://management.azure.com",
        "https://management.azure.com/.default",
        "database.windows.net",
    ),
    "AzureUSGovernment": Cloud(
        "AzureUSGovernment",
        "https://login.microsoftonline.us",
        "https://management.usgovcloudapi.net",
        "https://management.core.usgovcloudapi.net/.default",
        "database.usgovcloudapi.net",
    ),
    "AzureChinaCloud": Cloud(
        "AzureChinaCloud",
        "https://login.chinacloudapi.cn",
        "https://management.chinacloudapi.cn",
        "https://management.chinacloudapi.cn/.default",
        "database.chinacloudapi.cn",
    ),
}
ALIASES = {"public": "AzureCloud", "usgovernment": "AzureUSGovernment", "government": "AzureUSGovernment",
           "china": "AzureChinaCloud"}  # fmt: skip


def cloud(name: str) -> Cloud:
    """A cloud by its name or a short form of it, in any case. Raises InputError for any other."""
    wanted = ALIASES.get(name.lower(), name).lower()
    for one in CLOUDS.values():
        if one.name.lower() == wanted:
            return one
    raise InputError(f"No cloud is called '{name[:60]}'.", remedy=f"Known: {', '.join(CLOUDS)}.")


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
