"""Signing in to Azure with azure-identity, by the way that fits the place. Tokens stay in memory; errors are plain words."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from mi_workbook.core.errors import InputError
from mi_workbook.evidence.azure.clouds import Cloud

# The tag every Azure VM carries. Source: "Azure Instance Metadata Service"; it is the same for all of them.
AZURE_MACHINE = "7783-7084-3265-9085-8269-3286-77"
MACHINE_TAG = Path("/sys/class/dmi/id/chassis_asset_tag")
Prompt = Callable[[str, str, datetime], None]


@cache
def words() -> dict[str, Any]:
    """Places, titles and errors (`sign_in.toml`)."""
    return tomllib.loads((files("mi_workbook.evidence.azure") / "sign_in.toml").read_text(encoding="utf-8"))


def place(environ: Mapping[str, str] = os.environ, machine_tag: Path = MACHINE_TAG) -> str:
    """Where this program runs: hub (Binder, JupyterHub), cloud-shell, azure-vm or laptop."""
    if any(name.startswith(("BINDER_", "JUPYTERHUB_")) for name in environ):
        return "hub"
    if "ACC_CLOUD" in environ or environ.get("AZUREPS_HOST_ENVIRONMENT", "").startswith("cloud-shell"):
        return "cloud-shell"
    if "IDENTITY_ENDPOINT" in environ or _tag(machine_tag) == AZURE_MACHINE:
        return "azure-vm"
    return "laptop"


def ways(where: str) -> tuple[str, ...]:
    """Ways to sign in at a place, best first: cli, browser, device-code, managed-identity, environment."""
    return tuple(words()["ways"][where])


def credential(way: str, cloud: Cloud, *, tenant: str = "", prompt: Prompt | None = None) -> Any:
    """A credential of azure-identity for one way to sign in. Nothing is asked of Azure yet, and nothing goes to disk.

    tenant: id or domain, "" for the account's own. prompt: told link, code and when the code runs out; needed for
    device-code, and called from the thread that asks for the first token.
    Raises InputError for a way that is not known, or where azure-identity is not installed.
    """
    try:
        import azure.identity as identity
    except ImportError:
        raise InputError("azure-identity is not installed.", remedy="pip install 'mi-workbook[azure]'") from None
    named: dict[str, Any] = {"tenant_id": tenant} if tenant else {}
    host = cloud.authority
    makers: dict[str, Callable[[], Any]] = {
        "cli": lambda: identity.AzureCliCredential(**named),
        "browser": lambda: identity.InteractiveBrowserCredential(authority=host, **named),
        "device-code": lambda: identity.DeviceCodeCredential(authority=host, prompt_callback=_asked(prompt), **named),
        "managed-identity": lambda: identity.ManagedIdentityCredential(),
        "environment": lambda: identity.EnvironmentCredential(authority=host),
    }
    if way not in makers:
        raise InputError(f"'{way[:40]}' is no way to sign in.", remedy=f"Known: {', '.join(makers)}.")
    return makers[way]()


def sign_in(way: str, cloud: Cloud, *, tenant: str = "", prompt: Prompt | None = None) -> Any:
    """A credential that works: its first token was given. Raises InputError with what to do where it was not."""
    made = credential(way, cloud, tenant=tenant, prompt=prompt)
    check(made, way, cloud)
    return made


def sign_in_here(cloud: Cloud, *, tenant: str = "", prompt: Prompt | None = None) -> tuple[str, Any]:
    """The first way that works at this place without a person, else the first that asks one; with its name.

    Raises InputError of the last one tried.
    """
    last: InputError | None = None
    for way in ways(place()):
        if way == "device-code" and prompt is None:
            continue
        try:
            return way, sign_in(way, cloud, tenant=tenant, prompt=prompt)
        except InputError as error:
            last = error
    raise last or InputError("There is no way to sign in here.", remedy="Load files instead.")


def check(made: Any, way: str, cloud: Cloud) -> None:
    """Ask for a token, and forget it. Raises InputError in plain words; the text of the error itself is not kept."""
    from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError

    try:
        made.get_token(cloud.scope)
    except ClientAuthenticationError as error:  # an unavailable credential is one of these
        raise explained(str(error), way, cloud) from None
    except (ServiceRequestError, OSError):
        remedy = "Check the network, the proxy (HTTPS_PROXY) and the cloud."
        raise InputError(f"{cloud.authority} could not be reached.", remedy=remedy) from None


def explained(text: str, way: str, cloud: Cloud) -> InputError:
    """An error of signing in as plain words: by its code where it has a known one, else by the way that was tried."""
    code = re.search(r"AADSTS\d{4,9}", text)
    found = [one for one in words()["error"] if code and code[0].startswith(one["code"])]
    if found:
        best = max(found, key=lambda one: len(one["code"]))
        return InputError(f"{best['says']} ({code[0] if code else ''})", remedy=best["remedy"])
    named = f" ({code[0]})" if code else ""
    title = words()["titles"].get(way, way)
    return InputError(f"{title}: no sign-in to {cloud.name}{named}.", remedy=words()["unavailable"].get(way, ""))


def _asked(prompt: Prompt | None) -> Prompt:
    if prompt is None:
        raise InputError("A code has to be shown to somebody.", remedy="Choose another way to sign in.")
    return prompt


def _tag(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
