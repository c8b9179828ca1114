"""``source``: derives the source of the team's own manifests from Flux's objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.adoption.adoption_result import ToDo
from goldenpath.adoption.namespace_objects import at, labels_of, mappings, text
from goldenpath.findings import Severity
from goldenpath.spec.source_rules import CLOUD_IDENTITY
from goldenpath.spec.types import AnchoredExpression, is_valid
from goldenpath.tenancy.source_account import IDENTITY_ANNOTATIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from goldenpath.adoption.adoption_result import AdoptionBuilder
    from goldenpath.adoption.namespace_objects import NamespaceObjects
    from goldenpath.manifests import ManifestObject

__all__ = ["derive_source"]

_KUSTOMIZE: Final = "kustomize.toolkit.fluxcd.io"
_SOURCES: Final = "source.toolkit.fluxcd.io"
# Fields of a Kustomization that the golden path sets, by itself or from the request.
_KNOWN: Final = frozenset(
    {
        "commonMetadata", "decryption", "deletionPolicy", "force", "interval", "path", "prune", "retryInterval",
        "serviceAccountName", "sourceRef", "suspend", "targetNamespace", "timeout", "wait",
    }
)  # fmt: skip
# Known fields that a request or the golden path covers. The other known fields are reported with their values.
_COVERED: Final = ("path", "prune", "serviceAccountName", "sourceRef", "targetNamespace", "deletionPolicy")  # fmt: skip
_GIT_REFS: Final = ("branch", "tag")
_OCI_REFS: Final = ("digest", "tag")


def derive_source(places: Sequence[NamespaceObjects], builder: AdoptionBuilder) -> None:
    """Derive the source from the first Kustomization whose source a request can express, and report the others."""
    chosen: dict[str, Any] | None = None
    for place in places:
        for item in _kustomizations(place):
            source = _source(place, item)
            value = _request_source(place, source) if source is not None else None
            if value is not None and (path := text(item.body, "spec", "path")) not in {"", ".", "./"}:
                value["path"] = path
            _report_differences(place, item, builder)
            if value is not None and chosen in (None, value):
                if chosen is None:
                    chosen = value
                    builder.put("source", value, f"{item} and {source} on {place.cluster}")
                _report_replaced(place, item, source, builder)
            else:
                is_second = value is not None
                what = (
                    f"applies {'another source' if is_second else 'a source that a request cannot express'}"
                )
                advice = f"Add it to the team's repository as a Kustomization with account {place.namespace}-reconciler."
                builder.leave(place, item, ToDo.REPOSITORY, what, advice)


def _kustomizations(place: NamespaceObjects) -> list[ManifestObject]:
    """Return the Kustomizations for the namespace, first the one with the name that goldenpath renders."""
    found = [item for item in place.of("Kustomization", group=_KUSTOMIZE) if not place.applied_by(item) or item.name == place.namespace]  # fmt: skip
    found += [
        item
        for item in place.shared("Kustomization", group=_KUSTOMIZE)
        if at(item.body, "spec", "targetNamespace") == place.namespace
    ]
    return sorted(found, key=lambda item: (item.namespace != place.namespace, item.name != place.namespace))


def _source(place: NamespaceObjects, item: ManifestObject) -> ManifestObject | None:
    reference = at(item.body, "spec", "sourceRef")
    namespace = text(reference, "namespace") or item.namespace
    kind, name = text(reference, "kind"), text(reference, "name")
    found = (*place.of(kind, group=_SOURCES), *place.shared(kind, group=_SOURCES))
    return next((one for one in found if (one.name, one.namespace) == (name, namespace)), None)


def _request_source(place: NamespaceObjects, source: ManifestObject) -> dict[str, Any] | None:
    """Return a source as a request writes it; None where a request cannot express it."""
    spec = at(source.body, "spec")
    url, ref = text(spec, "url"), at(spec, "ref") or {}
    kinds = {"GitRepository": ("git", _GIT_REFS, "main"), "OCIRepository": ("oci", _OCI_REFS, "latest")}
    if source.kind not in kinds or not url or not isinstance(ref, dict):
        return None
    word, refs, default = kinds[source.kind]
    if set(ref) - set(refs):
        return None
    found: dict[str, Any] = {word: url}
    # Flux takes the first of these references. Without one, Git's branch is master, and OCI's tag is latest.
    name = next(
        (key for key in ("digest", "tag", "branch") if text(ref, key)), "branch" if word == "git" else "tag"
    )
    value = text(ref, name) or ("master" if word == "git" else default)
    if (name, value) != (refs[-1] if word == "oci" else "branch", default):
        found[name] = value
    if secret := text(spec, "secretRef", "name"):
        found["secret"] = secret
    reader = _cloud_reader(place, spec)
    if reader is None or ("provider" in reader and "secret" in found):
        return None
    found |= reader
    if verify := at(spec, "verify"):
        signer = _signer(verify)
        if word != "oci" or signer is None:
            return None
        found["verify"] = {"provider": text(verify, "provider")} | signer
    return found


def _cloud_reader(place: NamespaceObjects, spec: Any) -> dict[str, Any] | None:
    """Return a cloud and the team's identity in it; None where Flux would read with its own identity."""
    provider, name = text(spec, "provider") or "generic", text(spec, "serviceAccountName")
    if provider == "generic" and not name:
        return {}
    account = next((item for item in place.of("ServiceAccount") if item.name == name), None)
    if provider not in CLOUD_IDENTITY or account is None:
        return None
    given = labels_of(account.body, "annotations")
    identity = {field: given[key] for field, key in IDENTITY_ANNOTATIONS.items() if key in given}
    if not set(CLOUD_IDENTITY[provider]) <= set(identity):
        return None
    return {"provider": provider} | ({"cloud_identity": identity} if identity else {})


