"""Requests that people could make, for property tests: every accepted word, in every combination."""

from __future__ import annotations

from typing import Any

import small_requests
from hypothesis import strategies as st

FLEET: dict[str, Any] = {
    **small_requests.fleet(),
    "monitoring": {"namespace": "monitoring", "prometheus": "http://prometheus.monitoring:9090", "selector": {"release": "on"}},
    "gateway": {"namespace": "gateway-system"},
    "federation": {"edge.example.org": {"endpoint": "https://spire.edge.example.org:8443"}},
    "clusters": {
        "full": {
            "region": "eu",
            "kubernetes": "1.36",
            "labels": {"tier": "gold"},
            "addons": {
                "flux": "2.9", "spire-controller-manager": "0.6.6", "kueue": "0.19", "keda": "2.20",
                "prometheus-operator": "0.93", "cilium": "1.20", "external-secrets": "2.0",
            },
            "accelerators": [
                {"profile": "nvidia-h100-80gb", "count": 64},
                {"profile": "nvidia-l4-24gb", "count": 64},
                {"profile": "nvidia-h100-80gb/1g.10gb", "count": 56},
                {"profile": "nvidia-h200-141gb", "count": 32, "allocation": "dra"},
                {"profile": "amd-mi300x", "count": 16},
            ],
        },
        "bare": {"region": "eu", "kubernetes": "1.36", "trust_domain": "bare.example.org", "addons": {"flux": "2.9"}},
        "none": {"region": "me", "kubernetes": "1.35"},
    },
}  # fmt: skip

# Names that a YAML reader would take for something else, as well as ordinary ones.
AWKWARD = ["no", "y", "on", "null", "1e3", "0x1f", "123", "0o14", "1-2", "true", "a"]
NAMES = st.one_of(
    st.sampled_from(AWKWARD), st.from_regex(r"[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?", fullmatch=True)
)
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"]),
    min_size=1,
    max_size=60,
).filter(
    lambda text: (
        text.strip() and not any(opener in text for opener in ("[[", "[%", "[#", "{{", "{%", "{#", "${"))
    )
)
GROUPS = st.lists(st.from_regex(r"[A-Za-z][A-Za-z0-9 ._@:/+=,-]{0,20}[A-Za-z0-9]", fullmatch=True).filter(lambda g: not g.startswith("system:")), unique=True, max_size=3)  # fmt: skip
PROFILES = [
    "nvidia-h100-80gb",
    "nvidia-l4-24gb",
    "nvidia-h100-80gb/1g.10gb",
    "nvidia-h200-141gb",
    "amd-mi300x",
]
SCALING = st.one_of(
    st.fixed_dictionaries({"signal": st.just("tokens"), "target": st.floats(1, 9999)}),
    st.fixed_dictionaries({"signal": st.just("queue")}),
    st.fixed_dictionaries(
        {"signal": st.just("latency"), "time_to_first_token": st.sampled_from(["250ms", "0.5s", "1s", "10s"])}
    ),
    st.fixed_dictionaries({"signal": st.just("kv-cache"), "target": st.floats(0.1, 1)}),
)
EGRESS = st.one_of(
    st.fixed_dictionaries({"host": st.sampled_from(["huggingface.co", "1e3.example", "*.hf.co"]), "port": st.integers(1, 65535)}),
    st.fixed_dictionaries({"cidr": st.sampled_from(["10.0.0.0/8", "2001:db8::/32"]), "port": st.integers(1, 60000), "protocol": st.sampled_from(["TCP", "UDP"])}, optional={"end_port": st.integers(60001, 65535)}),
)  # fmt: skip
SOURCES = st.one_of(
    st.fixed_dictionaries({"git": st.just("https://git.example.org/a/b.git")}, optional={"branch": st.sampled_from(AWKWARD), "path": st.just("./deploy"), "secret": st.sampled_from(["git", "1e3"])}),
    st.fixed_dictionaries({"oci": st.just("oci://registry.example.org/a/deploy")}, optional={"tag": st.sampled_from(["1.0", "1e3", "no"]), "verify": st.sampled_from([{"provider": "cosign", "secret": "keys"}, {"provider": "cosign", "identity": {"issuer": "^https://issuer\\.example\\.org$", "subject": "^a@example\\.org$"}}])}),
    st.sampled_from([
        {"git": "https://dev.azure.com/example/a/_git/b", "provider": "azure", "cloud_identity": {"tenant_id": f"{'1' * 8}-2222-3333-4444-{'5' * 12}", "client_id": f"{'a' * 8}-bbbb-cccc-dddd-{'e' * 12}"}},
        {"oci": "oci://1.dkr.ecr.eu-central-1.amazonaws.com/a", "provider": "aws", "cloud_identity": {"role": "arn:aws:iam::123456789012:role/no"}},
        {"oci": "oci://europe-docker.pkg.dev/example/a", "provider": "gcp"},
    ]),
)  # fmt: skip

