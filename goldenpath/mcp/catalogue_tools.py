"""Tools that read the catalogues: explain, schema, profiles and sizing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import Field

from goldenpath.accelerators import catalogue
from goldenpath.blame import blame
from goldenpath.describe.json_schema import json_schema
from goldenpath.describe.schema_fields import every_field, request_fields
from goldenpath.errors import InputError, Problem
from goldenpath.finding_rules import RULES, help_uri, policies_uri
from goldenpath.mcp.answers import AnswerSource, bounded
from goldenpath.mcp.tool import Tool, ToolInput
from goldenpath.models import model_catalogue, parse_config
from goldenpath.policies import policies
from goldenpath.sizing import LatencyLimits, Traffic, known_devices, size
from goldenpath.spec.nearest import nearest

if TYPE_CHECKING:
    from goldenpath.mcp.desk import Desk
    from goldenpath.paths import GoldenPath, Library

__all__ = ["EXPLAIN", "PROFILES", "SCHEMA", "SIZING"]

_MOST_ENTRIES: Final = 200
Word = Annotated[str, Field(min_length=1, max_length=200)]


class ExplainInput(ToolInput):
    """A rule, policy or golden path to explain, or the field of a tenant or workload whose origin to find."""

    subject: Word
    """A rule of a finding, a policy, or a golden path such as `tenant/v1`; with `field`, a tenant, or a workload as `tenant/workload`."""
    field: Word | None = None
    """A field of that tenant's or workload's request, such as `quota.pods`: the answer has its author and date."""
    object: Word | None = None
    """With `field`: the rendered object that has the field, such as `ResourceQuota/vision-compute`."""


def _explain(desk: Desk, asked: ExplainInput) -> dict[str, Any]:
    if asked.field is not None:
        return blame(desk.fleet, asked.subject, asked.field, of=asked.object).as_dict()
    if asked.object is not None:
        raise InputError.of("object", "needs-field", "needs `field`; add it", asked.object)
    known = {policy.id: policy for policy in policies()}
    if (rule := RULES.get(asked.subject)) is not None:
        return {"rule": rule.id, "meaning": rule.title, "fix": rule.fix, "page": help_uri(rule.id)}
    if (policy := known.get(asked.subject)) is not None:
        return {
            "policy": policy.id,
            "meaning": policy.title,
            "why": policy.why,
            "fix": policy.fix,
            "severity": policy.severity.value,
            "expression": policy.expression,
            "page": policies_uri(policy.id),
        }
    library = desk.state().context.library
    if (path := library.find(asked.subject)) is not None:
        return _path_summary(path)
    names = [*RULES, *known, *(path.major for path in library)]
    message = "is not a rule, policy or golden path; for a tenant or a workload, add `field`"
    raise InputError(
        [Problem("subject", "unknown-subject", message, asked.subject, nearest(asked.subject, names))]
    )


def _path_summary(path: GoldenPath) -> dict[str, Any]:
    return {
        "golden_path": path.major,
        "version": path.version,
        "title": path.metadata.title,
        "summary": path.metadata.summary,
        "fields": [
            {
                "field": field.path,
                "type": field.shape.value,
                "required": field.required,
                "meaning": field.description,
            }
            for field in every_field(request_fields(path))
        ],
    }


class SchemaInput(ToolInput):
    """The golden path whose schema to return."""

    golden_path: Word
    """Golden path and major version, such as `tenant/v1`."""


def _schema(desk: Desk, asked: SchemaInput) -> dict[str, Any]:
    return {"schema": json_schema(_golden_path(desk.state().context.library, asked.golden_path))}


def _golden_path(library: Library, major: str) -> GoldenPath:
    try:
        return library.get(major)
    except InputError as error:
        raise InputError(
            Problem("golden_path", each.rule, each.message, major, each.nearest) for each in error.problems
        ) from None


class ProfilesInput(ToolInput):
    """The accelerators to return."""

    vendor: Word | None = None
    """Only accelerators of this vendor: `nvidia`, `amd` or `intel`."""
    profiles: list[Word] | None = None
    """Only these accelerators with all details, such as `nvidia-h100-80gb/1g.10gb`; otherwise a short list of all."""


def _profiles(_: Desk, asked: ProfilesInput) -> dict[str, Any]:
    known = catalogue()
    vendors = [each.id for each in known.vendors]
    problems = []
    if asked.vendor is not None and asked.vendor not in vendors:
        message = f"must be one of {', '.join(vendors)}"
        problems.append(
            Problem("vendor", "unknown-vendor", message, asked.vendor, nearest(asked.vendor, vendors))
        )
    for index, name in enumerate(asked.profiles or ()):
        if name not in known:
            message = "is not an accelerator of the catalogue"
            problems.append(
                Problem(f"profiles[{index}]", "unknown-profile", message, name, known.nearest(name))
            )
    if problems:
        raise InputError(problems)
    found = [each for each in known if asked.vendor in (None, each.vendor)]
    if asked.profiles:
        return {"profiles": [each.as_dict() for each in found if each.id in asked.profiles]}
    return {
        "profiles": [
            {
                "id": each.id,
                "title": each.title,
                "memory": str(each.memory or ""),
                "per_device": each.per_device,
                "resource": each.resource_name(),
            }
            for each in found
        ]
    }


class SizingInput(ToolInput):
    """A model, a traffic and a goal."""

    model: Word | None = None
    """Hugging Face id of a model in the catalogue. For any other model, give `config`."""
    config: Annotated[str, Field(max_length=1_000_000)] | None = None
    """The text of the model's config.json."""
    profiles: list[Word] | None = None
    """Accelerators to size for, such as `nvidia-h100-80gb`; otherwise all accelerators with benchmark figures."""
    requests_per_second: Annotated[float, Field(gt=0, le=1e6, strict=False)]
    """Requests a second."""
    input_tokens: Annotated[int, Field(gt=0, le=10_000_000)]
    """Mean length of a prompt, in tokens."""
    output_tokens: Annotated[int, Field(gt=0, le=10_000_000)]
    """Mean length of an answer, in tokens."""
    ttft_seconds: Annotated[float, Field(gt=0, strict=False)] | None = None
    """Goal for the mean time to first token, in seconds."""
    itl_seconds: Annotated[float, Field(gt=0, strict=False)] | None = None
    """Goal for the mean time between tokens, in seconds."""
    engine: Word = "vllm"
    """`vllm`, `sglang` or `tensorrt-llm`."""
    engine_version: Word | None = None
    """Version of the engine; otherwise the newest known."""
    precision: Word | None = None
    """Precision of the weights, such as `fp8`; otherwise the checkpoint's own."""
    context: Annotated[int, Field(gt=0)] | None = None
    """Longest sequence, in tokens."""


