"""Places: networks, hosts, repositories, images, and paths in them."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from goldenpath.spec.node_credentials import is_credential_host, is_credential_network
from goldenpath.spec.registrable_domain import registrable_domain
from goldenpath.spec.types._names import DNS_LABEL_CHARS, DNS_SUBDOMAIN
from goldenpath.spec.value_checks import Word, refuse

_IPV4_BITS: Final = 32
_IPV4_MAPPED: Final = re.compile(r"::ffff:(?P<address>[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+)/(?P<prefix>[0-9]{1,3})")


def _nearest_cidr(value: str) -> str | None:
    try:
        return str(ipaddress.ip_network(value, strict=False))
    except ValueError:
        return None


def _suggested_cidr(value: str) -> str | None:
    """The nearest network that would be accepted: none where a cloud gives a node its credentials."""
    mapped = _IPV4_MAPPED.fullmatch(value.strip().lower())
    if mapped:
        prefix = int(mapped["prefix"]) - 96
        value = f"{mapped['address']}/{prefix}" if 0 <= prefix <= _IPV4_BITS else ""
    nearest = _nearest_cidr(value)
    return None if nearest is None or is_credential_network(nearest) else nearest


def _network_address(value: str) -> None:
    mapped = _IPV4_MAPPED.fullmatch(value.lower())
    if mapped:
        message = "must be written as IPv4: Kubernetes does not read an IPv4 address inside an IPv6 one"
        raise refuse("cidr", message, _suggested_cidr(value))
    network = _nearest_cidr(value)
    if network is None:
        raise refuse("cidr", "must be a CIDR such as 10.20.0.0/16")
    if network != value:
        raise refuse("cidr", "must be a network address with its prefix length", _suggested_cidr(value))


Cidr = Annotated[
    str,
    Word(
        rule="cidr",
        pattern=r"[0-9a-f.:]+/[0-9]{1,3}",
        limit=43,
        message="must be a CIDR such as 10.20.0.0/16",
        example="10.20.0.0/16",
        suggest=_suggested_cidr,
        also=_network_address,
    ),
]


def without_credentials(value: str) -> None:
    # `git@host:path` is not an address, and is shown with the one that was meant.
    if re.search(r"[?#]|@(?!sha256:)", value) and _SCP.fullmatch(value) is None:
        message = "must hold no credentials, query or fragment; name a Secret with `secret:` instead"
        raise refuse("credentials-in-url", message)


# A name that ends in a number is read as an IPv4 address (WHATWG URL, "ends in a number").
_ENDS_IN_A_NUMBER: Final = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)")


def _a_name_and_no_address(value: str) -> None:
    if _ENDS_IN_A_NUMBER.fullmatch(value):
        raise refuse("host-name", "must be a host name; give an address as `cidr`")
    if any(len(label) > DNS_LABEL_CHARS for label in value.split(".")):
        raise refuse("host-name", f"must have at most {DNS_LABEL_CHARS} characters between two dots")


def _nearest_host(value: str) -> str:
    bare = re.sub(r"^[a-z][a-z0-9+.-]*://", "", value.lower()).split("/", 1)[0]
    return re.sub(r":[0-9]*$", "", bare).removeprefix("*.").rstrip(".")


HostName = Annotated[
    str,
    Word(
        rule="host-name",
        pattern=DNS_SUBDOMAIN,
        limit=253,
        message="must be a host name such as huggingface.co, without scheme, port, path or wildcard",
        example="huggingface.co",
        suggest=_nearest_host,
        guard=without_credentials,
        also=_a_name_and_no_address,
    ),
]


def _one_domain(value: str) -> None:
    _a_name_and_no_address(value)
    if value.startswith("*.") and registrable_domain(value[2:]) is None:
        message = "must be below a domain of one owner: everybody can have a name below this one"
        raise refuse("host-wildcard", message)


def _nearest_pattern(value: str) -> str:
    host = _nearest_host(value)
    return f"*.{host}" if re.match(r"([a-z][a-z0-9+.-]*://)?\*\.", value.lower()) else host


HostPattern = Annotated[
    str,
    Word(
        rule="host-name",
        pattern=rf"(\*\.)?{DNS_SUBDOMAIN}",
        limit=253,
        message=(
            "must be a host name such as huggingface.co, or *.hf.co for every name one level below hf.co, "
            "without scheme, port or path"
        ),
        example="huggingface.co",
        suggest=_nearest_pattern,
        guard=without_credentials,
        also=_one_domain,
    ),
]


def is_host_pattern(text: str) -> bool:
    """Whether a text is a host name, or a wildcard below a domain, that a request can hold."""
    try:
        TypeAdapter(HostPattern).validate_python(text)
    except ValidationError:
        return False
    return True


_IPV6 = r"\[[0-9A-Fa-f:.]{2,45}\]"
HOST_PORT = rf"({DNS_SUBDOMAIN}|{_IPV6})(:[0-9]{{1,5}})?"
_HOST_WORDS: Final = "a host name or an IPv6 address in brackets, perhaps a port"
_URL_PATH = r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~%+@-]+)*/?"
_SCP = re.compile(r"(?P<user>[A-Za-z0-9._-]+@)?(?P<host>[a-z0-9.-]+):(?P<path>[A-Za-z0-9._/-]+)")


def reachable_registry(value: str) -> None:
    """The registry of an image: what stands before the first slash, where that is a host."""
    registry, slash, _ = value.partition("/")
    if slash and re.search(r"[.:]", registry):
        _reachable_host(f"//{registry}")


def _reachable_host(value: str) -> None:
    """The host of an address: an IPv6 literal that is one, a port that there can be, and never a node's credentials."""
    parts = urlsplit(value)
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise refuse("url", "must have an IPv6 address in its brackets, and a port up to 65535") from None
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
    Word(
        rule="git-url",
        pattern=rf"(https://|ssh://([A-Za-z0-9._-]+@)?){HOST_PORT}{_URL_PATH}",
        limit=512,
        message=f"must be a Git URL: https:// or ssh://, then {_HOST_WORDS}, and a path",
        example="https://git.example.org/vision/apps.git",
        suggest=_nearest_git_url,
        guard=without_credentials,
        also=_reachable_host,
    ),
]
HttpUrl = Annotated[
    str,
    Word(
        rule="url",
        pattern=rf"https?://{HOST_PORT}{_URL_PATH}",
        limit=512,
        message=f"must be a URL: http:// or https://, then {_HOST_WORDS}, and perhaps a path",
        example="https://spire.example.org:8443",
        guard=without_credentials,
        also=_reachable_host,
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
    Word(
        rule="oci-url",
        pattern=rf"oci://{HOST_PORT}/{REPOSITORY_PATH}",
        limit=512,
        message="must be an OCI repository such as oci://registry.example.org/team/deploy, without tag or digest",
        example="oci://registry.example.org/vision/deploy",
        suggest=_nearest_oci_url,
        guard=without_credentials,
        also=_reachable_host,
    ),
]
ImagePrefix = Annotated[
    str,
    Word(
        rule="image-prefix",
        pattern=rf"{HOST_PORT}(/{REPOSITORY_PATH})?",
        limit=255,
        message="must be a registry, with or without a path: registry.example.org/team",
        example="registry.example.org",
        suggest=lambda value: re.sub(r"^[a-z]+://", "", value.lower()).rstrip("/*"),
        guard=without_credentials,
        also=lambda value: reachable_registry(f"{value}/"),
    ),
]
Image = Annotated[
    str,
    Word(
        rule="image",
        pattern=rf"({HOST_PORT}/)?{REPOSITORY_PATH}(:{TAG})?(@{DIGEST})?",
        limit=512,
        message="must be an image reference such as registry.example.org/team/app:1.2",
        example="registry.example.org/vision/app:1.2",
        suggest=str.lower,
        guard=without_credentials,
        also=reachable_registry,
    ),
]
Tag = Annotated[str, Word("tag", TAG, 128, "must be an OCI tag: letters, digits, '.', '_' and '-'", "stable")]
Digest = Annotated[
    str,
    Word(
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
    Word(
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
    Word(
        rule="path",
        pattern=rf"(\./?|(\./)?{_PATH_SEGMENT}(/{_PATH_SEGMENT})*/?)",
        limit=255,
        message="must be a path inside the repository, such as ./deploy, without '..'",
        example="./deploy",
        suggest=lambda value: "./" + value.lstrip("/"),
    ),
]