SERVERS = st.fixed_dictionaries(
    {
        "name": NAMES,
        "hosts": st.lists(st.sampled_from(["on.example.org", "*.1e3.example.org"]), unique=True, min_size=1),
    },
    optional={
        "pods": st.just({"app": "1e3"}),
        "port": st.integers(1, 65535),
        "callers": st.just({"tenants": ["calls-others"], "namespaces": ["on"]}),
        "egress": st.lists(EGRESS, max_size=2),
    },
)


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """A request that the fleet above accepts."""
    name = draw(NAMES)
    clusters = draw(st.lists(st.sampled_from(["full", "bare", "none"]), unique=True, min_size=1))
    request: dict[str, Any] = {
        "golden_path": "tenant/v1",
        "name": name,
        "owner": draw(st.sampled_from(["a-team", "group:x/no"])),
        "clusters": clusters,
    }
    texts = {"title": TEXTS, "description": TEXTS}
    words = {
        "environment": st.sampled_from(["production", "on", "1e3"]),
        "cost_center": st.sampled_from(["0x10", "cc-1"]),
        "contact": st.just("a@example.org"),
        "expires": st.just("2030-01-31"),
        "pod_security": st.sampled_from(["baseline", "restricted"]),
    }
    request |= draw(st.fixed_dictionaries({}, optional={**texts, **words}))
    request |= draw(
        st.fixed_dictionaries(
            {},
            optional={
                "access": st.fixed_dictionaries({}, optional={"admins": GROUPS, "developers": GROUPS, "viewers": GROUPS}),
                "compute": st.fixed_dictionaries({}, optional={"cpu": st.sampled_from(["1", "1500m", "0.5"]), "memory": st.sampled_from(["1Ti", "1000000"]), "pods": st.integers(1, 9999)}),
                "autoscaling": SCALING.flatmap(lambda signal: st.just({**signal, "max_replicas": 4})),
                "network": st.fixed_dictionaries({"egress": st.lists(EGRESS, max_size=4)}, optional={"calls": st.just([{"tenant": "called-by-others", "port": 8000}])}),
                "serving": st.lists(SERVERS, max_size=3, unique_by=lambda server: server["name"]),
                "source": SOURCES,
                "identity": st.fixed_dictionaries({"service_accounts": st.lists(NAMES, unique=True, min_size=1, max_size=3)}, optional={"federates_with": st.just(["edge.example.org"])}),
                "retiring": st.one_of(st.booleans(), st.lists(st.sampled_from(clusters), unique=True, min_size=1)),
                "pull_secrets": st.lists(st.sampled_from(["1e3", "registry"]), unique=True),
            },
        )
    )  # fmt: skip
    accounts = request.get("identity", {}).get("service_accounts", [])
    if any(
        account in {"default", f"{name}-reconciler", f"{name}-scaler", f"{name}-source"}
        for account in accounts
    ):
        del request["identity"]
    if "full" in clusters:
        profiles = draw(st.lists(st.sampled_from(PROFILES), unique=True, max_size=3))
        numbers = st.tuples(st.integers(0, 8), st.integers(0, 8)).filter(any)
        shares = [(profile, *draw(numbers)) for profile in profiles]
        request["gpus"] = [
            {"profile": profile, "quota": quota, "borrow": borrow, "clusters": ["full"]}
            for profile, quota, borrow in shares
        ]
    return request
