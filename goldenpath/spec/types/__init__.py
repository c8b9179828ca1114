"""Types of the values in requests and fleets.

Each type is an annotated ``str`` (or ``int``, ``date``) that checks a value when it is parsed, has the JSON Schema for a
form, and names the fix when it refuses a value. The rules come from the systems that read the value. So no system
refuses the spelling of a value in an accepted request later.

Rules between fields, the fleet and the catalogues do not belong here.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BeforeValidator

from goldenpath.spec.quantities import duration_seconds, quantity_value
from goldenpath.spec.types._clouds import AwsRole, Uuid
from goldenpath.spec.types._expressions import AnchoredExpression
from goldenpath.spec.types._models import (
    HubRepository,
    ModelName,
    OciModelUrl,
    PinnedImage,
    PublicKeyPem,
    Rate,
    Revision,
    S3Url,
    rate_a_second,
)
from goldenpath.spec.types._names import (
    DNS_LABEL,
    DNS_LABEL_CHARS,
    DnsLabel,
    DnsSubdomain,
    ExactVersion,
    GoldenPathName,
    GroupPrefix,
    GroupRef,
    IdentityGroup,
    KindName,
    LabelKey,
    LabelValue,
    Name,
    ResourcePrefix,
    SecretName,
    SecretPlace,
    ServiceAccountRef,
    SpiffePath,
    SpireClass,
    TrustDomain,
)
from goldenpath.spec.types._numbers import (
    Bytes,
    Cpu,
    Date,
    Duration,
    KubernetesVersion,
    Port,
    Version,
)
from goldenpath.spec.types._places import (
    Cidr,
    Digest,
    GitRef,
    GitUrl,
    HostName,
    HostPattern,
    HttpUrl,
    Image,
    ImagePrefix,
    OciUrl,
    RelativePath,
    Tag,
)
from goldenpath.spec.types._text import (
    TEMPLATE_OPENERS,
    Email,
    Text,
    Title,
)
from goldenpath.spec.value_checks import NAME_CHARS, TextFormat, is_valid, slug

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "DNS_LABEL",
    "DNS_LABEL_CHARS",
    "NAME_CHARS",
    "TEMPLATE_OPENERS",
    "AnchoredExpression",
    "AwsRole",
    "Bytes",
    "Cidr",
    "Cpu",
    "Date",
    "Digest",
    "DnsLabel",
    "DnsSubdomain",
    "Duration",
    "Email",
    "ExactVersion",
    "GitRef",
    "GitUrl",
    "GoldenPathName",
    "GroupPrefix",
    "GroupRef",
    "HostName",
    "HostPattern",
    "HttpUrl",
    "HubRepository",
    "IdentityGroup",
    "Image",
    "ImagePrefix",
    "KindName",
    "KubernetesVersion",
    "LabelKey",
    "LabelValue",
    "ListInput",
    "ModelName",
    "Name",
    "OciModelUrl",
    "OciUrl",
    "PinnedImage",
    "Port",
    "PublicKeyPem",
    "Rate",
    "RelativePath",
    "ResourcePrefix",
    "Revision",
    "S3Url",
    "SecretName",
    "SecretPlace",
    "ServiceAccountRef",
    "SpiffePath",
    "SpireClass",
    "Tag",
    "Text",
    "Title",
    "TrustDomain",
    "Uuid",
    "Version",
    "duration_seconds",
    "is_valid",
    "pattern_messages",
    "quantity_value",
    "rate_a_second",
    "slug",
]


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


ListInput = BeforeValidator(_as_tuple)
"""Lets a strict, immutable ``tuple`` field accept a list from YAML or JSON."""


@functools.cache
def pattern_messages() -> Mapping[str, str]:
    """Return the message for a value that does not match, by the pattern of a quantity in a JSON Schema."""
    types = (globals()[name] for name in __all__)
    formats = (part for kind in types for part in get_args(kind) if isinstance(part, TextFormat))
    return {f"^({found.pattern})$": found.message for found in formats if found.message}