def _signer(verify: Any) -> dict[str, Any] | None:
    """Return the accepted signer: a Secret with keys, or one certificate identity with anchored expressions."""
    secret, identities = text(verify, "secretRef", "name"), mappings(verify, "matchOIDCIdentity")
    if secret and not identities:
        return {"secret": secret}
    if secret or len(identities) != 1:
        return None
    issuer, subject = text(identities[0], "issuer"), text(identities[0], "subject")
    if not all(is_valid(AnchoredExpression, text) for text in (issuer, subject)):
        return None
    return {"identity": {"issuer": issuer, "subject": subject}}


def _report_differences(place: NamespaceObjects, item: ManifestObject, builder: AdoptionBuilder) -> None:
    spec = at(item.body, "spec")
    reconciler = f"{place.namespace}-reconciler"
    used = at(spec, "serviceAccountName")
    if not used:
        message = "names no service account, so Flux applies the team's manifests with its own rights on the whole cluster"
        fix = f"With the request it runs as {reconciler}. Check that the repository needs no more rights."
        builder.report(place, item, "adopt-flux-as-controller", message, fix, severity=Severity.ERROR, at="spec.serviceAccountName")  # fmt: skip
    elif used != reconciler:
        message = f"runs as {used}; with the request it runs as {reconciler}, which has only the rights that workloads need"
        fix = "Check that the repository needs no more rights."
        builder.report(place, item, "adopt-other-reconciler", message, fix, at="spec.serviceAccountName")
    for field in sorted(set(spec) - _KNOWN if isinstance(spec, dict) else ()):
        what = f"has {field}, which a request cannot express"
        advice = "Move it to a kustomization.yaml or a Kustomization in the team's repository."
        builder.leave(place, item, ToDo.REPOSITORY, what, advice, at=f"spec.{field}")
    if at(spec, "decryption"):
        what = f"decrypts with {at(spec, 'decryption', 'provider')}"
        advice = f"Name each Secret under `secrets` with provider sops, and store the key as Secret {place.namespace}-sops-age."
        builder.leave(place, item, ToDo.KEEP, what, advice, at="spec.decryption")


def _report_replaced(
    place: NamespaceObjects, item: ManifestObject, source: ManifestObject | None, builder: AdoptionBuilder
) -> None:
    for found in (item, source):
        if found is not None:
            builder.mark_read(place, found)
    builder.cover(place, item, *(f"spec.{name}" for name in _COVERED))
    if source is not None:
        builder.cover(place, source, "spec.url", "spec.ref", "spec.secretRef.name", "spec.verify")  # fmt: skip
    own = f"{place.namespace}/{place.namespace}"
    if f"{item.namespace}/{item.name}" != own:
        what = f"is replaced by Kustomization {own}, which applies the same source"
        advice = "Set `prune: false` and `deletionPolicy: Orphan` on it before the first publish, and remove it afterwards. Otherwise Flux removes the objects that it applied."
        builder.leave(place, item, ToDo.REMOVE, what, advice, at="metadata.name")
    if source is not None and f"{source.namespace}/{source.name}" != own:
        what = f"is replaced by {source.kind} {own}, which has the same content"
        builder.leave(place, source, ToDo.REMOVE, what, "Remove it after the first publish, if no other object uses it.", at="metadata.name")  # fmt: skip
