"""Each type of the vocabulary: accepted and refused values, and the nearest value."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from goldenpath.spec import types
from goldenpath.spec.document_model import Model
from goldenpath.spec.pydantic_errors import problem_of

GOOD: dict[str, list[Any]] = {
    "DnsLabel": ["a", "no", "1e3", "eu-central", "a" * 63],
    "Name": ["a", "vision", "0o14", "a" * 40],
    "DnsSubdomain": ["a", "a.b", "git-credentials", "1.2.3", "a" * 253],
    "SecretName": ["git-credentials", "a.b"],
    "LabelValue": ["a", "CC-4711", "a_b.c", "1e3", "A" * 63],
    "LabelKey": ["release", "example.com/tier", "a/B_c.d", f"{'a' * 253}/{'b' * 63}"],
    "TrustDomain": ["prod.example.org", "a_b-c.d", "1", "a" * 255],
    "SpiffePath": ["/spire/server", "/a", "/ns/a/sa/B_c.d-e", "/..."],
    "GroupRef": ["vision-team", "default/vision", "group:default/Vision_Team.1", "Group:x"],
    "IdentityGroup": ["vision-leads", "CN=vision,OU=teams", "a b", "a@example.org", "x:system:masters", "R&D Vision", "/groups/ml-team", "Équipe IA", "(a|b)*", "CN=Smith\\, J,OU=x", "a" * 512],
    "GroupPrefix": ["", "oidc:", "corp/", "systems:", "S"],
    "GoldenPathName": ["tenant/v1", "my-tenant/v12"],
    "KindName": ["LimitRange", "X"],
    "AwsRole": ["arn:aws:iam::123456789012:role/a", "arn:aws-cn:iam::123456789012:role/path/to/a.b_c"],
    "Uuid": ["4f2c8a50-1b9e-4c57-9d0e-6a7d3b1c2e4f"],
    "SecretPlace": ["teams/vision/git", "a"],
    "SpireClass": ["spire-spire", "a_b.c"],
    "Email": ["a@b.c", "first.last+tag@sub.example.org"],
    "Cpu": ["64", "1.5", "500m", "0.001", 16, 0.5, 2.0],
    "Bytes": ["64Gi", "500M", "2Ti", "1.5Ti", "1024", "12k", 1024, "7Ei"],
    "Duration": ["750ms", "30s", "1h30m", "0.5s", "8784h"],
    "Date": ["2027-06-30", dt.date(2027, 6, 30), "2028-02-29"],
    "Port": [1, 65535],
    "KubernetesVersion": ["1.36"],
    "Version": ["0.19", "2", "1.2.3.4", "0.19.0-rc.1", "1.0+gke.5"],
    "ExactVersion": ["1.0.0", "12.0.10"],
    "Cidr": ["10.20.0.0/16", "0.0.0.0/0", "10.0.0.1/32", "2001:db8::/32", "::/0"],
    "HostPattern": ["huggingface.co", "*.hf.co", "*.cdn.hf.co", "*.bucket.s3.amazonaws.com"],
    "AnchoredExpression": [r"^https://token\.actions\.githubusercontent\.com$", "^(a|b)$", "^[|]$"],
    "HostName": ["huggingface.co", "a", "1e3.example", "x" * 63 + ".org"],
    "GitUrl": [
        "https://git.example.org/a/b.git", "https://git.example.org:8443/a", "ssh://git@git.example.org/a.git",
        "ssh://git.example.org:22/~user/a", "https://git.example.org/a/@scope/b%20c",
    ],
    "HttpUrl": ["http://prometheus.monitoring:9090", "https://a.example/b/c"],
    "OciUrl": ["oci://registry.example.org/a/deploy", "oci://localhost:5000/a"],
    "ImagePrefix": ["registry.example.org", "registry.example.org:5000/team/sub"],
    "Image": ["app", "registry.example.org:5000/team/app:1.2", f"a/b@sha256:{'0' * 64}", f"a:1@sha256:{'a' * 64}"],
    "ModelName": ["meta-llama/Llama-3.3-70B-Instruct", "gpt2", "a/b.c_d"],
    "HubRepository": ["meta-llama/Llama-3.3-70B-Instruct"],
    "Revision": ["0e9e39f249a16976918f6564b8830bc894c89659"],
    "OciModelUrl": [f"oci://registry.example.org/models/llama@sha256:{'0' * 64}"],
    "PinnedImage": [f"registry.example.org:5000/vllm:0.33@sha256:{'0' * 64}", f"a.b/c@sha256:{'a' * 64}"],
    "S3Url": ["s3://models", "s3://models/llama-3.3-70b", "s3://my.models/a/B_c/"],
    "Rate": ["4/s", "30/min", "0.5/h"],
    "Tag": ["stable", "1e3", "_x", "A.b-c"],
    "Digest": [f"sha256:{'0' * 64}"],
    "GitRef": ["main", "feature/x", "v1.0", "1e3", "a_b"],
    "RelativePath": [".", "./", "./deploy", "deploy/", "a/b/.c", "./..."],
    "ServiceAccountRef": ["ray-system/kuberay-operator", "a/b.c"],
    "ResourcePrefix": ["ephemeral-storage", "hugepages-", "rdma/", "vpc.amazonaws.com/efa"],
    "PublicKeyPem": [f"-----BEGIN PUBLIC KEY-----\n{'MFkw' * 16}\n{'MFkw' * 15}\n-----END PUBLIC KEY-----\n"],
    "Title": ['Speech: ASR & TTS ("voice")', "no", "名前 👩🏽‍🚀", "a\u200db", "- key: value", "$x {y} [z] %{"],
    "Text": ["a" * 500],
}  # fmt: skip
BAD: dict[str, list[tuple[Any, str, str | None]]] = {
    "DnsLabel": [
        ("", "dns-label", None), ("EU_Central", "dns-label", "eu-central"), ("-a", "dns-label", "a"), ("ü", "dns-label", "u"),
        ("a" * 64, "dns-label", "a" * 40), ("a\n", "dns-label", "a"), ("a.b", "dns-label", "a-b"), (None, "type", None),
    ],
    "Name": [("a" * 41, "dns-label", "a" * 40), ("../../etc", "dns-label", "etc"), ("日本", "dns-label", None)],
    "DnsSubdomain": [("A.b", "dns-subdomain", "a.b"), ("a..b", "dns-subdomain", None), ("a" * 254, "dns-subdomain", None)],
    "SecretName": [("My_Secret", "secret-name", None), ("a" * 254, "secret-name", None)],
    "LabelValue": [("a b", "label-value", "a-b"), ("-a", "label-value", "a"), ("a" * 64, "label-value", "a" * 40)],
    "LabelKey": [("a" * 64, "label-key", None), ("A/b", "label-key", None), ("a/b/c", "label-key", None), ("", "label-key", None)],
    "TrustDomain": [
        ("spiffe://X/y", "trust-domain", "x"), ("a/b", "trust-domain", "a"), ("A.B", "trust-domain", "a.b"),
        ("a" * 256, "trust-domain", None), ("", "trust-domain", None), ("a b", "trust-domain", None),
    ],
    "SpiffePath": [("", "spiffe-path", None), ("a/b", "spiffe-path", None), ("/a/", "spiffe-path", None), ("/a/../b", "spiffe-path", None), ("/.", "spiffe-path", None), ("//a", "spiffe-path", None)],
    "GroupRef": [("user:jane", "group-ref", "user-jane"), ("a b", "group-ref", "a-b"), ("a/b/c", "group-ref", "a-b-c"), ("a" * 64, "group-ref", "a" * 40)],
    "IdentityGroup": [("system:masters", "reserved-group", None), ("a\nb", "group", None), (" a", "group", "a"), ("a\u202eb", "control-character", None), ("{{ a }}", "template-opener", None), ("a" * 513, "group", None)],
    "GroupPrefix": [("system:", "reserved-group", None), ("s", "reserved-group", None), ("system", "reserved-group", None), ("system:x:", "reserved-group", None), ("a b", "group", None)],
    "GoldenPathName": [("tenant", "golden-path", "tenant/v1"), ("tenant/v0", "golden-path", "tenant/v1"), ("Tenant/1", "golden-path", "tenant/v1"), ("a/v1/x", "golden-path", "a/v1")],
    "AwsRole": [
        (" arn:aws:iam::123456789012:role/a ", "aws-role", "arn:aws:iam::123456789012:role/a"), ("a", "aws-role", None),
        ("arn:aws:iam::123456789012:user/a", "aws-role", None), ("arn:aws:iam::1:role/a", "aws-role", None),
    ],
    "Uuid": [("4F2C8A50-1B9E-4C57-9D0E-6A7D3B1C2E4F", "uuid", "4f2c8a50-1b9e-4c57-9d0e-6a7d3b1c2e4f"), ("4f2c8a50", "uuid", None)],
    "KindName": [("limitRange", "kind", "LimitRange"), ("Limit-Range", "kind", None)],
    "SecretPlace": [("/a", "secret-place", None), ("a b", "secret-place", None)],
    "SpireClass": [("-a", "spire-class", None)],
    "Email": [("a", "email", None), ("a@b", "email", None), ("a b@c.d", "email", None), ("a@b.c\n", "email", None)],
    "Cpu": [
        ("64x", "cpu", "64"), ("2 cores", "cpu", "2"), ("500 m", "cpu", "500m"), ("0", "cpu", None), ("0m", "cpu", None), ("0x", "cpu", None),
        ("-1", "cpu", None), ("1e3", "cpu", "1"), ("500Mi", "cpu", None), ("0.5m", "cpu", None), ("1.0001", "cpu", "1.000"), (True, "type", None),
        (-1, "cpu", None), (float("nan"), "cpu", None), (float("inf"), "cpu", None), (1e300, "cpu", None), ([], "type", None),
    ],
    "Bytes": [
        ("12GB", "bytes", "12G"), ("12gb", "bytes", "12G"), ("1.5 TiB", "bytes", "1.5Ti"), ("128m", "bytes", "128M"), ("12KB", "bytes", "12k"),
        ("12K", "bytes", "12k"), ("0Gi", "bytes", None), ("8Ei", "bytes", None), ("999999999999999Ei", "bytes", None),
        ("1.5", "bytes", None), ("lots", "bytes", None), (0, "bytes", None), (0.5, "bytes", None),
    ],
    "Duration": [
        ("30", "duration", "30s"), (30, "duration", "30s"), ("1 h", "duration", "1h"), ("5M", "duration", "5m"), ("0s", "duration", None),
        ("1d", "duration", None), ("-1s", "duration", None), ("9999999h", "duration", None), (f"{'9' * 40}h", "duration", None), ("1us", "duration", None), (True, "type", None),
    ],
    "Date": [
        ("2027-6-30", "date", None), ("20270630", "date", None), ("2027-02-29", "date", None), ("tomorrow", "date", None), ("2027-W26-3", "date", None),
        (20270630, "type", None), (dt.datetime(2027, 6, 30, tzinfo=dt.UTC), "type", None), ("２０２７-06-30", "date", None),
    ],
    "Port": [(0, "range", "1"), (65536, "range", "65535"), ("443", "type", None), (True, "type", None), (1.5, "type", None)],
    "KubernetesVersion": [("1", "version", None), ("v1.36.2", "version", "1.36"), (1.36, "version", "1.36"), (1, "version", None)],
    "Version": [("v0.19", "version", "0.19"), (0.19, "version", "0.19"), (2, "version", None), ("latest", "version", None), (True, "type", None)],
    "Cidr": [
        ("10.20.0.1/16", "cidr", "10.20.0.0/16"), ("10.20.0.0", "cidr", "10.20.0.0/32"), ("2001:DB8::/32", "cidr", "2001:db8::/32"), ("10.0.0.0/33", "cidr", None),
        ("example.org", "cidr", None), ("fe80::%eth0/64", "cidr", None), ("010.0.0.0/8", "cidr", None), ("10.0.0.0/255.0.0.0", "cidr", "10.0.0.0/8"),
    ],
    "HostPattern": [
        ("*.com", "host-wildcard", None), ("*.co.uk", "host-wildcard", None), ("*", "host-name", None), ("a.*.org", "host-name", None),
        ("**.hf.co", "host-name", None), ("https://*.hf.co", "host-name", "*.hf.co"), ("0xa9fea9fe", "host-name", None), ("10.0.0.1", "host-name", None),
    ],
    "ExactVersion": [("v1.0.0", "exact-version", None), ("1.0", "exact-version", None), ("1.0.0-rc.1", "exact-version", None), ("0.1.0", "exact-version", None)],
    "AnchoredExpression": [
        ("https://a", "expression", "^https://a$"), ("^a", "expression", "^a$"), ("^a|b$", "expression", "^(a|b)$"), ("^($", "expression", None),
        ("^(?i)a$", "expression", None), ("^a\\$", "expression", None),
        ("https://oidc.example.org/.*", "expression", r"^https://oidc\.example\.org/.*$"), (r"a\.b[.]c.d", "expression", r"^a\.b[.]c\.d$"),
    ],
    "HostName": [
        ("https://huggingface.co/x", "host-name", "huggingface.co"), ("HuggingFace.co", "host-name", "huggingface.co"), ("huggingface.co:443", "host-name", "huggingface.co"),
        ("huggingface.co.", "host-name", "huggingface.co"), ("*.huggingface.co", "host-name", "huggingface.co"), ("10.0.0.1", "host-name", None), ("2001:db8::1", "host-name", None),
        ("a" * 64 + ".org", "host-name", None), ("a b", "host-name", None),
    ],
    "GitUrl": [
        ("git@github.com:org/repo.git", "git-url", "ssh://git@github.com/org/repo.git"), ("http://git.example.org/a", "git-url", "https://git.example.org/a"),
        ("git.example.org/a", "git-url", None), ("file:///etc", "git-url", None), ("https://git.example.org/a/../b", "git-url", None), ("ext::sh -c id", "git-url", None),
        ("-oProxyCommand=x", "git-url", None), (f"https://git.example.org/{'a' * 600}", "git-url", None),
    ],
    "HttpUrl": [("prometheus:9090", "url", None), ("ftp://a.example", "url", None), ("javascript:alert(1)", "url", None), ("http://a.example/../b", "url", None)],
    "PublicKeyPem": [("MFkw", "public-key", None), ("-----BEGIN PRIVATE KEY-----\nMFkw\n-----END PRIVATE KEY-----\n", "public-key", None)],
    "OciUrl": [
        ("registry.example.org/a", "oci-url", "oci://registry.example.org/a"), ("oci://registry.example.org/a:1.0", "oci-url", "oci://registry.example.org/a"),
        (f"oci://registry.example.org/a@sha256:{'0' * 64}", "oci-url", "oci://registry.example.org/a"), ("https://Registry.example.org/a", "oci-url", "oci://registry.example.org/a"),
        ("oci://registry.example.org", "oci-url", None),
    ],
    "ImagePrefix": [("https://registry.example.org/", "image-prefix", "registry.example.org"), ("Registry.example.org", "image-prefix", "registry.example.org"), ("a/*", "image-prefix", "a"), ("a,b", "image-prefix", None)],
    "Image": [("Registry.example.org/App", "image", "registry.example.org/app"), ("a b", "image", None), ("a@sha256:0", "image", None)],
    "ModelName": [("https://huggingface.co/a/b", "model-name", "a/b"), ("a/b/c", "model-name", None), ("a b", "model-name", None)],
    "HubRepository": [("llama", "hub-repository", None), ("https://huggingface.co/a/b", "hub-repository", "a/b"), ("hf://a/b", "hub-repository", "a/b")],
    "Revision": [("main", "revision", None), ("0E9E39F249A16976918F6564B8830BC894C89659", "revision", "0e9e39f249a16976918f6564b8830bc894c89659")],
    "OciModelUrl": [("oci://registry.example.org/llama", "model-tag", None), ("oci://registry.example.org/llama:1", "model-tag", None), ("registry.example.org/llama:1", "model-digest", None), (f"oci://registry.example.org/{'a' * 512}:1", "model-digest", None)],
    "PinnedImage": [("registry.example.org/vllm:0.33", "image-digest", None), (f"vllm@sha256:{'0' * 64}", "image-digest", None)],
    "S3Url": [("https://s3.example.org/models", "s3-url", None), ("s3://models/../x", "s3-url", None), ("s3://M/x", "s3-url", None)],
    "Rate": [("4", "rate", None), ("0/s", "rate", None), ("4 / s", "rate", "4/s"), ("4/sec", "rate", "4/s")],
    "Tag": [(".x", "tag", None), ("a b", "tag", None), ("a" * 129, "tag", None)],
    "Digest": [("sha256:0", "digest", None), (f"SHA256:{'A' * 64}", "digest", f"sha256:{'a' * 64}")],
    "GitRef": [("a..b", "git-ref", None), ("-x", "git-ref", None), ("a.lock", "git-ref", None), ("a/.b", "git-ref", None), ("a b", "git-ref", None), ("a.", "git-ref", None), ("a^{}", "git-ref", None)],
    "RelativePath": [("/etc", "path", "./etc"), ("../a", "path", None), ("a/../b", "path", None), ("a//b", "path", None), ("", "path", "./"), ("a b", "path", None), ("./.", "path", None), ("a" * 256, "path", None)],
    "ServiceAccountRef": [
        ("kuberay-operator", "service-account", None), ("a/b/c", "service-account", None),
        ("system:serviceaccount:ray:op", "service-account", "ray/op"), ("*/op", "service-account", None),
    ],
    "ResourcePrefix": [("hugepages-*", "resource-prefix", "hugepages-"), ("", "resource-prefix", None), ("a b", "resource-prefix", None)],
    "Title": [("", "text", None), ("  ", "text", None), ("a" * 121, "text", None), ("a\nb", "control-character", None), (5, "type", "5")],
    "Text": [("a" * 501, "text", None)],
}  # fmt: skip


def refused(word: str, value: Any) -> tuple[str, str | None]:
    """Rule and nearest value."""
    with pytest.raises(ValidationError) as error:
        TypeAdapter(getattr(types, word), config={"strict": True}).validate_python(value)
    (entry,) = error.value.errors()
    if entry["type"] == "goldenpath":
        return entry["ctx"]["rule"], entry["ctx"]["nearest"]
    reported = problem_of(Model, value, entry)
    return reported.rule, reported.nearest


def test_every_word_has_its_good_and_its_bad_values() -> None:
    words = {
        name for name in types.__all__ if name[0].isupper() and name != "ListInput" and not name.isupper()
    }
    assert set(GOOD) == set(BAD) == words


@pytest.mark.parametrize(
    ("word", "value"), [(word, value) for word, values in GOOD.items() for value in values]
)
def test_a_good_value_is_accepted(word: str, value: Any) -> None:
    read = TypeAdapter(getattr(types, word), config={"strict": True}).validate_python(value)
    if isinstance(value, str) and word != "Date":
        assert read == value


@pytest.mark.parametrize(
    ("word", "value", "rule", "nearest"),
    [(word, value, rule, near) for word, values in BAD.items() for value, rule, near in values],
)
def test_a_bad_value_is_refused_with_the_nearest_good_one(
    word: str, value: Any, rule: str, nearest: str | None
) -> None:
    assert refused(word, value) == (rule, nearest)


@pytest.mark.parametrize("word", sorted(set(GOOD) - {"Port", "Date"}))
@given(text=st.text(max_size=30))
def test_a_nearest_value_is_always_a_good_one(word: str, text: str) -> None:
    adapter = TypeAdapter(getattr(types, word), config={"strict": True})
    try:
        assert adapter.validate_python(text) == text
    except ValidationError as error:
        near = error.errors()[0]["ctx"]["nearest"]
        assert near is None or adapter.validate_python(near) == near


@pytest.mark.parametrize("word", sorted(set(GOOD) - {"Port"}))
@pytest.mark.parametrize(
    "text",
    [
        "a" * 300_000,
        "a." * 200_000,
        "/a" * 200_000,
        "1h" * 200_000,
        "9" * 300_000,
        "a-" * 200_000,
        "@:" * 200_000,
    ],
)
def test_a_huge_text_is_refused_quickly(word: str, text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(getattr(types, word), config={"strict": True}).validate_python(text)


@given(st.text(max_size=80))
def test_a_slug_is_a_name_or_nothing(text: str) -> None:
    slug = types.slug(text)
    assert slug is None or TypeAdapter(types.Name).validate_python(slug) == slug


@given(
    st.from_regex(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?", fullmatch=True).filter(lambda name: "--" not in name)
)
def test_a_slug_of_a_name_is_that_name(name: str) -> None:
    assert types.slug(name) == name
