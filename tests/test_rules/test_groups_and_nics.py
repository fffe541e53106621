"""Application security groups, and NICs with several addresses."""

from __future__ import annotations

import copy
from typing import Any

from arm import Json, at, instance, nic, nsg, rule, subnet, vnet, vnet_id

from mi_workbook.core.verdict import Verdict
from test_rules.topology import asked, named, two, unshared, verdict

CLIENT = "10.1.0.4"


GUARDED: dict[str, Any] = {"b": subnet("10.2.0.0/27", "n")}


def guarded(*rules: Json, **more: Any) -> list[Json]:
    """The two networks with a security group on the instance's subnet."""
    return two(**{**GUARDED, **more, "extra": (nsg("n", *rules), *more.get("extra", ()))})


WEB = {"id": at("applicationSecurityGroups", "web")}


def for_group(name: str, priority: int, access: str) -> Json:
    """A rule for members of the group."""
    found = rule(name, priority, access, sourceApplicationSecurityGroups=[WEB])
    del found["properties"]["sourceAddressPrefix"]
    return found


def in_group(resources: list[Json], name: str = "vm-a") -> list[Json]:
    """The same evidence with a NIC in the group."""
    named(resources, name)["ipConfigurations"][0]["properties"]["applicationSecurityGroups"] = [copy.deepcopy(WEB)]
    return resources


def beside(*rules: Json, extra: tuple[Json, ...] = ()) -> list[Json]:
    """A client and the instance in one network, as groups need it."""
    return unshared([
        vnet("v", ["10.1.0.0/16"], {"vm": subnet("10.1.0.0/24"), "mi": subnet("10.1.9.0/27", "n")}),
        nic("vm-a", CLIENT, "v/vm"), instance("v/mi"), nsg("n", *rules), *extra,
    ])  # fmt: skip


def test_rule_for_a_group_matches_its_members_and_nobody_else() -> None:
    """An allow before a deny for the rest, and the other way about."""
    assert verdict(in_group(beside(for_group("yes", 100, "Allow"), rule("no", 200, "Deny")))) is Verdict.REACHABLE
    assert verdict(beside(for_group("yes", 100, "Allow"), rule("no", 200, "Deny"))) is Verdict.BLOCKED
    assert verdict(in_group(beside(for_group("no", 100, "Deny")))) is Verdict.BLOCKED
    assert verdict(beside(for_group("no", 100, "Deny"))) is Verdict.REACHABLE


def test_members_of_a_group_are_unknown_where_nics_were_not_collected() -> None:
    """The source may be one."""
    resources = [one for one in beside(for_group("no", 100, "Deny")) if one["name"] != "vm-a"]
    assert asked(resources, "v/vm", complete=frozenset()).verdict is Verdict.UNKNOWN


def test_member_of_a_group_in_another_network_with_the_same_address_is_somebody_else() -> None:
    """Members are NICs, not addresses, and all of one network."""
    stranger = [vnet("x", ["10.1.0.0/16"], {"vm": subnet("10.1.0.0/24")}), nic("other", CLIENT, "x/vm")]
    rules = (for_group("yes", 100, "Allow"), rule("no", 200, "Deny"))
    resources = in_group(beside(*rules, extra=tuple(stranger)), "other")
    assert verdict(resources) is not Verdict.REACHABLE


def scale_set_member(address: str) -> Json:
    """A NIC of a scale set's machine, which is no resource of its own in the list of NICs."""
    found = in_group([nic("n", address, "v/vm")], "n")[0]
    base = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/set"
    found["id"] = f"{base}/virtualMachines/0/networkInterfaces/n"
    found["type"] = "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/networkInterfaces"
    return found


def test_machine_of_a_scale_set_is_a_member_of_its_group() -> None:
    """A deny for the group holds for it."""
    resources = beside(for_group("no", 100, "Deny"), extra=(scale_set_member("10.1.0.77"),))
    assert verdict(resources, "ip:10.1.0.77") is not Verdict.REACHABLE


def test_machine_of_a_scale_set_is_let_in_by_its_group() -> None:
    """An allow for the group as well."""
    rules = (for_group("yes", 100, "Allow"), rule("no", 200, "Deny"))
    resources = beside(*rules, extra=(scale_set_member("10.1.0.77"),))
    assert verdict(resources, "ip:10.1.0.77") is not Verdict.BLOCKED


# One NIC, several addresses.


def two_addresses(*rules: Json) -> list[Json]:
    """The client's NIC with a second address, 10.1.0.5."""
    resources = guarded(*rules)
    second = {"privateIPAddress": "10.1.0.5", "primary": False, "subnet": {"id": f"{vnet_id('A')}/subnets/vm"}}
    named(resources, "vm-a")["ipConfigurations"].append({"name": "second", "properties": second})
    return resources


def test_second_address_of_a_nic_is_judged_as_itself_where_it_is_denied() -> None:
    """The question names the address."""
    assert (
        verdict(two_addresses(rule("no", 100, "Deny", sourceAddressPrefix="10.1.0.5")), "ip:10.1.0.5")
        is Verdict.BLOCKED
    )


def test_second_address_of_a_nic_is_not_denied_by_a_rule_for_the_first() -> None:
    """As above, the other way about."""
    assert (
        verdict(two_addresses(rule("no", 100, "Deny", sourceAddressPrefix=CLIENT)), "ip:10.1.0.5") is Verdict.REACHABLE
    )


def test_nic_whose_first_configuration_is_ipv6_is_judged_by_its_ipv4_address() -> None:
    """A packet with no source address is no packet."""
    resources = guarded(rule("no", 100, "Deny", sourceAddressPrefix=CLIENT))
    own = named(resources, "vm-a")["ipConfigurations"]
    own[0]["properties"]["primary"] = None
    own.insert(
        0, {"name": "v6", "properties": {"privateIPAddress": "fd00::4", "subnet": own[0]["properties"]["subnet"]}}
    )
    assert verdict(resources) is not Verdict.REACHABLE
