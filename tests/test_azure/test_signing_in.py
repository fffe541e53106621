"""Signing in: the way that fits the place, and errors that say what to do and nothing else."""

from pathlib import Path

import pytest

from mi_workbook.core.errors import InputError
from mi_workbook.evidence.azure.clouds import CLOUDS, cloud, custom
from mi_workbook.evidence.azure.kinds import known, version_of
from mi_workbook.evidence.azure.permissions import allows, how_to_get, lost_without, permissions, role
from mi_workbook.evidence.azure.sign_in import (
    AZURE_MACHINE,
    check,
    credential,
    explained,
    place,
    sign_in_here,
    ways,
    words,
)

PUBLIC = CLOUDS["AzureCloud"]


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "laptop"),
        ({"BINDER_SERVICE_HOST": "x"}, "hub"),
        ({"JUPYTERHUB_USER": "x", "ACC_CLOUD": "PROD"}, "hub"),
        ({"ACC_CLOUD": "PROD"}, "cloud-shell"),
        ({"AZUREPS_HOST_ENVIRONMENT": "cloud-shell/1.0"}, "cloud-shell"),
        ({"IDENTITY_ENDPOINT": "http://x"}, "azure-vm"),
    ],
)
def test_place(environ: dict[str, str], expected: str, tmp_path: Path) -> None:
    """Where the program runs decides the first way to sign in."""
    assert place(environ, tmp_path / "none") == expected
    assert ways(expected) and set(ways(expected)) <= set(words()["titles"])


def test_azure_machine_is_known_by_its_tag(tmp_path: Path) -> None:
    """A virtual machine of Azure carries a fixed tag."""
    (tmp_path / "tag").write_text(AZURE_MACHINE + "\n")
    assert place({}, tmp_path / "tag") == "azure-vm"


def test_hub_offers_the_code_first_and_never_a_browser() -> None:
    """On Binder a browser would open on the server."""
    assert ways("hub")[0] == "device-code" and "browser" not in ways("hub")


@pytest.mark.parametrize("way", words()["titles"])
def test_every_way_makes_a_credential_without_asking_azure(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Construction needs no network, and no cache on disk is asked for."""
    for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"):
        monkeypatch.setenv(name, "00000000-0000-0000-0000-000000000000")
    made = credential(way, CLOUDS["AzureUSGovernment"], tenant="contoso.com", prompt=lambda *a: None)
    assert hasattr(made, "get_token")


@pytest.mark.parametrize("code", ["AADSTS50076", "AADSTS53003", "AADSTS53000", "AADSTS700082", "AADSTS7000215"])
def test_known_errors_are_plain_words(code: str) -> None:
    """The code is named, the remedy is there, and nothing of the text stays."""
    error = explained(f"{code}: PLANTED trace id client_secret=PLANTED", "device-code", PUBLIC)
    assert code in str(error) and error.remedy and "PLANTED" not in str(error)


def test_unknown_error_names_the_way_and_a_remedy() -> None:
    """A text without a code gives the remedy of the way."""
    error = explained("Azure CLI not found on path PLANTED", "cli", PUBLIC)
    assert "az login" in str(error) and "PLANTED" not in str(error)


def test_refused_token_is_bad_input_without_its_text() -> None:
    """What azure-identity raises never reaches the user as it is."""
    from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError

    class Refusing:
        def __init__(self, error: Exception) -> None:
            self.error = error

        def get_token(self, *scopes: str) -> None:
            raise self.error

    for error, says in (
        (ClientAuthenticationError("PLANTED AADSTS50020"), "AADSTS50020"),
        (ServiceRequestError("PLANTED"), "reached"),
    ):
        with pytest.raises(InputError) as caught:
            check(Refusing(error), "cli", PUBLIC)
        assert says in str(caught.value) and "PLANTED" not in str(caught.value) and caught.value.__cause__ is None


def test_without_any_way_there_is_a_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No CLI, no identity: the error says what else there is."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("ACC_CLOUD", "PROD")
    monkeypatch.delenv("BINDER_SERVICE_HOST", raising=False)
    with pytest.raises(InputError) as caught:
        sign_in_here(PUBLIC)
    assert caught.value.remedy


def test_clouds_are_known_by_name_and_short_form() -> None:
    """The government's token audience is not its endpoint."""
    assert cloud("usgovernment").scope == "https://management.core.usgovcloudapi.net/.default"
    assert cloud("azurechinacloud").suffix == "database.chinacloudapi.cn"
    for name, one in CLOUDS.items():
        assert name == one.name and all(
            text.startswith("https://") for text in (one.authority, one.endpoint, one.scope)
        )


@pytest.mark.parametrize("text", ["http://x", "x", "https://", "https://u:p@x", "https://x?token=1", "file:///etc"])
def test_custom_cloud_needs_https(text: str) -> None:
    """A token never crosses the network in the clear."""
    with pytest.raises(InputError):
        custom("https://login.local", text)


UNLISTED = "microsoft.network/virtualhubs/bgpconnections/learnedroutes/action"


def test_every_read_of_the_collector_is_in_the_role() -> None:
    """What the collector can ask is what the role allows: lists of Resource Graph, children, parts and actions.

    But for an action that Azure's list of operations does not name: a role that held it might be refused whole.
    """
    held = {one.action.lower() for one in permissions()}
    assert {action.lower() for action in role([])["Actions"]} == held - {UNLISTED}
    assert "Network Contributor" in how_to_get(UNLISTED)
    for question in known()["graph"].values():
        assert {f"{kind}/read".lower() for kind in question["kinds"]} <= held
    for kind, spec in known()["reads"].items():
        assert {f"{kind}/{one}/read".lower() for one in spec.get("lists", ())} <= held
        assert {f"{kind}/{one['name']}/action".lower() for one in spec.get("actions", ())} <= held
        assert version_of(kind) >= "2022"
    assert all(one.lost and lost_without(one.action.upper()) == one.lost for one in permissions())


@pytest.mark.parametrize(
    ("granted", "allowed"),
    [
        ([{"actions": ["*/read"]}], True),
        ([{"actions": ["*"], "notActions": ["Microsoft.Network/*"]}], False),
        ([{"actions": ["microsoft.network/virtualNetworks/*"]}], True),
        ([{"actions": ["Microsoft.Sql/*"]}], False),
        ([{"actions": ["*"], "notActions": ["*/read"]}, {"actions": ["*/read"]}], True),
        ([{"actions": "*"}], False),
        ([], False),
    ],
)
def test_effective_permissions(granted: list, allowed: bool) -> None:
    """An action counts where one element grants it and does not take it back itself."""
    assert allows(granted, "Microsoft.Network/virtualNetworks/read") is allowed


def test_importing_the_package_loads_no_azure_library() -> None:
    """The same package runs in a browser, where there is none."""
    import subprocess
    import sys

    code = ("import sys, pkgutil, importlib, mi_workbook.evidence.azure as a\n"
            "import mi_workbook.diagnosis.collecting, mi_workbook.diagnosis.verify, mi_workbook.evidence.redaction\n"
            "[importlib.import_module(f'{a.__name__}.{m.name}') for m in pkgutil.iter_modules(a.__path__)]\n"
            "assert not [m for m in sys.modules if m == 'azure' or m.startswith('azure.')]")  # fmt: skip
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0