def _sizing(_: Desk, asked: SizingInput) -> dict[str, Any]:
    if (asked.model is None) is (asked.config is None):
        raise InputError.of("model", "one-of", "give either `model` or `config`")
    model = (
        model_catalogue().get(asked.model)
        if asked.model is not None
        else parse_config(asked.config or "", name="config.json", source="config")
    )
    traffic = Traffic(asked.requests_per_second, asked.input_tokens, asked.output_tokens)
    goal = LatencyLimits(asked.ttft_seconds, asked.itl_seconds)
    sized, refused = [], {}
    for profile in asked.profiles or known_devices():
        try:
            found = size(
                model,
                profile,
                traffic,
                goal,
                asked.engine,
                asked.engine_version,
                precision=asked.precision,
                context=asked.context,
            )
        except InputError as error:
            if asked.profiles and len(asked.profiles) == 1:
                raise
            refused[profile] = error.problems[0].message
        else:
            sized.append(found)
    sized.sort(key=lambda each: each.devices)
    return {**bounded([each.as_dict() for each in sized], _MOST_ENTRIES), "refused": refused}


EXPLAIN: Final = Tool(
    name="explain",
    title="Explain a rule, a policy, a golden path, or the origin of a value",
    description=(
        "Explains a rule that a finding names, a policy, or a golden path with every field of its request. With `field`, "
        "finds the origin of a value of a tenant or workload: the line, the person and the commit."
    ),
    input=ExplainInput,
    source=AnswerSource.REPOSITORY,
    run=_explain,
)
SCHEMA: Final = Tool(
    name="schema",
    title="Schema of a golden path's request",
    description="The JSON Schema of a golden path's request. Read it before writing a request.",
    input=SchemaInput,
    source=AnswerSource.CATALOGUE,
    run=_schema,
)
PROFILES: Final = Tool(
    name="profiles",
    title="Accelerators of the catalogue",
    description="The accelerators, whole or in slices, that a request can ask for, with resource names and memory.",
    input=ProfilesInput,
    source=AnswerSource.CATALOGUE,
    run=_profiles,
)
SIZING: Final = Tool(
    name="sizing",
    title="Size an inference service",
    description=(
        "Accelerators, parallelism, replicas and the threshold to scale on, for a model, a traffic and a goal. Every "
        "number has an 80 % interval. With several accelerators, the fewest devices come first."
    ),
    input=SizingInput,
    source=AnswerSource.CATALOGUE,
    run=_sizing,
)
