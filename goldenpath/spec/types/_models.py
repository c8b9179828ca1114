"""Where a model is: its name, and places whose content is fixed by a digest or a revision."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Final

from goldenpath.finding_rules import RULES
from goldenpath.spec.types._places import (
    DIGEST,
    HOST_PORT,
    REPOSITORY_PATH,
    TAG,
    reachable_registry,
    without_credentials,
)
from goldenpath.spec.value_checks import Word, refuse

__all__ = [
    "HubRepository",
    "ModelName",
    "OciModelUrl",
    "PinnedImage",
    "PublicKeyPem",
    "Rate",
    "Revision",
    "S3Url",
    "rate_a_second",
]

_SEGMENT: Final = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_HUB_ID: Final = rf"{_SEGMENT}(/{_SEGMENT})?"

ModelName = Annotated[
    str,
    Word(
        rule="model-name",
        pattern=_HUB_ID,
        limit=120,
        message="must be a model's name such as meta-llama/Llama-3.3-70B-Instruct",
        example="meta-llama/Llama-3.3-70B-Instruct",
        suggest=lambda value: re.sub(r"^https?://[^/]*/", "", value).strip("/"),
    ),
]
HubRepository = Annotated[
    str,
    Word(
        rule="hub-repository",
        pattern=rf"{_SEGMENT}/{_SEGMENT}",
        limit=120,
        message="must be a repository of the Hugging Face Hub, as owner/name",
        example="meta-llama/Llama-3.3-70B-Instruct",
        suggest=lambda value: re.sub(r"^(hf|https?)://(huggingface\.co/)?", "", value).strip("/"),
    ),
]
Revision = Annotated[
    str,
    Word(
        rule="revision",
        pattern=r"[0-9a-f]{40}",
        limit=40,
        message="must be a commit, as 40 hexadecimal digits: a branch or tag may mean something else tomorrow",
        example="6f6073b423013f6a7d4d9f39144961bfbfbc386b",
        suggest=str.lower,
    ),
]
_LONGEST: Final = 512
_OCI_REPOSITORY: Final = rf"oci://{HOST_PORT}/{REPOSITORY_PATH}"
_UNPINNED: Final = re.compile(rf"{_OCI_REPOSITORY}(:{TAG})?")


def _by_digest(value: str) -> None:
    """A tag is refused in the words of admission."""
    without_credentials(value)
    if len(value) <= _LONGEST and _UNPINNED.fullmatch(value):
        rule = RULES["model-tag"]
        raise refuse(rule.id, f"{rule.title} Fix: {rule.fix}".removesuffix("."))


OciModelUrl = Annotated[
    str,
    Word(
        rule="model-digest",
        pattern=rf"{_OCI_REPOSITORY}@{DIGEST}",
        limit=_LONGEST,
        message="must be an OCI artifact with its digest, as oci://registry.example.org/models/llama@sha256:…",
        example=f"oci://registry.example.org/models/llama@sha256:{'0' * 64}",
        guard=_by_digest,
        also=lambda value: reachable_registry(value.removeprefix("oci://")),
    ),
]
PinnedImage = Annotated[
    str,
    Word(
        rule="image-digest",
        pattern=rf"{HOST_PORT}/{REPOSITORY_PATH}(:{TAG})?@{DIGEST}",
        limit=512,
        message="must be an image with registry and digest, as registry.example.org/serving/vllm@sha256:…",
        example=f"registry.example.org/serving/vllm@sha256:{'0' * 64}",
        guard=without_credentials,
        also=reachable_registry,
    ),
]
PublicKeyPem = Annotated[
    str,
    Word(
        rule="public-key",
        pattern=r"-----BEGIN PUBLIC KEY-----\n[A-Za-z0-9+/=\n]{60,400}\n-----END PUBLIC KEY-----\n?",
        limit=600,
        message="must be a public key in PEM (-----BEGIN PUBLIC KEY-----); `openssl ec -pubout` writes one",
        example="-----BEGIN PUBLIC KEY-----\n…\n-----END PUBLIC KEY-----\n",
    ),
]
S3Url = Annotated[
    str,
    Word(
        rule="s3-url",
        pattern=r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/(?!\.{1,2}(/|$))[A-Za-z0-9._-]+)*/?",
        limit=512,
        message="must be a bucket and a prefix, as s3://models/llama-3.3-70b",
        example="s3://models/llama-3.3-70b",
    ),
]

_RATE: Final = r"[0-9]{1,9}(\.[0-9]{1,6})?/(s|min|h)"
_PER_SECOND: Final = {"s": 1, "min": 60, "h": 3600}


def rate_a_second(text: str) -> float:
    """Requests a second in a rate such as ``4/s``, ``30/min`` or ``100/h``."""
    number, _, unit = text.partition("/")
    return float(Decimal(number) / _PER_SECOND[unit])


def _more_than_nothing(value: str) -> None:
    if rate_a_second(value) <= 0:
        raise refuse("rate", "must be more than zero")


Rate = Annotated[
    str,
    Word(
        rule="rate",
        pattern=_RATE,
        limit=24,
        message="must be a rate such as 4/s, 30/min or 100/h",
        example="4/s",
        suggest=lambda value: value.replace(" ", "").replace("/sec", "/s").replace("/m", "/min"),
        also=_more_than_nothing,
    ),
]
