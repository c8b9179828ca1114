"""Names of Kubernetes objects, SPIFFE, Backstage, and groups of an identity provider."""

from __future__ import annotations

from typing import Annotated, Final

from goldenpath.spec.types._text import TEMPLATE_OPENERS, is_printable
from goldenpath.spec.value_checks import NAME_CHARS, TextFormat, refuse, slug

DNS_LABEL_CHARS: Final = 63
"""RFC 1123, as Kubernetes applies it (`apimachinery/pkg/util/validation.IsDNS1123Label`)."""

DNS_LABEL: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
DNS_SUBDOMAIN: Final = rf"{DNS_LABEL}(\.{DNS_LABEL})*"
LABEL_VALUE: Final = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_LABEL_MESSAGE = (
    "must be a DNS label: lower-case letters, digits and '-', starting and ending with a letter or digit"
)

DnsLabel = Annotated[
    str, TextFormat("dns-label", DNS_LABEL, DNS_LABEL_CHARS, _LABEL_MESSAGE, "eu-central", suggest=slug)
]
Name = Annotated[str, TextFormat("dns-label", DNS_LABEL, NAME_CHARS, _LABEL_MESSAGE, "vision", suggest=slug)]
DnsSubdomain = Annotated[
    str,
    TextFormat(
        rule="dns-subdomain",
        pattern=DNS_SUBDOMAIN,
        limit=253,
        message="must be DNS labels joined by '.'",
        example="example.org",
        suggest=str.lower,
    ),
]


_REFERENCE_MESSAGE: Final = (
    "must be the name of a Secret: DNS labels joined by '.'; never the content of the Secret"
)


def _refuse_unrepeated(_: str) -> None:
    raise refuse("secret-name", _REFERENCE_MESSAGE)


SecretName = Annotated[
    str,
    TextFormat(
        rule="secret-name",
        pattern=DNS_SUBDOMAIN,
        limit=253,
        message=_REFERENCE_MESSAGE,
        example="git-credentials",
        guard=_refuse_unrepeated,
    ),
]
"""People sometimes paste the secret itself here, so no message repeats a refused value."""

LabelValue = Annotated[
    str,
    TextFormat(
        rule="label-value",
        pattern=LABEL_VALUE,
        limit=63,
        message=(
            "must be a Kubernetes label value: letters, digits, '-', '_' and '.', "
            "starting and ending with a letter or digit"
        ),
        example="cc-4711",
        suggest=slug,
    ),
]
LabelKey = Annotated[
    str,
    TextFormat(
        rule="label-key",
        pattern=rf"({DNS_SUBDOMAIN}/)?{LABEL_VALUE}",
        limit=317,
        message="must be a Kubernetes label key: an optional DNS name and '/', then letters, digits, '-', '_' and '.'",
        example="example.com/tier",
    ),
]

ServiceAccountRef = Annotated[
    str,
    TextFormat(
        rule="service-account",
        pattern=rf"{DNS_LABEL}/{DNS_SUBDOMAIN}",
        limit=317,
        message="must be a service account with its namespace, such as ray-system/kuberay-operator",
        example="ray-system/kuberay-operator",
        suggest=lambda value: value.lower().removeprefix("system:serviceaccount:").replace(":", "/", 1),
    ),
]
ResourcePrefix = Annotated[
    str,
    TextFormat(
        rule="resource-prefix",
        pattern=r"[a-z0-9]([-a-zA-Z0-9_./]*)",
        limit=317,
        message="must be a prefix of a resource name, such as hugepages- or rdma/",
        example="hugepages-",
        suggest=lambda value: value.rstrip("*"),
    ),
]
"""An entry of Kueue's `resources.excludeResourcePrefixes`."""


def _nearest_trust_domain(value: str) -> str | None:
    return value.lower().removeprefix("spiffe://").split("/", 1)[0] or None


TrustDomain = Annotated[
    str,
    TextFormat(
        rule="trust-domain",
        pattern=r"[a-z0-9._-]+",
        limit=255,
        message=(
            "must be a SPIFFE trust domain: lower-case letters, digits, '.', '-' and '_', "
            "without 'spiffe://' and without a path"
        ),
        example="prod.example.org",
        suggest=_nearest_trust_domain,
    ),
]
"""SPIFFE-ID standard, section 2.1 (trust domain)."""

