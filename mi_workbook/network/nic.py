"""Network interfaces."""

from __future__ import annotations

from dataclasses import dataclass

from mi_workbook.core.ranges import Ranges
from mi_workbook.network.reading import Reading, associated, ipv4


@dataclass(frozen=True, slots=True)
class IpConfiguration:
    """One address of a NIC and where it lives."""

    address: Ranges
    text: str
    subnet_id: str
    primary: bool
    groups: tuple[str, ...]
    public_ip_id: str = ""


@dataclass(frozen=True, slots=True)
class Nic:
    """Microsoft.Network/networkInterfaces."""

    reading: Reading
    id: str
    name: str
    nsg_id: str
    vm_id: str
    forwards: bool | None
    dns_servers: tuple[str, ...]
    configurations: tuple[IpConfiguration, ...]

    @property
    def primary(self) -> IpConfiguration | None:
        """The primary ip configuration, else the first with an IPv4 address, else the first, None where there is none."""
        ranked = sorted(self.configurations, key=lambda one: (not one.primary, not one.address))
        return ranked[0] if ranked else None


def read_nic(reading: Reading) -> Nic:
    """A NIC. `forwards` is enableIPForwarding, None where the evidence does not say."""
    dns = reading.get("dnsSettings")
    return Nic(
        reading=reading,
        id=reading.id,
        name=reading.name,
        nsg_id=associated(reading, "networkSecurityGroup"),
        vm_id=reading.reference("virtualMachine"),
        forwards=reading.flag("enableIPForwarding"),
        dns_servers=Reading("", "", dns).texts("dnsServers") if isinstance(dns, dict) else (),
        configurations=tuple(_configuration(child) for child in reading.children("ipConfigurations")),
    )


def _configuration(reading: Reading) -> IpConfiguration:
    text = reading.text("privateIPAddress")
    return IpConfiguration(
        address=ipv4((text,)),
        text=text,
        subnet_id=reading.reference("subnet"),
        primary=reading.flag("primary") is True,
        groups=tuple(group.lower() for group in reading.references("applicationSecurityGroups")),
        public_ip_id=reading.reference("publicIPAddress"),
    )
