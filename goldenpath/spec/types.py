"""The vocabulary of a request: the types that its words have.

Each type is an annotated ``str`` (or ``int``, ``date``) that is checked when it is parsed, carries the JSON
Schema that a form needs, and refuses with the fix. The rules are those of the systems that will read the
value, so that an accepted request is never refused later for its spelling.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
import unicodedata
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    from collections.abc import Callable

DNS_LABEL_CHARS: Final = 63
"""RFC 1123, as Kubernetes reads it (`apimachinery/pkg/util/validation.IsDNS1123Label`)."""

NAME_CHARS: Final = 40
"""A tenant's or account's name: leaves 23 characters for every name that is derived from it."""

TEMPLATE_OPENERS: Final = ("[[", "[%", "[#", "{{", "{%", "{#", "${")
"""What starts a template in goldenpath, cookiecutter, Jinja, SPIRE, Helm, Flux or Backstage."""

_DNS_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_DNS_SUBDOMAIN = rf"{_DNS_LABEL}(\.{_DNS_LABEL})*"
_LABEL_VALUE = r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?"
_BACKSTAGE_NAME = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"

# Text direction overrides make a reviewer read something else than the machine does (CVE-2021-42574).
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})


def refuse(rule: str, message: str, nearest: str | None = None) -> PydanticCustomError:
    """An error that :mod:`goldenpath.spec.parse` turns into a problem with its rule and nearest value."""
    # The message is data, not a format string: braces in it must not be read as placeholders.
    return PydanticCustomError(
        "goldenpath", "{message}", {"rule": rule, "message": message, "nearest": nearest}
    )  # type: ignore[arg-type]


def slug(text: str) -> str | None:
    """The nearest DNS label to a text, or None where nothing of it can be kept."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    kept = re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-")[:NAME_CHARS].strip("-")
    return kept or None


def _matching(rule: str, pattern: str, limit: int, message: str, suggest: Callable[[str], str | None]) -> Any:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if len(value) > limit:
            raise refuse(rule, f"must have at most {limit} characters, and has {len(value)}")
        if not compiled.fullmatch(value):
            nearest = suggest(value)
            valid = nearest is not None and nearest != value and compiled.fullmatch(nearest)
            raise refuse(rule, message, nearest if valid else None)
        return value

    return check


def _text(check: Any, *, pattern: str, limit: int, example: str) -> Any:
    schema = {"type": "string", "pattern": f"^{pattern}$", "maxLength": limit, "examples": [example]}
    return Annotated[str, AfterValidator(check), WithJsonSchema(schema)]


# -- names ---------------------------------------------------------------------------------------------

_LABEL_MESSAGE = (
    "must be a DNS label: lower-case letters, digits and '-', starting and ending with a letter or digit"
)


def _nothing(_: str) -> None:
    return None


DnsLabel = _text(
    _matching("dns-label", _DNS_LABEL, DNS_LABEL_CHARS, _LABEL_MESSAGE, slug),
    pattern=_DNS_LABEL, limit=DNS_LABEL_CHARS, example="eu-central",
)  # fmt: skip
Name = _text(
    _matching("dns-label", _DNS_LABEL, NAME_CHARS, _LABEL_MESSAGE, slug),
    pattern=_DNS_LABEL, limit=NAME_CHARS, example="vision",
)  # fmt: skip
DnsSubdomain = _text(
    _matching("dns-subdomain", _DNS_SUBDOMAIN, 253, "must be DNS labels joined by '.'", str.lower),
    pattern=_DNS_SUBDOMAIN, limit=253, example="git-credentials",
)  # fmt: skip
LabelValue = _text(
    _matching(
        "label-value", _LABEL_VALUE, 63,
        "must be a Kubernetes label value: letters, digits, '-', '_' and '.', starting and ending with a letter or digit",
        slug,
    ),
    pattern=_LABEL_VALUE, limit=63, example="cc-4711",
)  # fmt: skip
LabelKey = _text(
    _matching(
        "label-key", rf"({_DNS_SUBDOMAIN}/)?{_LABEL_VALUE}", 317,
        "must be a Kubernetes label key: an optional DNS name and '/', then letters, digits, '-', '_' and '.'",
        _nothing,
    ),
    pattern=rf"({_DNS_SUBDOMAIN}/)?{_LABEL_VALUE}", limit=317, example="example.com/tier",
)  # fmt: skip


