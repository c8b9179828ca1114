"""The vocabulary of a request: the types that its words have.

Each type is an annotated ``str`` (or ``int``, ``date``) that is checked when it is parsed, carries the JSON
Schema that a form needs, and refuses with the fix. The rules are those of the systems that will read the
value, so that an accepted request is never refused later for its spelling.

Rules between words do not belong here, nor does anything that knows a fleet or a catalogue.
"""

from __future__ import annotations

from typing import Any

from pydantic import BeforeValidator

from goldenpath.spec.quantities import duration_seconds, quantity_value
from goldenpath.spec.types._names import (
    DNS_LABEL_CHARS,
    DnsLabel,
    DnsSubdomain,
    GoldenPathName,
    GroupPrefix,
    GroupRef,
    IdentityGroup,
    KindName,
    LabelKey,
    LabelValue,
    Name,
    SecretName,
    SecretPlace,
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
from goldenpath.spec.words import NAME_CHARS, slug

__all__ = [
    "DNS_LABEL_CHARS",
    "NAME_CHARS",
    "TEMPLATE_OPENERS",
    "Bytes",
    "Cidr",
    "Cpu",
    "Date",
    "Digest",
    "DnsLabel",
    "DnsSubdomain",
    "Duration",
    "Email",
    "GitRef",
    "GitUrl",
    "GoldenPathName",
    "GroupPrefix",
    "GroupRef",
    "HostName",
    "HttpUrl",
    "IdentityGroup",
    "Image",
    "ImagePrefix",
    "KindName",
    "KubernetesVersion",
    "LabelKey",
    "LabelValue",
    "ListInput",
    "Name",
    "OciUrl",
    "Port",
    "RelativePath",
    "SecretName",
    "SecretPlace",
    "SpiffePath",
    "SpireClass",
    "Tag",
    "Text",
    "Title",
    "TrustDomain",
    "Version",
    "duration_seconds",
    "quantity_value",
    "slug",
]


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


ListInput = BeforeValidator(_as_tuple)
"""Lets a strict, immutable ``tuple`` field take the list that YAML and JSON give."""
