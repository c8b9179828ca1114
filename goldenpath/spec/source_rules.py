"""Rules of a tenant's source: its signature, its cloud identity and its Secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.errors import MISSING, Problem
from goldenpath.spec.parsed_fields import Fields, path_of
from goldenpath.spec.rules import one_of, problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.spec.document_model import Rule

__all__ = ["CLOUD_IDENTITY", "CLOUD_IDENTITY_FIELDS", "OPTIONAL_IDENTITY", "SOURCE_RULES"]

CLOUD_IDENTITY: Mapping[str, tuple[str, ...]] = {
    "aws": ("role",),
    "azure": ("tenant_id", "client_id"),
    "gcp": (),
}
"""The fields that the identity in each cloud needs; `gcp` needs none."""
OPTIONAL_IDENTITY = ("service_account",)
"""Optional identity fields in a cloud that needs none."""
CLOUD_IDENTITY_FIELDS = ("role", "tenant_id", "client_id", *OPTIONAL_IDENTITY)


def _source(fields: Fields) -> Iterator[Problem]:
    verify = fields.get("source", "verify")
    if isinstance(verify, dict):
        yield from one_of(fields, ("source", "verify"), "secret", "identity", needed=True)
        if (
            fields.has("source", "verify", "identity")
            and fields.get("source", "verify", "provider") == "notation"
        ):
            message = "needs provider `cosign`; name the Secret with the certificates as `secret`"
            yield Problem("source.verify.identity", "does-not-apply", message)
    yield from _cloud(fields)
    # The models in tenant.py refuse `git` together with `oci`, and a source without either.
    if isinstance(fields.get("source"), dict):
        other = "digest" if fields.has("source", "oci") else "branch"
        first, second = sorted((other, "tag"), key=("branch", "tag", "digest").index)
        yield from one_of(fields, ("source",), first, second, needed=False)


def _cloud(fields: Fields) -> Iterator[Problem]:
    provider, place = fields.get("source", "provider"), ("source", "cloud_identity")
    if fields.was_refused("source", "provider"):
        return
    if provider in {MISSING, "generic"}:
        if fields.has(*place):
            message = "needs a `provider` that is a cloud: aws, azure or gcp"
            yield Problem(path_of(place), "does-not-apply", message)
        return
    if fields.has("source", "secret"):
        message = "does not apply to the `provider` of a cloud, which needs no Secret; remove it"
        yield problem(fields, ("source", "secret"), "does-not-apply", message)
    needed = CLOUD_IDENTITY[provider]
    for key in needed:
        if not fields.has(*place, key):
            message = f"is required: without an identity of the team in {provider}, Flux would read the source as itself"
            yield Problem(path_of((*place, key)), "required", message)
    given = fields.get(*place)
    allowed = needed or OPTIONAL_IDENTITY
    for key in given if isinstance(given, dict) else ():
        if key in CLOUD_IDENTITY_FIELDS and key not in allowed and fields.has(*place, key):
            message = f"does not apply to provider `{provider}`; remove it"
            yield Problem(path_of((*place, key)), "does-not-apply", message)


def _references(fields: Fields) -> Iterator[Problem]:
    by_sops = {
        fields.get("secrets", index, "name")
        for index, _ in fields.items("secrets")
        if fields.get("secrets", index, "provider") == "sops"
    }
    for place in (("source", "secret"), ("source", "verify", "secret")):
        if fields.get(*place) in by_sops - {MISSING}:
            message = (
                "is needed to fetch the source, but provider `sops` keeps it inside the source; "
                "declare it with provider `external-secrets` or `manual`"
            )
            yield problem(fields, place, "secret-needed-first", message)
    for index, entry in fields.items("secrets"):
        provider = fields.get("secrets", index, "provider")
        if (
            isinstance(entry, dict)
            and provider == "external-secrets"
            and not fields.has("secrets", index, "reference")
        ):
            yield Problem(
                f"secrets[{index}].reference",
                "required",
                "is required: the place where the External Secrets operator finds the Secret, such as teams/vision/git",
            )


SOURCE_RULES: tuple[Rule, ...] = (_source, _references)
