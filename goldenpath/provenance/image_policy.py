"""The admission policy of models for Kyverno: an ImageValidatingPolicy of a cluster's platform. Pure.

Read in kyverno/kyverno 1.19.1 (``pkg/cel``):

- Image volumes are not extracted by themselves, so the policy names an extractor. Built-in extractors find the
  images of containers, init containers and ephemeral containers; ``pods/ephemeralcontainers`` is matched by its name.
- A key without ``insecureIgnoreTlog`` makes the controller ask the public transparency log, which fails offline.
- ``extractPayload`` gives one statement of a type. Two are not distinguished here; the strict verifier refuses them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from goldenpath import names
from goldenpath.provenance.model_training import BUILD_TYPE, PREDICATE
from goldenpath.provenance.refusals import REFUSALS

if TYPE_CHECKING:
    from goldenpath.spec.model_builder import Provenance

__all__ = ["NAME", "image_policy"]

NAME: Final = "goldenpath-models"
_VOLUMES: Final = (
    "object.spec.?volumes.orValue([]).filter(v, has(v.image)).map(v, v.image.?reference.orValue(''))"
)
_IS_RUN: Final = "object.spec.?initContainers.orValue([]).exists(c, c.name == 'verify-inputs' && c.?image.orValue('') == {image})"
_PAYLOAD: Final = "extractPayload(image, attestations.provenance)"
_DEPENDENCIES: Final = f"{_PAYLOAD}.predicate.buildDefinition.resolvedDependencies"


def image_policy(builder: Provenance) -> dict[str, Any]:
    """The policy: models of tenants' Pods have provenance of the fleet's builder."""
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
            # Images that no glob matches would pass.
            "matchImageReferences": [{"glob": "*"}],
            # What a run mounts is hashed by its first step, to whose shape the policy pipeline-inputs holds it.
            "images": [{"name": "modelVolumes", "expression": f"{_is_run(builder)} ? [] : {_VOLUMES}"}],
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
            # Digests are demanded below, and images of containers by the policy image-registry.
            "validationConfigurations": {"mutateDigest": False, "verifyDigest": False, "required": False},
            "validations": [
                {"expression": expression, "message": f"{REFUSALS[rule].message} Fix: {REFUSALS[rule].fix}"}
                for rule, expression in _conditions(builder, attestors)
            ],
        },
    }


def _is_run(builder: Provenance) -> str:
    return _IS_RUN.format(image=json.dumps(builder.image))


def _conditions(builder: Provenance, attestors: list[str]) -> list[tuple[str, str]]:
    """The rule and expression of each refusal, in the order in which they are asked."""
    said = "s.?annotations[?'{}'].orValue('')"
    tenant, repository = said.format("tenant"), said.format("repository")
    datasets = f"{_DEPENDENCIES}.filter(d, d.name.startsWith('dataset-'))"
    each = {
        "model-tag": "image.matches('^[^@]+@sha256:[0-9a-f]{64}$')",
        "no-provenance": f"verifyAttestationSignatures(image, attestations.provenance, [{', '.join(attestors)}]) > 0",
        "foreign-builder": f"{_PAYLOAD}.predicate.runDetails.builder.id == {json.dumps(builder.builder)}",
        "build-type": f"{_PAYLOAD}.predicate.buildDefinition.buildType == {json.dumps(BUILD_TYPE)}",
        "copied-model": f"{_PAYLOAD}.subject.exists(s, image.endsWith('@sha256:' + s.digest.sha256) "
        f"&& {tenant} == object.metadata.namespace)",
        "copied-repository": f"{_PAYLOAD}.subject.exists(s, {repository} != '' && "
        f"(image.startsWith({repository} + '@') || image.startsWith({repository} + ':')))",
        "lineage-missing": f"{datasets}.size() > 0 && {datasets}.all(d, has(d.digest.sha256) && has(d.annotations) "
        "&& has(d.annotations.tree))",
        "dataset-changed": f"{datasets}.all(d, d.annotations.kind == 'image' || d.annotations.tree == d.digest.sha256)",
    }
    return [(rule, f"images.modelVolumes.all(image, {expression})") for rule, expression in each.items()]
