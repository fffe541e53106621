"""ARM resources in the shapes in which people have them; every value is that of the resource it is made from.

Where the shapes come from: Az.Network's models (Azure/azure-powershell, src/Network/Network/Models: PSVirtualNetwork has
`SubnetsText` beside `Subnets`, PSVirtualNetworkPeering says PeeredRemoteAddressSpace), a Get-AzVirtualNetwork written with
ConvertTo-Json in a public repository on free subnets; Az.Sql AzureSqlManagedInstanceModel (no `Type`); Search-AzGraph and
Get-AzResource of Az.Resources; "Export template" of the portal (names as parameters, ids as resourceId).
"""

from __future__ import annotations

import json
import re
from typing import Any

from mi_workbook.evidence.snapshot import type_of

Json = Any
RULE = ("sourceAddressPrefix", "destinationAddressPrefix", "sourcePortRange", "destinationPortRange")
PLURAL = {one: one + ("es" if one.endswith("Prefix") else "s") for one in RULE}
RENAMED = {"remoteAddressSpace": "PeeredRemoteAddressSpace", "enableIPForwarding": "EnableIPForwarding", "tags": "Tag"}
TEMPLATE = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
PARAMETERS = "https://schema.management.azure.com/schemas/2015-01-01/deploymentParameters.json#"


def flat(value: Json) -> Json:
    """As az prints it: `properties` dissolved, at every level."""
    if isinstance(value, list):
        return [flat(one) for one in value]
    if not isinstance(value, dict):
        return value
    inner = value.get("properties")
    outer = {name: flat(one) for name, one in value.items() if not (name == "properties" and isinstance(inner, dict))}
    return {**{name: flat(one) for name, one in (inner.items() if isinstance(inner, dict) else ())}, **outer}


def powershell(value: Json) -> Json:
    """As ConvertTo-Json writes the objects of Az.Network: capital letters, lists where ARM has a singular and a plural."""
    return _pascal(flat(value))


def _pascal(value: Json) -> Json:
    if isinstance(value, list):
        return [_pascal(one) for one in value]
    if not isinstance(value, dict):
        return value
    rule = {"direction", "access"} <= value.keys()
    found = {RENAMED.get(name, name[:1].upper() + name[1:]): _pascal(one) for name, one in value.items()}
    for one in RULE if rule else ():
        given = [value[one]] if value.get(one) else []
        found.pop(PLURAL[one][:1].upper() + PLURAL[one][1:], None)
        found[one[:1].upper() + one[1:]] = [*given, *(value.get(PLURAL[one]) or [])]
    if "addressPrefix" in value and not rule and "nextHopType" not in value:
        found["AddressPrefix"] = (
            [value["addressPrefix"]] if isinstance(value["addressPrefix"], str) else value["addressPrefix"]
        )
    return found


def with_text(value: Json) -> Json:
    """With the `...Text` members that Az.Network's objects have beside each object and list."""
    if isinstance(value, list):
        return [with_text(one) for one in value]
    if not isinstance(value, dict):
        return value
    texts = {f"{name}Text": json.dumps(one, indent=2) for name, one in value.items() if isinstance(one, dict | list)}
    return {**{name: with_text(one) for name, one in value.items()}, **texts}


def to_depth(value: Json, depth: int = 2) -> Json:
    """What ConvertTo-Json leaves at its depth limit: the type of an object, the elements of a list in one text."""
    if isinstance(value, dict):
        return (
            {name: to_depth(one, depth - 1) for name, one in value.items()}
            if depth >= 0
            else "Microsoft.Azure.Commands.Network.Models.PSThing"
        )
    if isinstance(value, list):
        return (
            [to_depth(one, depth - 1) for one in value]
            if depth >= 0
            else " ".join(str(to_depth(one, -1)) for one in value)
        )
    return value


def get_resource(resource: Json) -> Json:
    """Get-AzResource -ExpandProperties."""
    kind = type_of(resource)
    return {"ResourceId": resource["id"], "Id": resource["id"], "Name": resource["name"], "ResourceName": resource["name"],
            "ResourceType": kind, "Location": resource.get("location"), "Properties": resource.get("properties"),
            "Sku": resource.get("sku"), "Kind": resource.get("kind"), "ResourceGroupName": "rg"}  # fmt: skip


def exported(resources: list[Json], *, named: bool) -> Json:
    """The template that the portal exports; named: with a parameter for each name, as it does unless told otherwise."""
    parameters: dict[str, Json] = {}
    rows = []
    for one in resources:
        call = _call(one["id"], parameters, named)
        names = _names(one["id"])
        first = re.search(r"parameters\('[^']+'\)", call)
        head = first[0] if first else ""
        name = (
            f"[concat({head}, '/{'/'.join(names[1:])}')]"
            if head and names[1:]
            else f"[{head}]"
            if head
            else "/".join(names)
        )
        kept = {
            key: _referring(inner, parameters, named) for key, inner in one.items() if key not in {"id", "etag", "name"}
        }
        rows.append({**kept, "type": type_of(one), "apiVersion": "2024-05-01", "name": name, "dependsOn": [call]})
    return {
        "$schema": TEMPLATE,
        "contentVersion": "1.0.0.0",
        "parameters": parameters,
        "variables": {},
        "resources": rows,
    }


def _names(resource_id: str) -> list[str]:
    return resource_id.rpartition("/providers/")[2].split("/")[2::2]


def _call(resource_id: str, parameters: dict[str, Json], named: bool) -> str:
    parts = resource_id.rpartition("/providers/")[2].split("/")
    kind, words = "/".join([parts[0], *parts[1::2]]), [f"'{one}'" for one in parts[2::2]]
    if named:
        key = re.sub(r"\W", "_", f"{parts[1]}_{parts[2]}_name")
        parameters[key] = {"defaultValue": parts[2], "type": "String"}
        words[0] = f"parameters('{key}')"
    return f"[resourceId('{kind}', {', '.join(words)})]"


def _referring(value: Json, parameters: dict[str, Json], named: bool) -> Json:
    if isinstance(value, dict):
        return {name: _referring(one, parameters, named) for name, one in value.items()}
    if isinstance(value, list):
        return [_referring(one, parameters, named) for one in value]
    is_id = isinstance(value, str) and value.startswith("/subscriptions/") and "/providers/" in value
    return _call(value, parameters, named) if is_id else value


def parameters_apart(template: Json) -> Json:
    """The file of parameters; the template loses its defaults."""
    values = {name: {"value": one.pop("defaultValue")} for name, one in template["parameters"].items()}
    return {"$schema": PARAMETERS, "contentVersion": "1.0.0.0", "parameters": values}