def _trust_domain_nearest(value: str) -> str | None:
    return value.lower().removeprefix("spiffe://").split("/", 1)[0] or None


TrustDomain = _text(
    _matching(
        "trust-domain", r"[a-z0-9._-]+", 255,
        "must be a SPIFFE trust domain: lower-case letters, digits, '.', '-' and '_', without 'spiffe://' and without a path",
        _trust_domain_nearest,
    ),
    pattern=r"[a-z0-9._-]+", limit=255, example="prod.example.org",
)  # fmt: skip
"""SPIFFE-ID standard, section 2.1 (trust domain)."""


def _spiffe_path(value: str) -> str:
    segments = value.split("/")
    if (
        segments[0]
        or len(segments) < 2
        or any(not re.fullmatch(r"[a-zA-Z0-9._-]+", s) or s in {".", ".."} for s in segments[1:])
    ):  # noqa: PLR2004
        raise refuse(
            "spiffe-path",
            "must be a SPIFFE path such as /ns/vision/sa/trainer: segments of letters, digits, '.', '-' and '_', none of them '.' or '..'",
        )
    return value


SpiffePath = _text(_spiffe_path, pattern=r"(/[a-zA-Z0-9._-]+)+", limit=2048, example="/ns/vision/sa/trainer")
"""SPIFFE-ID standard, section 2.2 (path)."""


def _entity_ref(value: str) -> str:
    pattern = rf"(?:[Gg]roup:)?(?:{_BACKSTAGE_NAME}/)?{_BACKSTAGE_NAME}"
    if re.fullmatch(pattern, value) is None:
        nearest = slug(value)
        raise refuse(
            "group-ref", "must be a Backstage group: a name, namespace/name or group:namespace/name", nearest
        )
    return value


GroupRef = _text(
    _entity_ref,
    pattern=rf"([Gg]roup:)?({_BACKSTAGE_NAME}/)?{_BACKSTAGE_NAME}", limit=200, example="vision-team",
)  # fmt: skip
"""A Backstage entity reference, kind Group where none is said (backstage.io, "Entity references")."""


def _idp_group(value: str) -> str:
    if value.startswith("system:"):
        raise refuse(
            "reserved-group",
            "must be a group of your identity provider; 'system:' groups belong to Kubernetes",
        )
    return value


_GROUP = r"[A-Za-z0-9]([A-Za-z0-9 ._@:/+=,-]*[A-Za-z0-9])?"
IdentityGroup = Annotated[
    _text(
        _matching("group", _GROUP, 200, "must be a group name: letters, digits and ' ._@:/+=,-'", _nothing),
        pattern=_GROUP, limit=200, example="vision-leads",
    ),
    AfterValidator(_idp_group),
]  # fmt: skip

# -- text that people write ----------------------------------------------------------------------------


def _free_text(limit: int) -> Any:
    def check(value: str) -> str:
        if not value.strip():
            raise refuse("text", "must not be empty")
        if len(value) > limit:
            raise refuse("text", f"must have at most {limit} characters, and has {len(value)}")
        for character in value:
            if unicodedata.category(character) in _REFUSED_CATEGORIES or character in _BIDI_CONTROLS:
                raise refuse(
                    "control-character",
                    f"must be one line of printable text; it holds U+{ord(character):04X}",
                )
        for opener in TEMPLATE_OPENERS:
            if opener in value:
                raise refuse("template-opener", f"must not hold {opener!r}, which starts a template")
        return value

    schema = {"type": "string", "minLength": 1, "maxLength": limit, "pattern": r"^[^\x00-\x1f\x7f]*$"}
    return Annotated[str, AfterValidator(check), WithJsonSchema(schema)]


Title = _free_text(120)
Text = _free_text(500)

_EMAIL = r"[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"
Email = _text(
    _matching("email", _EMAIL, 254, "must be an e-mail address", _nothing),
    pattern=_EMAIL, limit=254, example="vision@example.org",
)  # fmt: skip

