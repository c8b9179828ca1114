"""`serving` and `network.calls`: each rule has a request that breaks it, and a twin that does not."""

from __future__ import annotations

from typing import Any

import pytest
from small_requests import fleet, problems, request

from goldenpath.spec.host_overlap import covering

HOST = {"name": "chat", "hosts": ["chat.vision.example.org"]}


def served(*entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    return request(serving=list(entries), **more)


def reported(document: dict[str, Any], on: Any = None) -> list[tuple[str, str]]:
    return [(problem.path, problem.rule) for problem in problems(document, on)]


@pytest.mark.parametrize(
    "entry",
    [
        HOST,
        {"name": "chat", "hosts": ["*.chat.example.org"], "pods": {"app": "chat"}, "port": 9000},
        {"name": "chat", "callers": {"tenants": ["speech"], "namespaces": ["batch"]}},
        {"name": "chat", "egress": [{"host": "huggingface.co", "port": 443}]},
    ],
)
def test_a_valid_serving_entry_is_accepted(entry: dict[str, Any]) -> None:
    assert problems(served(entry)) == ()


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (served({"name": "chat"}), [("serving[0]", "required")]),
        (served({"name": "chat", "hosts": [], "callers": {}}), [("serving[0]", "required")]),
        (served(HOST, HOST), [("serving[1].name", "duplicate")]),
        (
            served({"name": "chat", "hosts": ["a.example", "a.example"]}),
            [("serving[0].hosts[1]", "duplicate")],
        ),
        (
            served({"name": "chat", "callers": {"tenants": ["speech", "speech"]}}),
            [("serving[0].callers.tenants[1]", "duplicate")],
        ),
        (
            served({"name": "chat", "callers": {"tenants": ["vision"]}}),
            [("serving[0].callers.tenants[0]", "does-not-apply")],
        ),
        (
            request(network={"calls": [{"tenant": "vision", "port": 8000}]}),
            [("network.calls[0].tenant", "does-not-apply")],
        ),
        (served({"name": "chat", "egress": [{"port": 443}]}), [("serving[0].egress[0]", "required")]),
        (
            served({"name": "chat", "egress": [{"cidr": "169.254.169.254/32", "port": 80}]}),
            [("serving[0].egress[0].cidr", "node-credentials")],
        ),
        (
            served({"name": "chat", "egress": [{"cidr": "10.0.0.0/8", "port": 443, "end_port": 80}]}),
            [("serving[0].egress[0].end_port", "port-range")],
        ),
        (served({"name": "chat", "hosts": ["*.org"]}), [("serving[0].hosts[0]", "host-wildcard")]),
        (served({"name": "chat", "hosts": ["https://a.example/x"]}), [("serving[0].hosts[0]", "host-name")]),
    ],
)
def test_a_problem_names_its_field(document: dict[str, Any], told: list[tuple[str, str]]) -> None:
    assert reported(document) == told


def test_a_host_is_below_a_domain_of_the_gateway() -> None:
    on = fleet(gateway={"namespace": "gateway-system", "domains": ["example.org", "models.example.net"]})
    assert reported(served(HOST), on) == []
    assert reported(served({"name": "chat", "hosts": ["*.models.example.net", "example.org"]}), on) == []
    (found,) = problems(served({"name": "chat", "hosts": ["chat.badexample.org"]}), on)
    assert (found.path, found.rule, found.nearest) == (
        "serving[0].hosts[0]",
        "host-outside-domains",
        "chat.example.org",
    )
    assert reported(served({"name": "chat", "hosts": ["chat.elsewhere.example"]}), fleet()) == []


def test_a_wildcard_covers_every_name_below_its_domain_and_not_the_domain() -> None:
    assert covering("a.b.example.org") == ("a.b.example.org", "*.b.example.org", "*.example.org", "*.org")
    assert covering("*.b.example.org") == ("*.b.example.org", "*.example.org", "*.org")
    assert "*.example.org" not in covering("example.org")
