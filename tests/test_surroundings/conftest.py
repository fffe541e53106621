"""The loopback Resource Manager of the collection tests."""

from tests.test_azure.conftest import certificate, serve

__all__ = ["certificate", "serve"]
