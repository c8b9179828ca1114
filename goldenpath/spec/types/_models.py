"""Names of models, and addresses whose content is fixed by a digest or a revision."""

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
    check_registry,
    refuse_credentials,
)
from goldenpath.spec.value_checks import TextFormat, refuse

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
    TextFormat(
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
    TextFormat(
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
    TextFormat(
        rule="revision",
        pattern=r"[0-9a-f]{40}",
        limit=40,
        message="must be a commit, as 40 hexadecimal digits: a branch or tag can move to another commit",
        example="6f6073b423013f6a7d4d9f39144961bfbfbc386b",
        suggest=str.lower,
    ),
]
_LONGEST: Final = 512
_OCI_REPOSITORY: Final = rf"oci://{HOST_PORT}/{REPOSITORY_PATH}"
_UNPINNED: Final = re.compile(rf"{_OCI_REPOSITORY}(:{TAG})?")


def _refuse_tag(value: str) -> None:
    """Refuse a tag with the message of admission."""
    refuse_credentials(value)
    if len(value) <= _LONGEST and _UNPINNED.fullmatch(value):
        rule = RULES["model-tag"]
        raise refuse(rule.id, f"{rule.title} Fix: {rule.fix}".removesuffix("."))


OciModelUrl = Annotated[
    str,
    TextFormat(
        rule="model-digest",
        pattern=rf"{_OCI_REPOSITORY}@{DIGEST}",
        limit=_LONGEST,
        message="must be an OCI artifact with its digest, as oci://registry.example.org/models/llama@sha256:…",
        example=f"oci://registry.example.org/models/llama@sha256:{'0' * 64}",
        guard=_refuse_tag,
        also=lambda value: check_registry(value.removeprefix("oci://")),
    ),
]
PinnedImage = Annotated[
    str,
    TextFormat(
        rule="image-digest",
        pattern=rf"{HOST_PORT}/{REPOSITORY_PATH}(:{TAG})?@{DIGEST}",
        limit=512,
        message="must be an image with registry and digest, as registry.example.org/serving/vllm@sha256:…",
        example=f"registry.example.org/serving/vllm@sha256:{'0' * 64}",
        guard=refuse_credentials,
        also=check_registry,
    ),
]
PublicKeyPem = Annotated[
    str,
    TextFormat(
        rule="public-key",
        pattern=r"-----BEGIN PUBLIC KEY-----\n[A-Za-z0-9+/=\n]{60,400}\n-----END PUBLIC KEY-----\n?",
        limit=600,
        message="must be a public key in PEM (-----BEGIN PUBLIC KEY-----); `openssl ec -pubout` writes one",
        example="-----BEGIN PUBLIC KEY-----\n…\n-----END PUBLIC KEY-----\n",
    ),
]
S3Url = Annotated[
    str,
    TextFormat(
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
    """Return the requests a second of a rate such as ``4/s``, ``30/min`` or ``100/h``."""
    number, _, unit = text.partition("/")
    return float(Decimal(number) / _PER_SECOND[unit])


def _refuse_zero(value: str) -> None:
    if rate_a_second(value) <= 0:
        raise refuse("rate", "must be more than zero")


Rate = Annotated[
    str,
    TextFormat(
        rule="rate",
        pattern=_RATE,
        limit=24,
        message="must be a rate such as 4/s, 30/min or 100/h",
        example="4/s",
        suggest=lambda value: value.replace(" ", "").replace("/sec", "/s").replace("/m", "/min"),
        also=_refuse_zero,
    ),
]