SpiffePath = Annotated[
    str,
    TextFormat(
        rule="spiffe-path",
        pattern=r"(/(?!\.{1,2}(/|$))[a-zA-Z0-9._-]+)+",
        limit=2048,
        message=(
            "must be a SPIFFE path such as /ns/vision/sa/trainer: segments of letters, digits, '.', '-' and '_', "
            "none of them '.' or '..'"
        ),
        example="/ns/vision/sa/trainer",
    ),
]
"""SPIFFE-ID standard, section 2.2 (path)."""

GroupRef = Annotated[
    str,
    TextFormat(
        rule="group-ref",
        pattern=rf"([Gg]roup:)?({LABEL_VALUE}/)?{LABEL_VALUE}",
        limit=133,
        message="must be a Backstage group: a name, namespace/name or group:namespace/name",
        example="vision-team",
        suggest=slug,
    ),
]
"""A Backstage entity reference, whose kind is Group where none is given (backstage.io, "Entity references")."""


def _check_group(value: str) -> None:
    if hidden := next((character for character in value if not is_printable(character)), None):
        raise refuse("control-character", f"must be printable text; it holds U+{ord(hidden):04X}")
    if opener := next((opener for opener in TEMPLATE_OPENERS if opener in value), None):
        raise refuse("template-opener", f"must not hold {opener!r}, which starts a template")
    if value.startswith("system:"):
        raise refuse(
            "reserved-group",
            "must be a group of your identity provider; 'system:' groups belong to Kubernetes",
        )


IdentityGroup = Annotated[
    str,
    TextFormat(
        rule="group",
        pattern=r"\S(.*\S)?",
        limit=512,
        message=(
            "must be the name of a group as your identity provider gives it: "
            "at most 512 characters, no control characters, no space at either end"
        ),
        example="vision-leads",
        suggest=str.strip,
        also=_check_group,
    ),
]


def _refuse_system_prefix(value: str) -> None:
    if value and (value.startswith("system:") or "system:".startswith(value)):
        raise refuse(
            "reserved-group",
            "must not be a prefix of 'system:': a group of a request could then become a group of Kubernetes",
        )


GroupPrefix = Annotated[
    str,
    TextFormat(
        rule="group",
        pattern=r"([A-Za-z0-9][A-Za-z0-9._:/-]*)?",
        limit=60,
        message="must be a prefix of letters, digits and '._:/-'",
        example="oidc:",
        also=_refuse_system_prefix,
    ),
]
ExactVersion = Annotated[
    str,
    TextFormat(
        "exact-version",
        r"[1-9][0-9]*\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)",
        40,
        "must be a golden path's exact version, such as 1.0.0",
        "1.0.0",
    ),
]
GoldenPathName = Annotated[
    str,
    TextFormat(
        rule="golden-path",
        pattern=rf"{DNS_LABEL}/v[1-9][0-9]*",
        limit=60,
        message="must be a golden path and its major version, such as tenant/v1",
        example="tenant/v1",
        suggest=lambda value: f"{slug(value.split('/', 1)[0])}/v1",
    ),
]
KindName = Annotated[
    str,
    TextFormat(
        rule="kind",
        pattern=r"[A-Z][A-Za-z0-9]*",
        limit=63,
        message="must be a kind of Kubernetes object, such as LimitRange",
        example="LimitRange",
        suggest=lambda value: value[:1].upper() + value[1:],
    ),
]
SecretPlace = Annotated[
    str,
    TextFormat(
        rule="secret-place",
        pattern=r"[A-Za-z0-9][A-Za-z0-9._/-]*",
        limit=255,
        message="must be a path in the provider's store: letters, digits, '.', '_', '-' and '/'",
        example="teams/vision/git",
    ),
]
SpireClass = Annotated[
    str,
    TextFormat(
        rule="spire-class",
        pattern=r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?",
        limit=253,
        message="must be a class name: letters, digits, '-', '_' and '.', starting and ending with a letter or digit",
        example="spire-spire",
    ),
]
