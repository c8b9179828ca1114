"""DNS on an address of the node, in the form of Cilium's CRD."""

from __future__ import annotations

from typing import Any

import pytest
from small_requests import cluster, fleet, request

from goldenpath.pipeline import Pipeline, parse
from goldenpath.spec.parse import parse_fleet

NODE_LOCAL = {"addresses": ["169.254.20.10/32"]}
HOSTS = {"egress": [{"host": "huggingface.co", "port": 443}]}


def rendered(
    dns: dict[str, Any] | None, *, cilium: bool = True, **asked: Any
) -> tuple[dict[str, Any], list[str]]:
    """The network policies of a tenant, by kind and name, and the findings about them."""
    addons = {"flux": "2.9"} | ({"cilium": "1.20"} if cilium else {})
    facts = {} if dns is None else {"dns": dns}
    pipeline = Pipeline(parse_fleet(fleet(clusters={"berlin": cluster(addons=addons, **facts)})))
    run = pipeline.run(parse(request(**asked), fleet=pipeline.fleet))
    (part,) = run.parts
    found = {
        f"{item.kind} {item.name}": item.body["spec"] for item in part.objects if "NetworkPolicy" in item.kind
    }
    # Every rendered object is checked against the schema of Cilium's own CRD.
    return found, [
        f"{each.object}: {each.message}" for each in run.findings if "NetworkPolicy" in each.object
    ]


def test_dns_on_the_node_is_let_through_as_the_node() -> None:
    found, findings = rendered(NODE_LOCAL)
    assert findings == []
    rule = found["CiliumNetworkPolicy vision-node-dns"]
    assert rule["endpointSelector"] == {}
    assert rule["egress"] == [
        {"toEntities": ["host"], "toPorts": [{"ports": [{"port": "53", "protocol": "ANY"}]}]}
    ]
    blocks = [
        peer
        for entry in found["NetworkPolicy vision-dns"]["egress"]
        for peer in entry["to"]
        if "ipBlock" in peer
    ]
    assert blocks == [{"ipBlock": {"cidr": "169.254.20.10/32"}}], "for clusters that match it as a network"


def test_host_names_are_learned_from_the_answers_of_the_node() -> None:
    found, findings = rendered(NODE_LOCAL, network=HOSTS)
    assert findings == []
    spec = found["CiliumNetworkPolicy vision-egress-hosts"]
    asked = {
        str(rule.get("toEntities") or rule.get("toCIDR") or rule["toEndpoints"]): rule["toPorts"][0]["rules"][
            "dns"
        ]
        for rule in spec["egress"]
        if "toFQDNs" not in rule
    }
    assert len(asked) == 3
    assert all({"matchName": "huggingface.co"} in names for names in asked.values())
    (denied,) = spec["egressDeny"]
    link_local = next(entry for entry in denied["toCIDRSet"] if entry["cidr"] == "169.254.0.0/16")
    assert link_local["except"] == ["169.254.20.10/32"], "a denial goes before what is allowed"


@pytest.mark.parametrize(
    ("dns", "cilium"),
    [
        (None, True),
        (NODE_LOCAL, False),
        ({"addresses": ["10.96.0.10/32"]}, True),
        ({"addresses": ["fd00::10/128"]}, True),
    ],
)
def test_egress_to_the_node_is_open_only_for_dns_on_the_node(
    dns: dict[str, Any] | None, cilium: bool
) -> None:
    found, findings = rendered(dns, cilium=cilium, network=HOSTS if cilium else None)
    assert findings == []
    assert "CiliumNetworkPolicy vision-node-dns" not in found
    assert not any(
        "toEntities" in rule
        for spec in found.values()
        for rule in spec.get("egress", ())
        if isinstance(rule, dict)
    )


def test_every_other_port_of_the_node_stays_an_opening() -> None:
    override = {
        "kind": "CiliumNetworkPolicy",
        "name": "vision-node-dns",
        "patch": {"spec": {"egress": [{"toEntities": ["host"], "toPorts": [{"ports": [{"port": "10250", "protocol": "TCP"}]}]}]}},
        "reason": "a", "approved_by": "a", "expires": "2027-06-30",
    }  # fmt: skip
    _, findings = rendered(NODE_LOCAL, overrides=[override])
    assert any("allows the entities host" in each for each in findings)
