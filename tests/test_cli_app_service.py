"""App Service from the command line: views, address blocks, the choice, and what an operation would break."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mi_workbook.cases import case
from mi_workbook.cli import main
from mi_workbook.evidence.snapshot import from_document
from mi_workbook.network.network import Network
from mi_workbook.views.app_tables import app_table

SUBNET = (
    "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-app/providers/Microsoft.Network/"
    "virtualNetworks/vnet-app/subnets/snet-web"
)


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Exit code and everything printed."""
    code = main(list(words))
    out = capsys.readouterr()
    return code, out.out + out.err


def test_view_of_an_app_lists_what_the_document_lists(capsys: pytest.CaptureFixture[str]) -> None:
    """Source: the older document, section 'Managing the VNET Integrations'."""
    code, text = said(capsys, "app", "case:app-gateway-five-vnets", "app-orders")
    assert code == 0
    for item in ("Link", "Location of the VNet", "Certificate status", "Gateway status", "VNet address space",
                 "Point-to-site address space", "Site-to-site address space", "Name servers", "Addresses routed"):  # fmt: skip
        assert item in text
    assert "5 of 5" in text and "Apps of the plan: app-orders" in text
    assert "(not in the evidence) (the app is in" not in text  # an unread place is not called far


@pytest.mark.parametrize(
    ("cloud", "location", "link"),
    [
        ("AzureCloud", "westeurope", "https://portal.azure.com/#resource/subscriptions/"),
        ("AzureCloud", "US Gov Virginia", "https://portal.azure.us/#resource/subscriptions/"),
        ("AzureCloud", "chinanorth3", "https://portal.azure.cn/#resource/subscriptions/"),
        ("AzureUSGovernment", "", "https://portal.azure.us/#resource/subscriptions/"),
        ("AzureChinaCloud", "chinaeast2", "https://portal.azure.cn/#resource/subscriptions/"),
        ("Custom", "local", "(the portal of this cloud is not known)"),
        ("<img src=x>", "westeurope", "(the portal of this cloud is not known)"),
    ],
)
def test_link_leads_to_the_portal_of_the_evidence_own_cloud(cloud: str, location: str, link: str) -> None:
    """By the snapshot's cloud; files of `az` do not name it, and the region does."""
    one = case("app-service-healthy")
    document = {**one.snapshot().to_dict(), "cloud": cloud}
    for resource in document["resources"]:
        resource["location"] = location
    network = Network(from_document(document))
    app = next(r["id"] for r in document["resources"] if r["type"] == "Microsoft.Web/sites")
    rows = {row[0].text: row[1].text for row in app_table(network, app).rows}
    assert rows["Link"].startswith(link)


def test_view_as_json_marks_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    """Marks stand beside the values, not in them."""
    code, text = said(capsys, "app", "case:app-service-not-integrated", "app-orders", "--json")
    rows = json.loads(text)[0]["rows"]
    assert code == 0 and rows[0]["values"]["Item"] == "Way out" and rows[0]["marks"]["Value"]["mark"] == "bad"


def test_view_of_a_plan_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    """Who runs the plan asks for the plan."""
    code, text = said(capsys, "app", "case:app-gateway-five-vnets", "PLAN-orders")
    assert code == 0 and "5 of 5" in text and "Way out" not in text


def test_operation_on_partial_files_claims_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """With a part of the evidence the effect is unknown, and the sentence says so."""
    document = case("app-service-plan-sound").snapshot().to_dict()
    document["source"] = {"complete": []}
    (tmp_path / "part.json").write_text(json.dumps(document), encoding="utf-8")
    code, text = said(capsys, "what-if", str(tmp_path / "part.json"), "scale", "--plan", "plan-orders", "--tier", "Free", "--to", "mi-orders")  # fmt: skip
    assert code == 0 and "for these it is unknown: app-orders" in text and "no app loses" not in text


def test_view_of_an_app_alone_says_how_to_go_on(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """`az webapp list` does not show the kind with a gateway: the view gives the command that does."""
    site = case("app-gateway-sound").snapshot().of_type("Microsoft.Web/sites")[0]
    (tmp_path / "apps.json").write_text(json.dumps([site]), encoding="utf-8")
    code, text = said(capsys, "app", str(tmp_path / "apps.json"), "app-orders")
    assert code == 0 and "unknown" in text and "virtualNetworkConnections?api-version" in text


def test_what_is_no_app_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A VM has no integration."""
    code, text = said(capsys, "app", "case:peering-healthy", "vm-app")
    assert code == 2 and "not a web app" in text


def test_blocks_are_proposed_and_own_ones_checked(capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code says whether something is wrong with a wanted block."""
    code, text = said(capsys, "addresses", "case:app-gateway-sound", "--for", "gateway", "--also", "10.1.0.0/16=branch")
    assert code == 0 and "GatewaySubnet" in text and "10.1." not in text
    bad = said(capsys, "addresses", "case:app-gateway-sound", "--for", "gateway", "--check", "client-pool=10.0.0.0/24")
    assert bad[0] == 1 and "overlaps VNet vnet-data" in bad[1]
    good = said(capsys, "addresses", "case:app-gateway-sound", "--for", "gateway", "--check", "client-pool=10.9.0.0/24")
    assert good[0] == 0


@pytest.mark.parametrize("words", [("--for", "tunnel"), ("--for", "gateway", "--also", "10.0.0.0/99"),
                                   ("--for", "gateway", "--check", "client-pool"), ("--for", "regional", "--vnet", "nope")])  # fmt: skip
def test_bad_words_are_refused_in_a_sentence(capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    """Exit code 2, no traceback."""
    code, text = said(capsys, "addresses", "case:app-gateway-sound", *words)
    assert code == 2 and text.startswith("mi-workbook: ")


def test_choice_excludes_with_a_reason_and_asks_what_is_open(capsys: pytest.CaptureFixture[str]) -> None:
    """A Linux app cannot take the kind that needs a gateway."""
    code, text = said(capsys, "choose", "system=linux")
    assert code == 0 and "It exists for Windows code apps only." in text and "region=same" in text
    assert said(capsys, "choose", "system=amiga")[0] == 2


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        (("case:app-service-plan-sound", "scale", "--plan", "plan-orders", "--tier", "Shared"), 1, "lose their path: app-orders"),
        (("case:app-gateway-out-of-sync", "sync", "--app", "app-orders"), 0, "these apps get one: app-orders"),
        (("case:app-gateway-sound", "disconnect", "--app", "app-orders"), 1, "vnet-integration remove"),
        (("case:app-gateway-route-missing", "add-route", "--app", "app-orders", "--range", "10.0.0.0/16"), 0, "these apps get one"),
        (("case:app-service-not-integrated", "connect", "--app", "app-orders", "--subnet", SUBNET), 0, "these apps get one"),
        (("case:app-gateway-sound", "add-route", "--app", "app-orders"), 2, "needs --range"),
    ],
)  # fmt: skip
def test_operation_shows_who_loses_a_path(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, part: str
) -> None:
    """Exit code 1 where an app loses its path, so that a script can stop."""
    found, text = said(capsys, "what-if", *words, "--to", "mi-orders")
    assert (found, part in text) == (code, True), text


def test_reader_of_a_pipe_may_stop_early() -> None:
    """`| head` ends without a traceback."""
    run = f"{sys.executable} -m mi_workbook faults | head -1"
    done = subprocess.run(["bash", "-c", run], capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in done.stderr and "BrokenPipe" not in done.stderr
