"""The vocabulary of a request: the types that its words have.

Each type is an annotated ``str`` (or ``int``, ``date``) that is checked when it is parsed, carries the JSON
Schema that a form needs, and refuses with the fix. The rules come from the systems that read the
value, so that an accepted request is never refused later for its spelling.

Rules between words do not belong here, nor does anything that knows a fleet or a catalogue.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BeforeValidator

from goldenpath.spec.quantities import duration_seconds, quantity_value
from goldenpath.spec.types._clouds import AwsRole, Uuid
from goldenpath.spec.types._expressions import AnchoredExpression, is_anchored_expression
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
    is_host_pattern,
)
from goldenpath.spec.types._text import (
    TEMPLATE_OPENERS,
    Email,
    Text,
    Title,
)
from goldenpath.spec.value_checks import NAME_CHARS, Word, slug

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
    "is_anchored_expression",
    "is_host_pattern",
    "pattern_messages",
    "quantity_value",
    "rate_a_second",
    "slug",
]


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


ListInput = BeforeValidator(_as_tuple)
"""Lets a strict, immutable ``tuple`` field take the list that YAML and JSON give."""


@functools.cache
def pattern_messages() -> Mapping[str, str]:
    """What is said of a quantity that does not match, by the pattern of its text in a JSON Schema."""
    types = (value for name, value in globals().items() if name in __all__)
    words = (part for kind in types for part in get_args(kind) if isinstance(part, Word))
    said = {word.pattern: word.message for word in words if word.message}
    return {f"^({pattern})$": message for pattern, message in said.items()}
