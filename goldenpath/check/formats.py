"""Text formats that the API server requires, by name: a test, a noun and a fix for each.

Names that start with ``k8s-`` come from Kubernetes' markers (``+k8s:format``). Other names come from
CustomResourceDefinitions (``apiextensions`` ``supportedFormats``) or are our own. A name that ends in ``?`` also accepts
the empty text.

Source: ``apimachinery/pkg/util/validation`` and ``apimachinery/pkg/api/validate/content`` of Kubernetes 1.37, and
``kube-openapi/pkg/validation/strfmt``.
"""

from __future__ import annotations

import binascii
import ipaddress
import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cel_expr_python import cel

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "INTEGERS",
    "Format",
    "checks",
    "format_named",
    "is_cidr",
    "is_data_key",
    "is_dns_label",
    "is_dns_name",
    "is_label_value",
    "is_path_segment",
    "is_qualified_name",
    "supported",
]

MAX_DNS_NAME: Final = 253
INTEGERS: Final = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}
"""The bounds of the number formats."""

_DNS_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)
_DNS_LABEL_1035: Final = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)
_DNS_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", re.ASCII)
_QUALIFIED: Final = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?", re.ASCII)
_DATA_KEY: Final = re.compile(r"[-._a-zA-Z0-9]+", re.ASCII)
_PORT_NAME: Final = re.compile(r"(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?", re.ASCII)
_ENV_NAME: Final = re.compile(r"[\x20-\x3c\x3e-\x7e]+", re.ASCII)
_HEADER_NAME: Final = re.compile(r"[-A-Za-z0-9]+", re.ASCII)
_SYSCTL: Final = re.compile(r"([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?", re.ASCII)
_SEARCH_PATH: Final = re.compile(
    r"[a-z0-9_]([-_a-z0-9]*[a-z0-9_])?(\.[a-z0-9_]([-_a-z0-9]*[a-z0-9_])?)*\.?|\.", re.ASCII
)
_DRIVER: Final = re.compile(r"[a-zA-Z0-9]([-a-zA-Z0-9.]{0,61}[a-zA-Z0-9])?", re.ASCII)
_PERCENT: Final = re.compile(r"[0-9]+%", re.ASCII)
_UUID: Final = re.compile(
    r"[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}", re.ASCII
)
_CEL_IDENTIFIER: Final = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*", re.ASCII)
_TIME_ZONE: Final = re.compile(r"[A-Za-z0-9_+\-]+(/[A-Za-z0-9_+\-]+)*", re.ASCII)
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")
_URI: Final = re.compile(r"([A-Za-z][-A-Za-z0-9+.]*:|/)\S*")
_HOST_NAME: Final = re.compile(
    r"[A-Za-z0-9_]([-A-Za-z0-9_]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([-A-Za-z0-9_]*[A-Za-z0-9_])?)*\.?", re.ASCII
)
_DATE: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])", re.ASCII)
_MAC: Final = re.compile(
    r"([0-9A-Fa-f]{2}([:-])([0-9A-Fa-f]{2}\2){4}[0-9A-Fa-f]{2})|([0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}", re.ASCII
)
_GO_DURATION: Final = re.compile(r"[-+]?(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)", re.ASCII)
_WORDED_DURATION: Final = re.compile(
    r"(\d+)\s*(ns|nanoseconds?|us|µs|microseconds?|ms|milliseconds?|s|seconds?|secs?|m|minutes?|mins?|h|hours?|hrs?|d|days?|w|weeks?|wks?)",
    re.ASCII,
)
_LIMIT_TYPES: Final = frozenset({"Pod", "Container", "PersistentVolumeClaim"})
_JSON_PATH: Final = re.compile(r"\.[^\s].*", re.DOTALL)
_REPLICAS_PATH: Final = re.compile(r"\.(spec|status)\..+")
_MAX_POOL: Final = 253
_MAX_ATTRIBUTE: Final = 32
_MIN_WEBHOOK_PARTS: Final = 3


class Format(NamedTuple):
    """A test for a text, the noun for a text that passes, and the fix for one that fails."""

    fits: Callable[[str], bool]
    noun: str
    fix: str


# All objects of a tenant repeat the same few names, keys and values.
@lru_cache(maxsize=4096)
def is_label_value(value: str) -> bool:
    return not value or _QUALIFIED.fullmatch(value) is not None


