"""Sources with a cloud's identity, keyless signatures, and required Secrets."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_requests import places, problems, reported, request

GIT = {"git": "https://dev.azure.com/example/vision/_git/deploy"}
OCI = {"oci": "oci://registry.example.org/vision/deploy"}
ROLE = "arn:aws:iam::123456789012:role/vision/deploy"
AZURE = {
    "tenant_id": "4f2c8a50-1b9e-4c57-9d0e-6a7d3b1c2e4f",
    "client_id": "0a1b2c3d-1b9e-4c57-9d0e-6a7d3b1c2e4f",
}
SIGNER = {
    "issuer": r"^https://issuer\.example\.org$",
    "subject": r"^https://git\.example\.org/a@refs/tags/v.*$",
}


def source(**fields: Any) -> dict[str, Any]:
    return request(source=OCI | fields)


@pytest.mark.parametrize(
    "accepted",
    [
        OCI | {"provider": "aws", "cloud_identity": {"role": ROLE}},
        OCI | {"provider": "aws", "cloud_identity": {"role": "arn:aws-us-gov:iam::123456789012:role/a"}},
        OCI | {"provider": "azure", "cloud_identity": AZURE},
        OCI | {"provider": "gcp"},
        OCI | {"provider": "gcp", "cloud_identity": {"service_account": "a@b.iam.gserviceaccount.com"}},
        OCI | {"provider": "generic", "secret": "registry"},
        GIT | {"provider": "azure", "cloud_identity": AZURE},
        OCI | {"verify": {"provider": "cosign", "identity": SIGNER}},
    ],
)
def test_a_source_is_accepted(accepted: dict[str, Any]) -> None:
    assert problems(request(source=accepted)) == ()


@pytest.mark.parametrize(
    ("fields", "told_at"),
    [
        ({"provider": "aws"}, [("source.cloud_identity.role", "required")]),
        ({"provider": "azure", "cloud_identity": {"client_id": AZURE["client_id"]}}, [("source.cloud_identity.tenant_id", "required")]),
        ({"provider": "gcp", "cloud_identity": {"role": ROLE}}, [("source.cloud_identity.role", "does-not-apply")]),
        ({"provider": "aws", "cloud_identity": {"role": ROLE, "client_id": AZURE["client_id"]}}, [("source.cloud_identity.client_id", "does-not-apply")]),
        ({"cloud_identity": {"role": ROLE}}, [("source.cloud_identity", "does-not-apply")]),
        ({"provider": "gcp", "secret": "registry"}, [("source.secret", "does-not-apply")]),
        ({"provider": "aws", "cloud_identity": {"role": "vision"}}, [("source.cloud_identity.role", "aws-role")]),
        ({"provider": "ibm", "cloud_identity": {"role": ROLE}}, [("source.provider", "choice")]),
    ],
)  # fmt: skip
def test_an_identity_that_its_cloud_does_not_know_is_refused(
    fields: dict[str, Any], told_at: list[tuple[str, str]]
) -> None:
    assert places(problems(source(**fields))) == told_at


def test_the_account_of_a_source_is_not_a_team_account() -> None:
    taken = {"identity": {"service_accounts": ["vision-source"]}}
    assert places(problems(request(source=OCI | {"provider": "gcp"}, **taken))) == [
        ("identity.service_accounts[0]", "reserved-name")
    ]
    assert problems(request(source=OCI, **taken)) == ()


@pytest.mark.parametrize(
    ("verify", "told_at"),
    [
        ({"provider": "cosign"}, [("source.verify", "required")]),
        ({"provider": "cosign", "secret": "k", "identity": SIGNER}, [("source.verify.identity", "one-of")]),
        ({"provider": "notation", "identity": SIGNER}, [("source.verify.identity", "does-not-apply")]),
        ({"provider": "cosign", "identity": {"issuer": SIGNER["issuer"]}}, [("source.verify.identity.subject", "required")]),
        ({"provider": "cosign", "identity": [SIGNER, SIGNER]}, [("source.verify.identity", "type")]),
    ],
)  # fmt: skip
def test_a_signature_is_checked_by_a_key_or_by_an_identity(
    verify: dict[str, Any], told_at: list[tuple[str, str]]
) -> None:
    assert places(problems(source(verify=verify))) == told_at


@pytest.mark.parametrize("subject", ["a", "^a", "a$", r"^a\$", "^a|b$", "^(a$", "^(?i)a$"])
def test_an_expression_that_matches_other_signers_is_refused(subject: str) -> None:
    verify = {"provider": "cosign", "identity": SIGNER | {"subject": subject}}
    assert places(problems(source(verify=verify))) == [("source.verify.identity.subject", "expression")]


@pytest.mark.parametrize(
    ("given_text", "suggested"),
    [
        ("https://token.actions.githubusercontent.com", r"^https://token\.actions\.githubusercontent\.com$"),
        ("^https://a.example.org", r"^https://a\.example\.org$"),
        ("ci@builds.iam.example.org", r"^ci@builds\.iam\.example\.org$"),
        (r"https://a\.example\.org/.*", r"^https://a\.example\.org/.*$"),
        ("https://a.example.org/(b|c)$", r"^https://a\.example\.org/(b|c)$"),
    ],
)
def test_the_suggested_expression_matches_only_the_plain_text(given_text: str, suggested: str) -> None:
    verify = {"provider": "cosign", "identity": SIGNER | {"issuer": given_text}}
    assert reported(problems(source(verify=verify))) == [
        ("source.verify.identity.issuer", "expression", suggested)
    ]


@pytest.mark.parametrize(
    "host", ["0251.0376.0251.0376", "2852039166", "0xa9fea9fe", "169.254.43518", "10.1", "1.2.3.04"]
)
@pytest.mark.parametrize(
    "address", [{"git": "https://{}/a.git"}, {"git": "ssh://git@{}:22/a.git"}, {"oci": "oci://{}/a", "tag": "v1"}]
)  # fmt: skip
def test_an_address_in_another_spelling_is_not_a_host(address: dict[str, str], host: str) -> None:
    (problem,) = problems(request(source={key: text.format(host) for key, text in address.items()}))
    assert (problem.rule, "four decimal numbers" in problem.message) == ("url", True)


@pytest.mark.parametrize(
    "url", ["https://[2001:db8::1/a.git", "https://[fe80::1%25eth0]/a.git", "https:///a.git"]
)
def test_a_url_with_an_invalid_host_is_refused_for_its_host(url: str) -> None:
    (problem,) = problems(request(source={"git": url}))
    assert "a host name or an IPv6 address in brackets" in problem.message


@given(st.from_regex(r"[a-z]{1,5}(/[a-z]{1,5}){0,2}", fullmatch=True), st.text(min_size=1, max_size=5))
def test_an_accepted_expression_never_matches_other_hosts(subject: str, more: str) -> None:
    """Flux searches for the expression anywhere in the identity."""
    verify = {"provider": "cosign", "identity": SIGNER | {"subject": f"^{subject}$"}}
    assert problems(source(verify=verify)) == ()
    assert re.search(f"^{subject}$", subject)
    assert not re.search(f"^{subject}\\Z", subject + more)


@pytest.mark.parametrize("place", ["secret", "verify"])
def test_a_secret_that_the_source_needs_first_cannot_come_with_the_source(place: str) -> None:
    fields: dict[str, Any] = (
        {"secret": "k"} if place == "secret" else {"verify": {"provider": "cosign", "secret": "k"}}
    )
    where = "source.secret" if place == "secret" else "source.verify.secret"
    declared = {"name": "k", "purpose": "signature"}
    sops = request(source=OCI | fields, secrets=[declared | {"provider": "sops"}])
    assert places(problems(sops)) == [(where, "secret-needed-first")]
    assert problems(request(source=OCI | fields, secrets=[declared | {"provider": "manual"}])) == ()


@pytest.mark.parametrize(
    ("numbers", "found"),
    [
        ({"quota": 0, "borrow": 4}, []),
        ({"quota": 0}, [("gpus[0].quota", "range", "1")]),
        ({"quota": 0, "borrow": 0}, [("gpus[0].quota", "range", "1")]),
        ({"quota": -1, "borrow": 4}, [("gpus[0].quota", "range", "0")]),
    ],
)
def test_a_team_owns_accelerators_or_borrows_them(numbers: dict[str, int], found: list[Any]) -> None:
    assert reported(problems(request(gpus=[{"profile": "nvidia-h100-80gb"} | numbers]))) == found


@pytest.mark.parametrize(
    ("ports", "found"),
    [
        ({"port": 8000, "end_port": 8100}, []),
        ({"port": 8000, "end_port": 8000}, []),
        ({"port": 8000, "end_port": 7999}, [("network.egress[0].end_port", "port-range", "8000")]),
        ({"port": 8000, "end_port": 65536}, [("network.egress[0].end_port", "range", "65535")]),
    ],
)
def test_a_range_of_ports_ends_after_it_begins(ports: dict[str, int], found: list[Any]) -> None:
    assert reported(problems(request(network={"egress": [{"cidr": "10.0.0.0/8"} | ports]}))) == found
