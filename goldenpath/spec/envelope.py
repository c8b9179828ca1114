"""The envelope: the fields that every request has, whatever its golden path renders."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Discriminator, Field, ValidationInfo, model_validator
from pydantic import Tag as UnionTag
from pydantic_core import PydanticCustomError

from goldenpath.spec.document_model import RULES_FOLLOW, Document, Model, SchemaRule
from goldenpath.spec.hints import WHERE, ChosenFrom, Frontend, hint
from goldenpath.spec.override import Override
from goldenpath.spec.parsed_fields import Fields
from goldenpath.spec.schema_rules import placement
from goldenpath.spec.types import (
    Date,
    DnsLabel,
    GoldenPathName,
    GroupRef,
    LabelKey,
    LabelValue,
    ListInput,
    Name,
    Text,
    Title,
)
from goldenpath.spec.value_checks import refuse

__all__ = ["Clusters", "Envelope", "Override", "Placement", "Retiring"]

Clusters = Annotated[tuple[DnsLabel, ...], ListInput, Field(min_length=1)]


def _yes_no_or_clusters(value: Any) -> Any:
    if not isinstance(value, bool | list | tuple):
        raise refuse("type", "must be true, false, or a list of clusters")
    return value


Retiring = Annotated[
    Annotated[Clusters, UnionTag("clusters")] | Annotated[bool, UnionTag("everywhere")],
    Discriminator(lambda value: "everywhere" if isinstance(value, bool) else "clusters"),
    BeforeValidator(_yes_no_or_clusters),
]


class Placement(Model):
    """Selects every cluster that is in one of the regions and has all the labels."""

    schema_rules: ClassVar[tuple[SchemaRule, ...]] = (placement,)

    regions: Annotated[tuple[DnsLabel, ...], ListInput, hint(choices=ChosenFrom.REGIONS, unique=True)] = ()
    """Regions; a cluster in any of them matches."""
    labels: dict[LabelKey, LabelValue] = Field(default_factory=dict)
    """Labels; a cluster that has all of them matches."""


class Envelope(Document):
    """The fields of every request. A kind of request adds its own fields, and may restrict the types of these."""

    golden_path: Annotated[GoldenPathName, hint(step="Who", unasked=Frontend)]
    """Golden path and its major version, such as `tenant/v1`."""
    name: Annotated[Name, hint(step="Who", fixed=True)]
    """Name."""
    title: Annotated[Title | None, hint(step="Who")] = None
    """Title for people; the name where no title is given."""
    description: Annotated[Text | None, hint(step="Who")] = None
    """What it does, in a sentence."""
    owner: Annotated[GroupRef | None, hint(step="Who", choices=ChosenFrom.GROUPS)] = None
    """Backstage group that owns it."""
    expires: Annotated[Date | None, hint(step="Who", order=9)] = None
    """Day after which it is no longer needed."""
    clusters: Annotated[
        Clusters | None,
        hint(step=WHERE, choices=ChosenFrom.CLUSTERS, unasked=[Frontend.COOKIECUTTER], unique=True),
    ] = None
    """Clusters by name, instead of a placement."""
    placement: Annotated[Placement | None, hint(step=WHERE, unasked=[Frontend.COOKIECUTTER])] = None
    """Clusters by region and labels, instead of names."""
    overrides: Annotated[tuple[Override, ...], ListInput, hint(unasked=Frontend)] = ()
    """Changes to rendered objects, each with a reason and an end date."""
    retiring: Annotated[Retiring, hint(unasked=Frontend, unique=True)] = False
    """Whether it is being retired, everywhere (`true`) or on the named clusters."""
    inputs: Annotated[dict[str, Any], hint(short="input")] = Field(default_factory=dict)
    """Extra inputs that the golden path declares."""

    @property
    def display_title(self) -> str:
        return self.title or self.name

    def is_retiring_on(self, cluster: str) -> bool:
        return self.retiring if isinstance(self.retiring, bool) else cluster in self.retiring

    @model_validator(mode="after")
    def _rules_hold(self, info: ValidationInfo) -> Self:
        if info.context is RULES_FOLLOW:
            return self
        problems = tuple(self.problems(Fields(self.model_dump(exclude_unset=True))))
        if problems:
            raise PydanticCustomError(
                "goldenpath_rules", "{summary}", {"summary": "; ".join(map(str, problems))}
            )
        return self