@lru_cache(maxsize=4096)
def is_qualified_name(key: str) -> bool:
    prefix, slash, name = key.rpartition("/")
    prefix_fits = not slash or is_dns_name(prefix)
    return prefix_fits and _QUALIFIED.fullmatch(name) is not None


@lru_cache(maxsize=4096)
def is_dns_label(text: str) -> bool:
    return _DNS_LABEL.fullmatch(text) is not None


def is_dns_name(text: str) -> bool:
    return len(text) <= MAX_DNS_NAME and _DNS_NAME.fullmatch(text) is not None


def is_data_key(text: str) -> bool:
    """A key of a ConfigMap or Secret, which becomes a file's name."""
    return (
        len(text) <= MAX_DNS_NAME
        and _DATA_KEY.fullmatch(text) is not None
        and text != "."
        and not text.startswith("..")
    )


def is_path_segment(text: str) -> bool:
    return bool(text) and text not in {".", ".."} and "/" not in text and "%" not in text


@lru_cache(maxsize=4096)
def is_cidr(text: str) -> bool:
    """Whether Go's ``net.ParseCIDR`` accepts the text: host bits are allowed, an address without a length is not."""
    if "/" not in text or not text.rpartition("/")[2].isdecimal():
        return False
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def _is_ip_version(text: str, version: int) -> bool:
    return is_ip(text) and ipaddress.ip_address(text).version == version


def _is_prefixed_key(text: str) -> bool:
    """``validation.IsDomainPrefixedKey``"""
    prefix, slash, name = text.partition("/")
    return bool(slash) and is_dns_name(prefix) and _QUALIFIED.fullmatch(name) is not None


def _is_prefixed_path(text: str) -> bool:
    """``validation.IsDomainPrefixedPath``"""
    prefix, slash, path = text.partition("/")
    return bool(slash and path) and is_dns_name(prefix)


def _is_resource_attribute(text: str) -> bool:
    prefix, slash, name = text.partition("/")
    return (
        bool(slash)
        and is_dns_name(prefix)
        and _CEL_IDENTIFIER.fullmatch(name) is not None
        and len(name) <= _MAX_ATTRIBUTE
    )


def _is_extended_resource(text: str) -> bool:
    return (
        "/" in text
        and "kubernetes.io/" not in text
        and not text.startswith("requests.")
        and is_qualified_name(f"requests.{text}")
    )


def _is_pool_name(text: str) -> bool:
    return 0 < len(text) <= _MAX_POOL and all(is_dns_name(part) for part in text.split("/"))


def _is_local_path(text: str) -> bool:
    return not text.startswith("/") and ".." not in text.split("/")


def _is_host(text: str) -> bool:
    """Whether a text is the host of an Ingress: a DNS name, not an address; ``*.`` may come first."""
    return not is_ip(text) and is_dns_name(text.removeprefix("*."))


def _is_webhook_name(text: str) -> bool:
    return is_dns_name(text) and len(text.split(".")) >= _MIN_WEBHOOK_PARTS


def _is_kind(text: str) -> bool:
    return _DNS_LABEL_1035.fullmatch(text.lower()) is not None


def _is_duration(text: str) -> bool:
    return _GO_DURATION.fullmatch(text) is not None or _WORDED_DURATION.fullmatch(text.strip()) is not None


def _is_base64(text: str) -> bool:
    """Whether Go's ``base64.StdEncoding`` decodes the text. It skips line breaks."""
    text = text.replace("\n", "").replace("\r", "")
    try:
        binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError):
        return False
    return len(text) % 4 == 0


