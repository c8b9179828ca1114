"""Recorded Pods with models, their bundles, and the expected verdict on each Pod."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from pipeline_requests import PLATFORM_IMAGE, REPOSITORY, bundle_of, finished_run, serving_pod, sha256

from goldenpath.signatures.signing_keys import SigningKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STRANGER: Final = SigningKey(ec.generate_private_key(ec.SECP256R1()))


_DATASET: Final = "dataset-reports"
_PLACES: Final[tuple[tuple[Any, ...], ...]] = (
    (),
    ("buildDefinition",),
    ("buildDefinition", "externalParameters"),
    ("buildDefinition", "resolvedDependencies", 0),
    ("buildDefinition", "resolvedDependencies", 2, "annotations"),
    ("runDetails", "builder"),
    ("runDetails", "metadata"),
)
"""The objects of the predicate that get an undefined field."""


@dataclass(frozen=True)
class Model:
    """A model with its bundles; ``rule`` is the reason to refuse it, empty for an accepted model."""

    name: str
    rule: str
    reference: str
    bundles: tuple[bytes, ...] = ()
    namespace: str = "vision"


def _predicate(*path: Any, to: Any) -> dict[str, Any]:
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


def _pushed_to(place: str, predicate: dict[str, Any] | None) -> dict[str, Any]:
    """The predicate of the run, which pushed its model to this repository."""
    found = copy.deepcopy(predicate or finished_run().provenance.as_dict())
    found["buildDefinition"]["externalParameters"]["output"] = place
    return found


def _input(name: str, change: str) -> dict[str, Any]:
    """The predicate of the run with one of its inputs changed."""
    found = copy.deepcopy(finished_run().provenance.as_dict())
    dependencies = found["buildDefinition"]["resolvedDependencies"]
    (dataset,) = [each for each in dependencies if each["name"] == name]
    if change == "without":
        dependencies.remove(dataset)
    elif change == "unrecorded":
        del dataset["annotations"]
    else:
        dataset["annotations"]["kind"] = "tree"
    return found


def models(place: str = REPOSITORY, digest_of: Callable[[str], str] = sha256) -> list[Model]:
    """Every accepted and refused model of a repository, with these digests by name."""
    ours = {"tenant": "vision", "repository": place}

    def of(name: str, rule: str, *said: dict[str, Any], **more: Any) -> Model:
        digest = digest_of(name)
        bundles = tuple(
            bundle_of(
                _pushed_to(place, each.pop("predicate", None)), digest=digest, **{"annotations": ours, **each}
            )
            for each in said
        )
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
        of("copied", "copied-model", {"annotations": {**ours, "tenant": "speech"}}),
        of("of-no-tenant", "copied-model", {"annotations": {}}),
        of("copied-place", "copied-repository", {"annotations": {**ours, "repository": "registry.example.org/a/b"}}),
        *(
            of(f"field-{number}", "provenance-field", {"predicate": _predicate(*path, "more", to="x")})
            for number, path in enumerate(_PLACES)
        ),
        of("form", "provenance-form", {"predicate": _predicate("runDetails", "metadata", to=None)}),
        of("type", "build-type", {"predicate": _predicate("buildDefinition", "buildType", to="https://example.org/b")}),
        of("no-dataset", "lineage-missing", {"predicate": _input(_DATASET, "without")}),
        of("no-record", "lineage-missing", {"predicate": _input(_DATASET, "unrecorded")}),
        of("no-record-of-base", "lineage-missing", {"predicate": _input("base-model", "unrecorded")}),
        of("mutated", "dataset-changed", {"predicate": _input(_DATASET, "mutated")}),
    ]  # fmt: skip


def pods(model: Model, good: str = f"{REPOSITORY}@{sha256('good')}") -> Iterator[dict[str, Any]]:
    """Pods that mount a model, alone and together with objects that must not hide it, such as a good model."""
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


def runs(
    place: str = REPOSITORY, digest_of: Callable[[str], str] = sha256
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Pods with the hash step that mount images without provenance, each with the rule that refuses it, if any."""
    dataset = f"{place}@{digest_of('nothing')}"
    of_platform = {
        "name": "verify-inputs",
        "image": PLATFORM_IMAGE,
        "args": [f"--image=model=/model={dataset[-71:]}"],
    }
    for name, rule, step, more in (
        ("run", "", of_platform, {"restartPolicy": "Never"}),
        ("run-that-serves", "no-provenance", of_platform, {"restartPolicy": "Always"}),
        ("run-that-says-nothing", "no-provenance", of_platform, {}),
        (
            "run-with-a-step-of-its-own",
            "no-provenance",
            {**of_platform, "image": place},
            {"restartPolicy": "Never"},
        ),
        ("run-without-a-hash", "no-provenance", {**of_platform, "args": []}, {"restartPolicy": "Never"}),
    ):
        pod = serving_pod(dataset)
        pod["metadata"]["name"] = name
        pod["spec"] |= {"initContainers": [step], **more}
        yield rule, pod


def recorded(
    place: str = REPOSITORY, digest_of: Callable[[str], str] = sha256
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every recorded Pod, with the rule that refuses it, if any."""
    for model in models(place, digest_of):
        for pod in pods(model, f"{place}@{digest_of('good')}"):
            yield model.rule, pod
    yield from runs(place, digest_of)


def good_bundle(place: str = REPOSITORY, digest: str = sha256("good")) -> bytes:
    """The bundle of the model that is mounted together with others."""
    said = {"tenant": "vision", "repository": place}
    return bundle_of(_pushed_to(place, None), digest=digest, annotations=said)


def _volume(name: str, reference: str) -> dict[str, Any]:
    return {"name": name, "image": {"reference": reference}}
