"""The envelope: what every request has, whatever its golden path renders."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Discriminator, Field, ValidationInfo, model_validator
from pydantic import Tag as UnionTag
from pydantic_core import PydanticCustomError

from goldenpath.spec.document_model import RULES_FOLLOW, Document, Model, SchemaRule
from goldenpath.spec.hints import WHERE, ChosenFrom, Door, hint
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
    """Clusters by what they are: every cluster that is in one of the regions and has all the labels."""

    schema_rules: ClassVar[tuple[SchemaRule, ...]] = (placement,)

    regions: Annotated[tuple[DnsLabel, ...], ListInput, hint(choices=ChosenFrom.REGIONS, unique=True)] = ()
    """Regions; a cluster in one of them fits."""
    labels: dict[LabelKey, LabelValue] = Field(default_factory=dict)
    """Labels; a cluster that has all of them fits."""


class Envelope(Document):
    """The fields of every request. A kind of request adds its own, and may say more strictly what a field takes."""

    golden_path: Annotated[GoldenPathName, hint(step="Who", unasked=Door)]
    """Golden path and its major version, such as `tenant/v1`."""
    name: Annotated[Name, hint(step="Who", fixed=True)]
    """Name."""
    title: Annotated[Title | None, hint(step="Who")] = None
    """Name for people; the name where none is given."""
    description: Annotated[Text | None, hint(step="Who")] = None
    """What it does, in a sentence."""
    owner: Annotated[GroupRef | None, hint(step="Who", choices=ChosenFrom.GROUPS)] = None
    """Backstage group that owns it."""
    expires: Annotated[Date | None, hint(step="Who", order=9)] = None
    """Day after which it is no longer needed."""
    clusters: Annotated[
        Clusters | None,
        hint(step=WHERE, choices=ChosenFrom.CLUSTERS, unasked=[Door.COOKIECUTTER], unique=True),
    ] = None
    """Clusters by name; either these or a placement."""
    placement: Annotated[Placement | None, hint(step=WHERE, unasked=[Door.COOKIECUTTER])] = None
    """Clusters by region and labels; either this or names."""
    overrides: Annotated[tuple[Override, ...], ListInput, hint(unasked=Door)] = ()
    """Changes to rendered objects, with a reason and an end."""
    retiring: Annotated[Retiring, hint(unasked=Door, unique=True)] = False
    """Whether it is being retired, everywhere (`true`) or on the clusters named."""
    inputs: Annotated[dict[str, Any], hint(short="input")] = Field(default_factory=dict)
    """Extra inputs that the golden path declares."""

    @property
    def display_title(self) -> str:
        """The title, or the name where none was given."""
        return self.title or self.name

    def is_retiring_on(self, cluster: str) -> bool:
        """Whether it is being retired on one of its clusters."""
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
