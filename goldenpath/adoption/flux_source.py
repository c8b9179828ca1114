"""``source``: where the team's own manifests are, from Flux's objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.adoption.adoption_result import ToDo
from goldenpath.adoption.namespace_objects import at, labels_of, mappings, text
from goldenpath.findings import Severity
from goldenpath.spec.source_rules import CLOUD_IDENTITY
from goldenpath.spec.types import is_anchored_expression
from goldenpath.tenancy.source_account import IDENTITY_ANNOTATIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from goldenpath.adoption.adoption_result import AdoptionBuilder
    from goldenpath.adoption.namespace_objects import NamespaceObjects
    from goldenpath.manifests import ManifestObject

__all__ = ["derive_source"]

_KUSTOMIZE: Final = "kustomize.toolkit.fluxcd.io"
_SOURCES: Final = "source.toolkit.fluxcd.io"
# Fields of a Kustomization that the golden path decides, or takes from the request.
_KNOWN: Final = frozenset(
    {
        "commonMetadata", "decryption", "deletionPolicy", "force", "interval", "path", "prune", "retryInterval",
        "serviceAccountName", "sourceRef", "suspend", "targetNamespace", "timeout", "wait",
    }
)  # fmt: skip
# Of these, what a request says or the golden path sets for everybody; the others are reported with their values.
_TAKEN: Final = ("path", "prune", "serviceAccountName", "sourceRef", "targetNamespace", "deletionPolicy")  # fmt: skip
_GIT_REFS: Final = ("branch", "tag")
_OCI_REFS: Final = ("digest", "tag")


def derive_source(places: Sequence[NamespaceObjects], account: AdoptionBuilder) -> None:
    """The one source that a request has: the first Kustomization with a source that a request can name; others are reported."""
    taken: dict[str, Any] | None = None
    for place in places:
        for item in _appliers(place):
            source = _source(place, item)
            said = _said(place, source) if source is not None else None
            if said is not None and (path := text(item.body, "spec", "path")) not in {"", ".", "./"}:
                said["path"] = path
            _judge(place, item, account)
            if said is not None and taken in (None, said):
                if taken is None:
                    taken = said
                    account.put("source", said, f"{item} and {source} on {place.cluster}")
                _settle(place, item, source, account)
            else:
                what = (
                    "applies another source"
                    if said is not None
                    else "applies a source that a request cannot say"
                )
                advice = f"Bring it as a Kustomization in the team's repository, as account {place.namespace}-reconciler."
                account.leave(place, item, ToDo.REPOSITORY, what, advice)


def _appliers(place: NamespaceObjects) -> list[ManifestObject]:
    """Kustomizations for the namespace; the one that goldenpath would make itself comes first."""
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


def _said(place: NamespaceObjects, source: ManifestObject) -> dict[str, Any] | None:
    """A source in a request's words, or None where it has none for it."""
    spec = at(source.body, "spec")
    url, ref = text(spec, "url"), at(spec, "ref") or {}
    kinds = {"GitRepository": ("git", _GIT_REFS, "main"), "OCIRepository": ("oci", _OCI_REFS, "latest")}
    if source.kind not in kinds or not url or not isinstance(ref, dict):
        return None
    word, refs, default = kinds[source.kind]
    if set(ref) - set(refs):
        return None
    said: dict[str, Any] = {word: url}
    # Of several, Flux takes the first of these; without any, Git's branch is master and OCI's tag latest.
    name = next(
        (key for key in ("digest", "tag", "branch") if text(ref, key)), "branch" if word == "git" else "tag"
    )
    value = text(ref, name) or ("master" if word == "git" else default)
    if (name, value) != (refs[-1] if word == "oci" else "branch", default):
        said[name] = value
    if secret := text(spec, "secretRef", "name"):
        said["secret"] = secret
    reader = _reader(place, spec)
    if reader is None or ("provider" in reader and "secret" in said):
        return None
    said |= reader
    if verify := at(spec, "verify"):
        signer = _signer(verify)
        if word != "oci" or signer is None:
            return None
        said["verify"] = {"provider": text(verify, "provider")} | signer
    return said


def _reader(place: NamespaceObjects, spec: Any) -> dict[str, Any] | None:
    """A cloud, and the identity of the team there; None where Flux would read with its own identity."""
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
    """Whose signature counts: a Secret with keys, or one identity in a certificate, written from its start to its end."""
    secret, identities = text(verify, "secretRef", "name"), mappings(verify, "matchOIDCIdentity")
    if secret and not identities:
        return {"secret": secret}
    if secret or len(identities) != 1:
        return None
    issuer, subject = text(identities[0], "issuer"), text(identities[0], "subject")
    if not (is_anchored_expression(issuer) and is_anchored_expression(subject)):
        return None
    return {"identity": {"issuer": issuer, "subject": subject}}


def _judge(place: NamespaceObjects, item: ManifestObject, account: AdoptionBuilder) -> None:
    spec = at(item.body, "spec")
    reconciler = f"{place.namespace}-reconciler"
    used = at(spec, "serviceAccountName")
    if not used:
        message = "names no service account, so Flux applies the team's manifests with its own rights on the whole cluster"
        fix = f"With the request it runs as {reconciler}. See that nothing in the repository needs more."
        account.find(place, item, "adopt-flux-as-controller", message, fix, severity=Severity.ERROR, at="spec.serviceAccountName")  # fmt: skip
    elif used != reconciler:
        message = f"runs as {used}; with the request it is {reconciler}, which has what a workload needs and no more"
        fix = "See that nothing in the repository needs more."
        account.find(place, item, "adopt-other-reconciler", message, fix, at="spec.serviceAccountName")
    for field in sorted(set(spec) - _KNOWN if isinstance(spec, dict) else ()):
        what = f"has {field}, which a request cannot say"
        advice = "Put it into a kustomization.yaml, or a Kustomization, in the team's repository."
        account.leave(place, item, ToDo.REPOSITORY, what, advice, at=f"spec.{field}")
    if at(spec, "decryption"):
        what = f"decrypts with {at(spec, 'decryption', 'provider')}"
        advice = f"Name each Secret under `secrets` with provider sops, and the key as Secret {place.namespace}-sops-age."
        account.leave(place, item, ToDo.KEEP, what, advice, at="spec.decryption")


def _settle(
    place: NamespaceObjects, item: ManifestObject, source: ManifestObject | None, account: AdoptionBuilder
) -> None:
    for found in (item, source):
        if found is not None:
            account.see(place, found)
    account.take(place, item, *(f"spec.{name}" for name in _TAKEN))
    if source is not None:
        account.take(place, source, "spec.url", "spec.ref", "spec.secretRef.name", "spec.verify")  # fmt: skip
    own = f"{place.namespace}/{place.namespace}"
    if f"{item.namespace}/{item.name}" != own:
        what = f"with the request, Kustomization {own} applies the same"
        advice = "Before the first publish set `prune: false` and `deletionPolicy: Orphan` on it; after it, remove it. Otherwise Flux removes the objects that it applied."
        account.leave(place, item, ToDo.REMOVE, what, advice, at="metadata.name")
    if source is not None and f"{source.namespace}/{source.name}" != own:
        what = f"with the request, {source.kind} {own} is the same"
        account.leave(place, source, ToDo.REMOVE, what, "Remove it after the first publish, if nothing else reads it.", at="metadata.name")  # fmt: skip
