"""The managed instance, its endpoints, and private endpoints."""

from __future__ import annotations

from dataclasses import dataclass

from mi_workbook.core.ranges import Ranges
from mi_workbook.network.reading import Reading, ipv4
from mi_workbook.network.resource_id import key, shell_word

NORMAL_PORT = 1433
PUBLIC_PORT = 3342
REDIRECT_PORTS = (11000, 11999)


@dataclass(frozen=True, slots=True)
class ManagedInstance:
    """Microsoft.Sql/managedInstances. fqdn is the name of the VNet-local endpoint."""

    reading: Reading
    id: str
    name: str
    fqdn: str
    zone: str
    subnet_id: str
    location: str
    state: str
    provisioning_state: str
    connection_type: str
    public_endpoint: bool | None
    private_endpoint_ids: tuple[str, ...] | None
    endpoint_states: dict[str, str]
    created: str
    maintenance: str

    @property
    def asked(self) -> str:
        """Its name as one word of a command, also where the name was not read (an exported template leaves it out)."""
        return shell_word(self.fqdn) if self.fqdn else "<server name of the application>"

    @property
    def public_fqdn(self) -> str:
        """`.public.` after the first label. Source: "Configure public endpoint", section "Obtain the endpoint"."""
        label, _, rest = self.fqdn.partition(".")
        return f"{label}.public.{rest}" if rest else ""


@dataclass(frozen=True, slots=True)
class PrivateEndpoint:
    """Microsoft.Network/privateEndpoints as far as it leads to a managed instance."""

    reading: Reading
    id: str
    name: str
    subnet_id: str
    target_ids: tuple[str, ...]
    status: str
    nic_ids: tuple[str, ...]
    addresses: Ranges


def read_instance(reading: Reading) -> ManagedInstance:
    """A managed instance; members that are absent while it is being created read as ""."""
    connections = reading.get("privateEndpointConnections")
    system = reading.raw.get("systemData")
    created = reading.text("createTime") or (
        Reading("", "", system).text("createdAt") if isinstance(system, dict) else ""
    )
    return ManagedInstance(
        reading=reading,
        id=reading.id,
        name=reading.name,
        fqdn=reading.text("fullyQualifiedDomainName").lower(),
        zone=reading.text("dnsZone").lower(),
        subnet_id=reading.text("subnetId"),
        location=str(reading.raw.get("location") or "").replace(" ", "").lower(),
        state=reading.text("state"),
        provisioning_state=reading.text("provisioningState"),
        connection_type=reading.text("proxyOverride"),
        public_endpoint=reading.flag("publicDataEndpointEnabled"),
        private_endpoint_ids=tuple(
            c.reference("privateEndpoint") for c in reading.children("privateEndpointConnections")
        )
        if isinstance(connections, list)
        else None,
        endpoint_states={
            key(c.reference("privateEndpoint")): _state(c) for c in reading.children("privateEndpointConnections")
        },
        created=created[:10],
        maintenance=reading.text("maintenanceConfigurationId"),
    )


def _state(connection: Reading) -> str:
    state = connection.get("privateLinkServiceConnectionState")
    return str(state.get("status") or "") if isinstance(state, dict) else ""


def read_private_endpoint(reading: Reading) -> PrivateEndpoint:
    """A private endpoint with the state of its connection, automatic or manual."""
    links = [
        *reading.children("privateLinkServiceConnections"),
        *reading.children("manualPrivateLinkServiceConnections"),
    ]
    states = [link.get("privateLinkServiceConnectionState") for link in links]
    status = next((str(s.get("status") or "") for s in states if isinstance(s, dict)), "")
    texts = [ip for config in reading.children("customDnsConfigs") for ip in config.texts("ipAddresses")]
    texts += [ip for config in reading.children("ipConfigurations") for ip in config.texts("privateIPAddress")]
    return PrivateEndpoint(
        reading=reading,
        id=reading.id,
        name=reading.name,
        subnet_id=reading.reference("subnet"),
        target_ids=tuple(link.text("privateLinkServiceId") for link in links),
        status=status,
        nic_ids=reading.references("networkInterfaces"),
        addresses=ipv4(tuple(texts)),
    )
