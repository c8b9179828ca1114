"""Networks, hosts, repositories, images, and paths in repositories."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Final
from urllib.parse import urlsplit

from goldenpath.spec.node_credentials import is_credential_host, is_credential_network
from goldenpath.spec.registrable_domain import registrable_domain
from goldenpath.spec.types._names import DNS_LABEL_CHARS, DNS_SUBDOMAIN
from goldenpath.spec.value_checks import TextFormat, refuse

_IPV4_BITS: Final = 32
_IPV4_MAPPED: Final = re.compile(r"::ffff:(?P<address>[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+)/(?P<prefix>[0-9]{1,3})")


def _nearest_cidr(value: str) -> str | None:
    try:
        return str(ipaddress.ip_network(value, strict=False))
    except ValueError:
        return None


def _suggested_cidr(value: str) -> str | None:
    """Return the nearest network that would be accepted; None for a network of node credentials."""
    mapped = _IPV4_MAPPED.fullmatch(value.strip().lower())
    if mapped:
        prefix = int(mapped["prefix"]) - 96
        value = f"{mapped['address']}/{prefix}" if 0 <= prefix <= _IPV4_BITS else ""
    nearest = _nearest_cidr(value)
    return None if nearest is None or is_credential_network(nearest) else nearest


def _check_network(value: str) -> None:
    mapped = _IPV4_MAPPED.fullmatch(value.lower())
    if mapped:
        message = "must be written as IPv4: Kubernetes does not read an IPv4 address inside an IPv6 address"
        raise refuse("cidr", message, _suggested_cidr(value))
    network = _nearest_cidr(value)
    if network is None:
        raise refuse("cidr", "must be a CIDR such as 10.20.0.0/16")
    if network != value:
        raise refuse("cidr", "must be a network address with its prefix length", _suggested_cidr(value))


Cidr = Annotated[
    str,
    TextFormat(
        rule="cidr",
        pattern=r"[0-9a-f.:]+/[0-9]{1,3}",
        limit=43,
        message="must be a CIDR such as 10.20.0.0/16",
        example="10.20.0.0/16",
        suggest=_suggested_cidr,
        also=_check_network,
    ),
]


def refuse_credentials(value: str) -> None:
    # `git@host:path` gets a message with the address in its correct form.
    if re.search(r"[?#]|@(?!sha256:)", value) and _SCP.fullmatch(value) is None:
        message = "must have no credentials, query or fragment; name a Secret with `secret:` instead"
        raise refuse("credentials-in-url", message)


# Clients read a name that ends in a number as an IPv4 address (WHATWG URL, "ends in a number").
_ENDS_IN_A_NUMBER: Final = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)")


def _check_host_name(value: str) -> None:
    if _ENDS_IN_A_NUMBER.fullmatch(value):
        raise refuse("host-name", "must be a host name; give an address as `cidr`")
    if any(len(label) > DNS_LABEL_CHARS for label in value.split(".")):
        raise refuse("host-name", f"must have at most {DNS_LABEL_CHARS} characters between two dots")


def _nearest_host(value: str) -> str:
    bare = re.sub(r"^[a-z][a-z0-9+.-]*://", "", value.lower()).split("/", 1)[0]
    return re.sub(r":[0-9]*$", "", bare).removeprefix("*.").rstrip(".")


HostName = Annotated[
    str,
    TextFormat(
        rule="host-name",
        pattern=DNS_SUBDOMAIN,
        limit=253,
        message="must be a host name such as huggingface.co, without scheme, port, path or wildcard",
        example="huggingface.co",
        suggest=_nearest_host,
        guard=refuse_credentials,
        also=_check_host_name,
    ),
]


def _check_host_pattern(value: str) -> None:
    _check_host_name(value)
    if value.startswith("*.") and registrable_domain(value[2:]) is None:
        message = "must be below a domain of one owner: anyone can register a name below this domain"
        raise refuse("host-wildcard", message)


def _nearest_pattern(value: str) -> str:
    host = _nearest_host(value)
    return f"*.{host}" if re.match(r"([a-z][a-z0-9+.-]*://)?\*\.", value.lower()) else host


HostPattern = Annotated[
    str,
    TextFormat(
        rule="host-name",
        pattern=rf"(\*\.)?{DNS_SUBDOMAIN}",
        limit=253,
        message=(
            "must be a host name such as huggingface.co, or *.hf.co for every name one level below hf.co, "
            "without scheme, port or path"
        ),
        example="huggingface.co",
        suggest=_nearest_pattern,
        guard=refuse_credentials,
        also=_check_host_pattern,
    ),
]


_IPV6 = r"\[[0-9A-Fa-f:.]{2,45}\]"
HOST_PORT = rf"({DNS_SUBDOMAIN}|{_IPV6})(:[0-9]{{1,5}})?"
_HOST_FORM: Final = "a host name or an IPv6 address in brackets, optionally with a port"
_URL_PATH = r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~%+@-]+)*/?"
_SCP = re.compile(r"(?P<user>[A-Za-z0-9._-]+@)?(?P<host>[a-z0-9.-]+):(?P<path>[A-Za-z0-9._/-]+)")


def check_registry(value: str) -> None:
    """Check the host of an image: the part before the first slash, if this part has a dot or a port."""
    registry, slash, _ = value.partition("/")
    if slash and re.search(r"[.:]", registry):
        _check_host(f"//{registry}")


def _check_host(value: str) -> None:
    """Check the host of an address: a valid IPv6 literal and port, and no service of node credentials."""
    parts = urlsplit(value)
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise refuse(
            "url", "must have a valid IPv6 address in its brackets, and a port up to 65535"
        ) from None
    if port == 0:
        raise refuse("url", "must have a port from 1 to 65535")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if _ENDS_IN_A_NUMBER.fullmatch(host):
            message = (
                "must have an IPv4 address as four decimal numbers without leading zeros, such as 192.0.2.7"
            )
            raise refuse("url", message) from None
        refused = is_credential_host(host)
    else:
        refused = is_credential_network(f"{address}/{address.max_prefixlen}")
    if refused:
        raise refuse("node-credentials", "is where a cloud gives a node its credentials; name another host")


def _nearest_git_url(value: str) -> str | None:
    if value.startswith("http://"):
        return value.replace("http://", "https://", 1)
    scp = _SCP.fullmatch(value)
    return f"ssh://{scp['user'] or ''}{scp['host']}/{scp['path']}" if scp else None


GitUrl = Annotated[
    str,
    TextFormat(
        rule="git-url",
        pattern=rf"(https://|ssh://([A-Za-z0-9._-]+@)?){HOST_PORT}{_URL_PATH}",
        limit=512,
        message=f"must be a Git URL: https:// or ssh://, then {_HOST_FORM}, and a path",
        example="https://git.example.org/vision/apps.git",
        suggest=_nearest_git_url,
        guard=refuse_credentials,
        also=_check_host,
    ),
]
HttpUrl = Annotated[
    str,
    TextFormat(
        rule="url",
        pattern=rf"https?://{HOST_PORT}{_URL_PATH}",
        limit=512,
        message=f"must be a URL: http:// or https://, then {_HOST_FORM}, and optionally a path",
        example="https://spire.example.org:8443",
        guard=refuse_credentials,
        also=_check_host,
    ),
]

# The reference grammar of the OCI distribution specification.
REPOSITORY_PATH = r"[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"
TAG = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
DIGEST = r"sha256:[0-9a-f]{64}"


def _nearest_oci_url(value: str) -> str:
    bare = value.lower().removeprefix("oci://").removeprefix("https://")
    return "oci://" + re.sub(r"(:[a-z0-9_][a-z0-9._-]*)?(@sha256:[0-9a-f]*)?$", "", bare)


OciUrl = Annotated[
    str,
    TextFormat(
        rule="oci-url",
        pattern=rf"oci://{HOST_PORT}/{REPOSITORY_PATH}",
        limit=512,
        message="must be an OCI repository such as oci://registry.example.org/team/deploy, without tag or digest",
        example="oci://registry.example.org/vision/deploy",
        suggest=_nearest_oci_url,
        guard=refuse_credentials,
        also=_check_host,
    ),
]
ImagePrefix = Annotated[
    str,
    TextFormat(
        rule="image-prefix",
        pattern=rf"{HOST_PORT}(/{REPOSITORY_PATH})?",
        limit=255,
        message="must be a registry, with or without a path: registry.example.org/team",
        example="registry.example.org",
        suggest=lambda value: re.sub(r"^[a-z]+://", "", value.lower()).rstrip("/*"),
        guard=refuse_credentials,
        also=lambda value: check_registry(f"{value}/"),
    ),
]
Image = Annotated[
    str,
    TextFormat(
        rule="image",
        pattern=rf"({HOST_PORT}/)?{REPOSITORY_PATH}(:{TAG})?(@{DIGEST})?",
        limit=512,
        message="must be an image reference such as registry.example.org/team/app:1.2",
        example="registry.example.org/vision/app:1.2",
        suggest=str.lower,
        guard=refuse_credentials,
        also=check_registry,
    ),
]
Tag = Annotated[
    str, TextFormat("tag", TAG, 128, "must be an OCI tag: letters, digits, '.', '_' and '-'", "stable")
]
Digest = Annotated[
    str,
    TextFormat(
        rule="digest",
        pattern=DIGEST,
        limit=71,
        message="must be a digest such as sha256:… with 64 hexadecimal digits",
        example=f"sha256:{'0' * 64}",
        suggest=str.lower,
    ),
]
GitRef = Annotated[
    str,
    TextFormat(
        rule="git-ref",
        # git check-ref-format, narrowed: no '..', no component that starts with '.' or ends with '.lock' or '.'.
        pattern=r"(?!.*\.\.)(?!.*\.lock(/|$))(?!.*\.(/|$))[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*",
        limit=200,
        message="must be a branch or tag name: letters, digits, '.', '_', '-' and '/'",
        example="main",
        suggest=lambda value: value.removeprefix("refs/heads/").removeprefix("refs/tags/"),
    ),
]
_PATH_SEGMENT = r"(?!\.{1,2}(/|$))[A-Za-z0-9._-]+"
RelativePath = Annotated[
    str,
    TextFormat(
        rule="path",
        pattern=rf"(\./?|(\./)?{_PATH_SEGMENT}(/{_PATH_SEGMENT})*/?)",
        limit=255,
        message="must be a path inside the repository, such as ./deploy, without '..'",
        example="./deploy",
        suggest=lambda value: "./" + value.lstrip("/"),
    ),
]