_CRON_FIELDS: Final = (
    (0, 59, ()),
    (0, 23, ()),
    (1, 31, ()),
    (1, 12, ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")),
    (0, 6, ("sun", "mon", "tue", "wed", "thu", "fri", "sat")),
)
_CRON_WORDS: Final = frozenset(
    {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}
)


def _is_cron(text: str) -> bool:
    """Whether ``ParseStandard`` of ``robfig/cron/v3`` accepts the text. The API server refuses ``TZ=``."""
    if "TZ" in text:
        return False
    if text.startswith("@"):
        return text in _CRON_WORDS or (
            text.startswith("@every ") and _GO_DURATION.fullmatch(text[7:]) is not None
        )
    fields = text.split()
    return len(fields) == len(_CRON_FIELDS) and all(
        _is_cron_part(part, *limits)
        for field, limits in zip(fields, _CRON_FIELDS, strict=True)
        for part in field.split(",")
    )


def _is_cron_part(part: str, low: int, high: int, words: tuple[str, ...]) -> bool:
    span, slash, step = part.partition("/")
    if slash and not (step.isdecimal() and int(step) > 0):
        return False
    first, dash, last = span.partition("-")
    if first in {"*", "?"}:
        return not dash
    numbers = [_cron_number(word, low, words) for word in ((first, last) if dash else (first,))]
    return all(number is not None and low <= number <= high for number in numbers) and (
        not dash or (numbers[0] or 0) <= (numbers[1] or 0)
    )


def _cron_number(word: str, low: int, words: tuple[str, ...]) -> int | None:
    if word.lower() in words:
        return words.index(word.lower()) + low
    return int(word) if word.isdecimal() and word.isascii() else None


def _are_indexes(text: str) -> bool:
    """Whether a text lists indexes for a Job's success policy, in order: ``0,2-4``."""
    last = -1
    for part in text.split(","):
        first, dash, end = part.partition("-")
        if (
            not (first.isdecimal() and (not dash or end.isdecimal()))
            or int(first) <= last
            or (dash and int(end) <= int(first))
        ):
            return False
        last = int(end or first)
    return True


def _is_cel(text: str) -> bool:
    """Whether the CEL expression parses. Unknown names pass, because each place defines other names and functions."""
    try:
        _parser().compile(text)
    except RuntimeError as error:
        return "Syntax error" not in str(error)
    return True


@cache
def _parser() -> Any:
    return cel.NewEnv()


def _matching(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: pattern.fullmatch(text) is not None


_LABEL_FIX: Final = "Use at most 63 of a-z, 0-9 and '-', with a letter or digit at both ends."
_NAME_FIX: Final = (
    "Use at most 253 of a-z, 0-9, '-' and '.', with a letter or digit at both ends of each part."
)
_FORMATS: Final[dict[str, Format]] = {
    "k8s-short-name": Format(is_dns_label, "DNS label", _LABEL_FIX),
    "k8s-long-name": Format(is_dns_name, "DNS name", _NAME_FIX),
    "k8s-long-name-caseless": Format(lambda text: is_dns_name(text.lower()), "DNS name", _NAME_FIX),
    "k8s-label-key": Format(is_qualified_name, "qualified name", "Write it as name or domain/name."),
    "label-key-caseless": Format(lambda text: is_qualified_name(text.lower()), "qualified name", "Write it as name or domain/name."),
    "k8s-label-value": Format(is_label_value, "label value", "Use at most 63 of A-Z, a-z, 0-9, '-', '_' and '.'."),
    "k8s-prefixed-label-key": Format(_is_prefixed_key, "name with a domain", "Write it as domain/name."),
    "k8s-prefixed-path": Format(_is_prefixed_path, "path with a domain", "Write it as domain/path."),
    "k8s-uuid": Format(_matching(_UUID), "UUID", "Write it as 123e4567-e89b-12d3-a456-426614174000."),
    "k8s-resource-fully-qualified-name": Format(_is_resource_attribute, "qualified attribute", "Write it as domain/name."),
    "k8s-resource-pool-name": Format(_is_pool_name, "pool name", "Use DNS names with '/' between them."),
    "k8s-extended-resource-name": Format(_is_extended_resource, "extended resource", "Write it as domain/name."),
    "dns-label-1035": Format(
        _matching(_DNS_LABEL_1035), "DNS label that starts with a letter", "Use at most 63 of a-z, 0-9 and '-', a letter first."
    ),
    "dns-label-1035-or-1123": Format(is_dns_label, "DNS label", _LABEL_FIX),
    "kind": Format(_is_kind, "kind", "Use letters and digits, a letter first."),
    "port-name": Format(_matching(_PORT_NAME), "port name", "Use at most 15 of a-z, 0-9 and '-', with a letter among them."),
    "env-name": Format(_matching(_ENV_NAME), "name of an environment variable", "Use printable ASCII without '='."),
    "data-key": Format(is_data_key, "file name", "Use A-Z, a-z, 0-9, '-', '_' and '.'."),
    "local-path": Format(_is_local_path, "path below the volume", "Write a relative path without '..'."),
    "no-backsteps": Format(lambda text: bool(text) and ".." not in text.split("/"), "path without '..'", "Write the path without '..'."),
    "absolute-path": Format(lambda text: text.startswith("/"), "absolute path", "Begin it with '/'."),
    "header-name": Format(_matching(_HEADER_NAME), "name of a header", "Use A-Z, a-z, 0-9 and '-'."),
    "sysctl": Format(lambda text: len(text) <= MAX_DNS_NAME and _SYSCTL.fullmatch(text) is not None, "sysctl", "Name one such as net.core.somaxconn."),
    "search-path": Format(_matching(_SEARCH_PATH), "search domain", "Write a DNS name."),
    "ip": Format(is_ip, "IP address", "Write one such as 192.0.2.1 or 2001:db8::1."),
    "cluster-ip": Format(lambda text: text in {"", "None"} or is_ip(text), "IP address", "Write an address, None, or nothing."),
    "cidr": Format(is_cidr, "CIDR", "Write one such as 10.0.0.0/8 or 2001:db8::/32."),
    "driver-name": Format(_matching(_DRIVER), "name of a driver", "Use at most 63 of A-Z, a-z, 0-9, '-' and '.'."),
    "limit-type": Format(
        lambda text: text in _LIMIT_TYPES or ("/" in text and is_qualified_name(text)),
        "type of limit range", "Use Container, Pod or PersistentVolumeClaim.",
    ),
    "amount": Format(_matching(_PERCENT), "percentage", "Write a number, or a percentage such as 25%."),
    "cron": Format(_is_cron, "schedule", "Write five fields such as 0 3 * * 1, or @daily."),
    "time-zone": Format(lambda text: text.lower() != "local" and _TIME_ZONE.fullmatch(text) is not None, "time zone", "Name one such as Europe/Paris."),
    "path-segment": Format(is_path_segment, "segment of a URL path", "Remove '/' and '%'."),
    "host": Format(_is_host, "host name", "Write a DNS name such as api.acme.dev or *.acme.dev."),
    "webhook-name": Format(_is_webhook_name, "fully qualified name", "Give it at least three parts, such as check.acme.dev."),
    "cel": Format(_is_cel, "CEL expression", "Correct its syntax."),
    "indexes": Format(_are_indexes, "list of indexes", "Write one such as 0,2-4, in order."),
    "json-path": Format(_matching(_JSON_PATH), "JSON path", "Write one such as .spec.size."),
    "replicas-path": Format(_matching(_REPLICAS_PATH), "JSON path", "Write one below .spec or .status."),
    "cel-identifier": Format(_matching(_CEL_IDENTIFIER), "CEL identifier", "Use letters, digits and '_'."),
    "date": Format(_matching(_DATE), "date", "Write one such as 2026-01-31."),
    "duration": Format(_is_duration, "duration", "Write one such as 90s or 1h30m."),
    "email": Format(_matching(_EMAIL), "e-mail address", "Write one such as team@acme.dev."),
    "uri": Format(_matching(_URI), "URI", "Write one such as https://acme.dev/path."),
    "hostname": Format(_matching(_HOST_NAME), "host name", "Write a DNS name."),
    "ipv4": Format(lambda text: _is_ip_version(text, 4), "IPv4 address", "Write one such as 192.0.2.1."),
    "ipv6": Format(lambda text: _is_ip_version(text, 6), "IPv6 address", "Write one such as 2001:db8::1."),
    "mac": Format(_matching(_MAC), "MAC address", "Write one such as 00:00:5e:00:53:01."),
    "uuid": Format(_matching(_UUID), "UUID", "Write it as 123e4567-e89b-12d3-a456-426614174000."),
    "byte": Format(_is_base64, "base64 text", "Encode the bytes, or use a field that takes plain text."),
    "date-time": Format(lambda _: True, "date-time", "Write one such as 2026-01-31T12:00:00Z."),
}  # fmt: skip

_FROM_THE_LIBRARY: Final = frozenset({"date-time"})  # jsonschema_rs tests these formats


def format_named(name: str) -> Format | None:
    """Return the format of a name, with or without ``?``; None if it is unknown."""
    return _FORMATS.get(name.removesuffix("?"))


def supported() -> frozenset[str]:
    """Return the names of all formats, without ``?``."""
    return frozenset(_FORMATS)


@cache
def checks() -> dict[str, Callable[[str], bool]]:
    """Return the test of each format by name, for the compiler of schemas."""
    own = {name: item.fits for name, item in _FORMATS.items() if name not in _FROM_THE_LIBRARY}
    return own | {f"{name}?": _or_empty(fits) for name, fits in own.items()}


def _or_empty(fits: Callable[[str], bool]) -> Callable[[str], bool]:
    return lambda text: not text or fits(text)