# -- numbers with units --------------------------------------------------------------------------------

_BINARY: Final = {s: Decimal(1024) ** (i + 1) for i, s in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"))}
_DECIMAL: Final = {"m": Decimal("0.001"), "": Decimal(1)} | {
    s: Decimal(1000) ** (i + 1) for i, s in enumerate(("k", "M", "G", "T", "P", "E"))
}
_QUANTITY = re.compile(r"(?P<number>[0-9]+(\.[0-9]+)?)(?P<suffix>m|[KMGTPE]i|[kMGTPE])?")


def quantity_value(text: str) -> Decimal:
    """The value of a Kubernetes quantity in its base unit (cores, bytes or pieces).

    Exact, without exponents: a request never needs ``1e3`` (`apimachinery/pkg/api/resource.Quantity`).

    Raises:
        ValueError: the text is no such quantity.

    """
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(text)
    suffix = match["suffix"] or ""
    return Decimal(match["number"]) * (_BINARY.get(suffix) or _DECIMAL[suffix])


def _nearest_quantity(value: str, suffixes: str) -> str | None:
    match = re.match(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)", value)
    if match is None:
        return None
    number, suffix = match[1], match[2]
    if suffix[:1].upper() in suffixes and suffix:
        unit = suffix[0].upper()
        return f"{number}{unit}i" if suffix[1:2].lower() == "i" or unit == "K" else f"{number}{unit}"
    return number


def _quantity(rule: str, pattern: str, what: str, suffixes: str) -> Any:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if compiled.fullmatch(value) is None:
            nearest = _nearest_quantity(value, suffixes)
            valid = nearest is not None and compiled.fullmatch(nearest)
            raise refuse(rule, f"must be {what}", nearest if valid else None)
        if quantity_value(value) <= 0:
            raise refuse(rule, f"must be more than zero: {what}")
        return value

    return check


def _number_as_text(value: Any) -> Any:
    """YAML and Kubernetes both let ``cpu: 16`` stand for ``cpu: "16"``."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


_CPU = r"[0-9]{1,9}(\.[0-9]{1,3})?|[0-9]{1,12}m"
_BYTES = r"[0-9]{1,15}(\.[0-9]{1,3})?([KMGTPE]i|[kMGTPE])?"


def _quantity_type(check: Any, pattern: str, example: str) -> Any:
    schema = {
        "anyOf": [{"type": "string", "pattern": f"^({pattern})$"}, {"type": "integer", "minimum": 1}],
        "examples": [example],
    }
    return Annotated[str, BeforeValidator(_number_as_text), AfterValidator(check), WithJsonSchema(schema)]


Cpu = _quantity_type(
    _quantity("cpu", _CPU, "a number of cores such as 64, 1.5 or 500m", ""), _CPU, "64"
)  # fmt: skip
"""Cores."""
Bytes = _quantity_type(
    _quantity("bytes", _BYTES, "a number of bytes such as 64Gi, 500M or 2Ti ('12GB' is not known to Kubernetes, '128m' would be 0.128 bytes)", "KMGTPE"),
    _BYTES, "64Gi",
)  # fmt: skip
"""Memory or storage, in bytes."""

_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")
_DURATION = r"([0-9]+(\.[0-9]+)?(ms|s|m|h))+"
_SECONDS: Final = {"ms": Decimal("0.001"), "s": Decimal(1), "m": Decimal(60), "h": Decimal(3600)}


def duration_seconds(text: str) -> Decimal:
    """Seconds in a Go duration such as ``750ms`` or ``1h30m`` (Go, ``time.ParseDuration``)."""
    return sum((Decimal(n) * _SECONDS[u] for n, u in _DURATION_PART.findall(text)), Decimal(0))


def _duration(value: str) -> str:
    if re.fullmatch(_DURATION, value) is None:
        nearest = f"{value}s" if re.fullmatch(r"[0-9]+(\.[0-9]+)?", value) else value.replace(" ", "").lower()
        raise refuse(
            "duration",
            "must be a duration such as 750ms, 30s, 5m or 1h30m",
            nearest if re.fullmatch(_DURATION, nearest) else None,
        )
    if duration_seconds(value) <= 0:
        raise refuse("duration", "must be more than zero")
    return value


Duration = _text(_duration, pattern=_DURATION, limit=32, example="750ms")


def _date(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return dt.datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=dt.UTC).date()
        except ValueError:
            raise refuse("date", "must be a date that exists, as YYYY-MM-DD") from None
    return value


Date = Annotated[
    dt.date,
    BeforeValidator(_date),
    WithJsonSchema({"type": "string", "format": "date", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "examples": ["2027-06-30"]}),
]  # fmt: skip

Port = Annotated[int, Field(ge=1, le=65535)]
KubernetesVersion = _text(
    _matching("version", r"[0-9]+\.[0-9]+", 16, 'must be a minor version in quotes, such as "1.36"', _nothing),
    pattern=r"[0-9]+\.[0-9]+", limit=16, example="1.36",
)  # fmt: skip
Version = _text(
    _matching("version", r"[0-9]+(\.[0-9]+){0,3}([-+.][0-9A-Za-z.-]+)?", 64, 'must be a version in quotes, such as "0.19"', lambda v: v.removeprefix("v")),
    pattern=r"[0-9]+(\.[0-9]+){0,3}([-+.][0-9A-Za-z.-]+)?", limit=64, example="0.19",
)  # fmt: skip

# -- network -------------------------------------------------------------------------------------------


def _cidr(value: str) -> str:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise refuse("cidr", "must be a CIDR such as 10.20.0.0/16") from None
    if str(network) != value:
        raise refuse("cidr", "must be a network address with its prefix length", str(network))
    return value


Cidr = _text(_cidr, pattern=r"[0-9a-fA-F.:]+/[0-9]{1,3}", limit=43, example="10.20.0.0/16")


def _host(value: str) -> str:
    if re.fullmatch(r"[0-9.]+", value):
        raise refuse(
            "host-name", "must be a host name, not an address; give an address as cidr", f"{value}/32"
        )
    if (
        len(value) > 253
        or not re.fullmatch(_DNS_SUBDOMAIN, value)
        or any(len(part) > DNS_LABEL_CHARS for part in value.split("."))
    ):  # noqa: PLR2004
        nearest = re.sub(r"^[a-z]+://", "", value.lower()).split("/", 1)[0].split(":", 1)[0]
        raise refuse(
            "host-name",
            "must be a host name such as huggingface.co, without scheme, port or path",
            nearest if re.fullmatch(_DNS_SUBDOMAIN, nearest) else None,
        )
    return value


HostName = _text(_host, pattern=_DNS_SUBDOMAIN, limit=253, example="huggingface.co")

_HOST_PORT = rf"{_DNS_SUBDOMAIN}(:[0-9]{{1,5}})?"
_URL_PATH = r"(/[A-Za-z0-9._~%+@-]+)*/?"


def _no_credentials(value: str) -> None:
    parts = urlsplit(value)
    if parts.password is not None or (parts.username is not None and parts.scheme != "ssh"):
        # The value itself would be the leak: the message must not repeat it, and parse.py masks it.
        raise refuse("credentials-in-url", "must not hold credentials; name a Secret with `secret:` instead")


def _git_url(value: str) -> str:
    _no_credentials(value)
    if re.fullmatch(
        rf"https://{_HOST_PORT}{_URL_PATH}|ssh://([A-Za-z0-9._-]+@)?{_HOST_PORT}{_URL_PATH}", value
    ):
        return value
    scp = re.fullmatch(r"([A-Za-z0-9._-]+@)?([a-z0-9.-]+):([A-Za-z0-9._/-]+)", value)
    nearest = f"ssh://{scp[1] or ''}{scp[2]}/{scp[3]}" if scp else None
    raise refuse("git-url", "must be a Git URL that starts with https:// or ssh://", nearest)


GitUrl = _text(
    _git_url,
    pattern=rf"(https://|ssh://([A-Za-z0-9._-]+@)?){_HOST_PORT}{_URL_PATH}", limit=512, example="https://git.example.org/vision/apps.git",
)  # fmt: skip


def _http_url(value: str) -> str:
    _no_credentials(value)
    if not re.fullmatch(rf"https?://{_HOST_PORT}{_URL_PATH}", value):
        raise refuse("url", "must be a URL that starts with http:// or https://")
    return value


HttpUrl = _text(
    _http_url,
    pattern=rf"https?://{_HOST_PORT}{_URL_PATH}",
    limit=512,
    example="https://spire.example.org:8443",
)

_REPOSITORY_PATH = r"[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
_DIGEST = r"sha256:[0-9a-f]{64}"


def _oci_url(value: str) -> str:
    _no_credentials(value)
    if re.fullmatch(rf"oci://{_HOST_PORT}/{_REPOSITORY_PATH}", value):
        return value
    bare = value.removeprefix("oci://").removeprefix("https://").lower()
    nearest = re.sub(rf"(:{_TAG}|@{_DIGEST})$", "", bare)
    suggestion = f"oci://{nearest}" if re.fullmatch(rf"{_HOST_PORT}/{_REPOSITORY_PATH}", nearest) else None
    raise refuse(
        "oci-url",
        "must be an OCI repository such as oci://registry.example.org/team/deploy, without tag or digest",
        suggestion,
    )


OciUrl = _text(
    _oci_url,
    pattern=rf"oci://{_HOST_PORT}/{_REPOSITORY_PATH}",
    limit=512,
    example="oci://registry.example.org/vision/deploy",
)

ImagePrefix = _text(
    _matching("image-prefix", rf"{_HOST_PORT}(/{_REPOSITORY_PATH})?", 255, "must be a registry, with or without a path: registry.example.org/team", lambda v: v.lower().removeprefix("https://").rstrip("/")),
    pattern=rf"{_HOST_PORT}(/{_REPOSITORY_PATH})?", limit=255, example="registry.example.org",
)  # fmt: skip
Image = _text(
    _matching("image", rf"({_HOST_PORT}/)?{_REPOSITORY_PATH}(:{_TAG})?(@{_DIGEST})?", 512, "must be an image reference such as registry.example.org/team/app:1.2", str.lower),
    pattern=rf"({_HOST_PORT}/)?{_REPOSITORY_PATH}(:{_TAG})?(@{_DIGEST})?", limit=512, example="registry.example.org/vision/app:1.2",
)  # fmt: skip
"""Distribution spec, reference grammar."""
Tag = _text(
    _matching("tag", _TAG, 128, "must be an OCI tag: letters, digits, '.', '_' and '-'", _nothing),
    pattern=_TAG, limit=128, example="stable",
)  # fmt: skip
Digest = _text(
    _matching("digest", _DIGEST, 71, "must be a digest such as sha256:… with 64 hexadecimal digits", str.lower),
    pattern=_DIGEST, limit=71, example=f"sha256:{'0' * 64}",
)  # fmt: skip

# git check-ref-format, narrowed: no '..', no component that starts with '.' or ends with '.lock'.
_REF = r"(?!.*\.\.)(?!.*\.lock(/|$))[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*"
GitRef = _text(
    _matching("git-ref", _REF, 200, "must be a branch or tag name: letters, digits, '.', '_', '-' and '/'", _nothing),
    pattern=_REF, limit=200, example="main",
)  # fmt: skip


def _relative_path(value: str) -> str:
    parts = value.removeprefix("./").rstrip("/").split("/")
    if value in {".", "./"}:
        return value
    if value.startswith("/") or any(
        part in {"", ".", ".."} or not re.fullmatch(r"[A-Za-z0-9._-]+", part) for part in parts
    ):
        raise refuse("path", "must be a path inside the repository, such as ./deploy, without '..'")
    return value


RelativePath = _text(_relative_path, pattern=r"(\./)?[A-Za-z0-9._/-]*", limit=255, example="./deploy")

# -- lists ---------------------------------------------------------------------------------------------


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


ListInput = BeforeValidator(_as_tuple)
"""Lets a strict, immutable ``tuple`` field take the list that YAML and JSON give."""
