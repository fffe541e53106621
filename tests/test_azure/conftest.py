"""A Resource Manager on loopback for the tests of live collection."""

import copy
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from mi_workbook.cases import Case
from mi_workbook.diagnosis.collecting import Settings
from mi_workbook.evidence.azure.clouds import custom
from tests.test_azure.arm_server import ArmServer, Estate, make_certificate


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def serve(certificate: Path) -> Iterator[Callable[..., Settings]]:
    """Starts a server for an estate, and gives the settings that lead to it."""
    with ExitStack() as stack:

        def start(estate: Estate, **more: Any) -> Settings:
            server = stack.enter_context(ArmServer(estate, certificate))
            options = {"seconds": 30.0, "slow": 2.0, "verify": str(certificate)} | more
            return Settings(cloud=custom(server.url, server.url), **options)

        yield start


def estate_of(one: Case, **more: Any) -> Estate:
    """A built-in case as an estate of Azure."""
    snapshot = one.snapshot()
    return Estate(copy.deepcopy(list(snapshot.resources)), list(snapshot.observations), **more)
