"""Recorded Pods with models, the bundles beside those models, and the verdict that each Pod must get."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from pipeline_requests import REPOSITORY, bundle_of, finished_run, serving_pod, sha256

from goldenpath.signatures.signing_keys import SigningKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STRANGER: Final = SigningKey(ec.generate_private_key(ec.SECP256R1()))


@dataclass(frozen=True)
class Model:
    """A model, and the bundles beside it; ``rule`` is why it is refused, empty where it is taken."""

    name: str
    rule: str
    reference: str
    bundles: tuple[bytes, ...] = ()
    namespace: str = "vision"


def _predicate(*path: str, to: Any) -> dict[str, Any]:
    """The predicate of the run with one part changed; None removes it."""
    found = copy.deepcopy(finished_run().provenance.as_dict())
    node = found
    for step in path[:-1]:
        node = node[step]
    if to is None:
        del node[path[-1]]
    else:
        node[path[-1]] = to
    return found


def _datasets(change: str) -> dict[str, Any]:
    found = copy.deepcopy(finished_run().provenance.as_dict())
    dependencies = found["buildDefinition"]["resolvedDependencies"]
    (dataset,) = [each for each in dependencies if each["name"].startswith("dataset-")]
    if change == "without":
        dependencies.remove(dataset)
    elif change == "unrecorded":
        del dataset["annotations"]
    else:
        dataset["annotations"]["kind"] = "tree"
    return found


def models(place: str = REPOSITORY, digest_of: Callable[[str], str] = sha256) -> list[Model]:
    """Every way in which a model is taken or refused, of models in a repository that have these digests by their names."""
    ours = {"tenant": "vision", "repository": place}

    def of(name: str, rule: str, *said: dict[str, Any], **more: Any) -> Model:
        digest = digest_of(name)
        bundles = tuple(bundle_of(digest=digest, **{"annotations": ours, **each}) for each in said)
        return Model(name, rule, more.pop("reference", f"{place}@{digest}"), bundles, **more)

    builder = ("runDetails", "builder", "id")
    return [
        of("signed", "", {}),
        of("signed-twice", "", {}, {}),
        of("tag", "model-tag", reference=f"{place}:latest"),
        of("nothing", "no-provenance"),
        of("stranger", "no-provenance", {"key": STRANGER}),
        of("other-builder", "foreign-builder", {"predicate": _predicate(*builder, to="https://evil.example/b")}),
        of("two", "two-provenances", {}, {"annotations": {**ours, "tenant": "speech"}}),
        of("copied-to-a-tenant", "copied-model", {}, namespace="speech"),
        of("of-no-tenant", "copied-model", {"annotations": {}}),
        of("copied-place", "copied-repository", {"annotations": {**ours, "repository": "registry.example.org/a/b"}}),
        of("field", "provenance-field", {"predicate": _predicate("more", to="x")}),
        of("type", "build-type", {"predicate": _predicate("buildDefinition", "buildType", to="https://example.org/b")}),
        of("no-dataset", "lineage-missing", {"predicate": _datasets("without")}),
        of("no-record", "lineage-missing", {"predicate": _datasets("unrecorded")}),
        of("mutated", "dataset-changed", {"predicate": _datasets("mutated")}),
    ]  # fmt: skip


def pods(model: Model, good: str = f"{REPOSITORY}@{sha256('good')}") -> Iterator[dict[str, Any]]:
    """Pods that mount a model, alone and beside what must not hide it, such as a good one."""
    image = f"registry.example.org/tools@sha256:{'8' * 64}"
    more: dict[str, dict[str, Any]] = {
        "alone": {},
        "first": {"volumes": [_volume("other", good)]},
        "init": {"initContainers": [{"name": "warm", "image": image}]},
        "debugged": {"ephemeralContainers": [{"name": "debug", "image": image}]},
        "scratch": {"volumes": [{"name": "tmp", "emptyDir": {}}]},
    }
    for shape, parts in more.items():
        # The model of another tenant beside it would be refused itself.
        if shape == "first" and model.namespace != "vision":
            parts = {}  # noqa: PLW2901
        pod = serving_pod(model.reference, model.namespace)
        pod["metadata"]["name"] = f"{model.name}-{shape}"
        pod["spec"] |= {key: value for key, value in parts.items() if key != "volumes"}
        pod["spec"]["volumes"] = [*pod["spec"]["volumes"], *parts.get("volumes", [])]
        yield pod


def good_bundle(place: str = REPOSITORY, digest: str = sha256("good")) -> bytes:
    """The bundle of the model that is mounted beside others."""
    return bundle_of(digest=digest, annotations={"tenant": "vision", "repository": place})


def _volume(name: str, reference: str) -> dict[str, Any]:
    return {"name": name, "image": {"reference": reference}}
