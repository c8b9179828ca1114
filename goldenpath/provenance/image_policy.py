"""The admission policy of models for Kyverno: an ImageValidatingPolicy of a cluster's platform. Pure.

Read in kyverno/kyverno 1.19.1 (``pkg/cel``):

- Kyverno does not extract image volumes by default, so the policy names an extractor. The policy ignores images of
  containers: extractors with the names of the built-in ones replace these. ``pods/ephemeralcontainers`` is matched by its
  name.
- A key without ``insecureIgnoreTlog`` makes the controller ask the public transparency log, which fails offline.
- ``verifyAttestationSignatures`` counts attestors, and ``extractPayload`` returns the last verified statement of a type.
  An expression therefore cannot see two statements. The strict verifier refuses two.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from goldenpath import names
from goldenpath.provenance.model_training import BUILD_TYPE, FIELDS, PREDICATE
from goldenpath.provenance.refusals import REFUSALS

if TYPE_CHECKING:
    from goldenpath.spec.model_builder import Provenance

__all__ = ["NAME", "image_policy"]

NAME: Final = "goldenpath-models"
_BUILT_IN: Final = ("containers", "initContainers", "ephemeralContainers")
_VOLUMES: Final = (
    "object.spec.?volumes.orValue([]).filter(v, has(v.image){inputs}).map(v, v.image.?reference.orValue(''))"
)
_NOT_HASHED: Final = (
    " && !(object.spec.?restartPolicy.orValue('') == 'Never' && object.spec.?initContainers.orValue([]).exists(c, "
    "c.name == 'verify-inputs' && c.?image.orValue('') == {image} && c.?args.orValue([]).exists(a, "
    "a.startsWith('--image=' + v.name + '='))))"
)
_PAYLOAD: Final = "extractPayload(image, attestations.provenance)"
_PREDICATE: Final = f"{_PAYLOAD}.predicate"
_DEPENDENCIES: Final = f"{_PREDICATE}.buildDefinition.resolvedDependencies"


def image_policy(builder: Provenance) -> dict[str, Any]:
    """Return the policy: models of tenants' Pods must have provenance of the fleet's builder."""
    attestors = [f"attestors.builder{number}" for number, _ in enumerate(builder.keys)]
    return {
        "apiVersion": "policies.kyverno.io/v1",
        "kind": "ImageValidatingPolicy",
        "metadata": {
            "name": NAME,
            "labels": {"app.kubernetes.io/managed-by": "goldenpath"},
            "annotations": {
                "kubernetes.io/description": "Models of tenants' Pods have provenance of the fleet's builder, for the tenant "
                "and the repository that they are mounted from."
            },
        },
        "spec": {
            "failurePolicy": "Fail",
            "validationActions": ["Deny"],
            "webhookConfiguration": {"timeoutSeconds": 30},
            "matchConstraints": {
                "namespaceSelector": {"matchExpressions": [{"key": names.TENANT, "operator": "Exists"}]},
                "resourceRules": [
                    {
                        "apiGroups": [""],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE", "UPDATE"],
                        "resources": ["pods", "pods/ephemeralcontainers"],
                    }
                ],
            },
            # An image that no glob matches would pass.
            "matchImageReferences": [{"glob": "*"}],
            "images": [
                # These replace the built-in extractors, whose images Kyverno would look up in their registries.
                *({"name": name, "expression": "[]"} for name in _BUILT_IN),
                {"name": "modelVolumes", "expression": _model_volumes(builder)},
            ],
            "attestors": [
                {
                    "name": f"builder{number}",
                    "cosign": {
                        "key": {"data": key},
                        "ctlog": {"insecureIgnoreTlog": True, "insecureIgnoreSCT": True},
                    },
                }
                for number, key in enumerate(builder.keys)
            ],
            "attestations": [{"name": "provenance", "intoto": {"type": PREDICATE}}],
            # The validations demand digests, and the policy image-registry checks images of containers.
            "validationConfigurations": {"mutateDigest": False, "verifyDigest": False, "required": False},
            "validations": [
                {"expression": expression, "message": f"{REFUSALS[rule].message} Fix: {REFUSALS[rule].fix}"}
                for rule, expression in _conditions(builder, attestors)
            ],
        },
    }


def _model_volumes(builder: Provenance) -> str:
    """The image volumes that are models. Volumes that the hash step of a run hashes are inputs."""
    return _VOLUMES.format(inputs=_NOT_HASHED.format(image=json.dumps(builder.image)))


def _conditions(builder: Provenance, attestors: list[str]) -> list[tuple[str, str]]:
    """The rule and expression of each refusal, in the order of :func:`verified_provenance`."""
    said = "s.?annotations[?'{}'].orValue('')"
    tenant, repository = said.format("tenant"), said.format("repository")
    inputs = f"{_DEPENDENCIES}.filter(d, d.name.startsWith('dataset-') || d.name == 'base-model')"
    asked = f"{_PREDICATE}.buildDefinition.externalParameters"
    each = {
        "model-tag": "image.matches('^[^@]+@sha256:[0-9a-f]{64}$')",
        "no-provenance": f"verifyAttestationSignatures(image, attestations.provenance, [{', '.join(attestors)}]) > 0",
        "build-type": f"{_PREDICATE}.buildDefinition.buildType == {json.dumps(BUILD_TYPE)}",
        "provenance-field": _only_known_fields(),
        "lineage-missing": f"{_DEPENDENCIES}.exists(d, d.name.startsWith('dataset-')) && {inputs}.all(d, has(d.digest.sha256) "
        "&& has(d.annotations) && has(d.annotations.tree))",
        "dataset-changed": f"{inputs}.all(d, d.annotations.kind == 'image' || d.annotations.tree == d.digest.sha256)",
        "foreign-builder": f"{_PREDICATE}.runDetails.builder.id == {json.dumps(builder.builder)}",
        "copied-model": f"{_PAYLOAD}.subject.exists(s, image.endsWith('@sha256:' + s.digest.sha256) "
        f"&& {tenant} == object.metadata.namespace) && {asked}.tenant == object.metadata.namespace",
        "copied-repository": f"{_PAYLOAD}.subject.exists(s, {repository} != '' && {repository} == {asked}.output && "
        f"(image.startsWith({repository} + '@') || image.startsWith({repository} + ':')))",
    }
    return [(rule, f"images.modelVolumes.all(image, {expression})") for rule, expression in each.items()]


def _only_known_fields() -> str:
    """A condition: each object of the predicate has only fields that the build type defines."""
    return " && ".join(_only(place, known) for place, known in FIELDS.items())


def _only(place: str, known: tuple[str, ...]) -> str:
    listed, of_items, inner = place.partition("[]")
    here = ".".join(part for part in (_PREDICATE, listed) if part)
    keys = f".all(k, k in [{', '.join(map(_quoted, known))}])"
    if not of_items:
        return f"{here}{keys}"
    optional = f"!has(d{inner}) || " if inner else ""
    return f"{here}.all(d, {optional}d{inner}{keys})"


def _quoted(text: str) -> str:
    return f"'{text}'"
