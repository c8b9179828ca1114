"""Identities in clouds, as Flux and the clouds' own controllers read them from a ServiceAccount."""

from __future__ import annotations

from typing import Annotated

from goldenpath.spec.value_checks import TextFormat

AwsRole = Annotated[
    str,
    TextFormat(
        rule="aws-role",
        # IAM: a partition, an account of twelve digits, a path, and a name of at most 64 characters.
        pattern=r"arn:aws[a-z-]*:iam::[0-9]{12}:role/([!-.0-~]+/)*[A-Za-z0-9+=,.@_-]{1,64}",
        limit=640,
        message="must be the ARN of an IAM role, such as arn:aws:iam::123456789012:role/vision-deploy",
        example="arn:aws:iam::123456789012:role/vision-deploy",
        suggest=str.strip,
    ),
]
Uuid = Annotated[
    str,
    TextFormat(
        rule="uuid",
        pattern=r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        limit=36,
        message="must be a UUID in lower case, such as 4f2c8a50-1b9e-4c57-9d0e-6a7d3b1c2e4f",
        example="4f2c8a50-1b9e-4c57-9d0e-6a7d3b1c2e4f",
        suggest=lambda value: value.strip().strip("{}").lower(),
    ),
]
