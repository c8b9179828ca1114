"""An entry of the catalogue: an add-on or Kubernetes, with its APIs, features and accounts."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from goldenpath.catalogue_files import CatalogueModel, FactSource

__all__ = ["Addon", "Feature", "ServedApi", "VersionText", "version_of"]

_NUMBERS: Final = re.compile(r"[0-9]+(?:\.[0-9]+)*")


# The objects of all tenants need only a few versions.
@lru_cache(maxsize=1024)
def version_of(text: str) -> tuple[int, ...]:
    """Return the leading numbers of a version, for comparison: ``(2, 9, 0)`` for ``"2.9.0-rc.1"``.

    Raises:
        ValueError: the text does not start with a number.
    """
    found = _NUMBERS.match(text.removeprefix("v"))
    if found is None:
        raise ValueError(f"{text!r} is not a version")
    return tuple(int(number) for number in found[0].split("."))


def _is_version(text: str) -> str:
    version_of(text)
    return text


Text = Annotated[str, Field(min_length=1)]
VersionText = Annotated[str, AfterValidator(_is_version)]
AccountName = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")]
Sources = Annotated[tuple[Text, ...], Field(min_length=1)]


class ServedApi(CatalogueModel):
    """Kinds of one API version, with the first version of the add-on that serves them and the first that does not."""

    group: str
    version: Annotated[str, Field(pattern=r"^v[0-9]+((alpha|beta)[0-9]+)?$")]
    kinds: Annotated[tuple[Text, ...], Field(min_length=1)]
    since: VersionText
    until: VersionText | None = None
    sources: Sources

    @property
    def api_version(self) -> str:
        """The ``apiVersion`` of objects, such as ``kueue.x-k8s.io/v1beta2``."""
        return f"{self.group}/{self.version}" if self.group else self.version


class Feature(CatalogueModel):
    """A field, or a value of a field, that is newer than its API.

    ``field`` is a path in objects of the kinds; ``[]`` after a step means each entry of a list. ``value`` is a regular
    expression for the values (or keys of a mapping) that need the feature; without it, any value does. ``severity`` is the
    severity of use in an older version, and ``otherwise`` describes what an older version does.
    """

    title: Text
    kinds: Annotated[tuple[Text, ...], Field(min_length=1)]
    field: Text
    value: str | None = None
    since: VersionText
    severity: Literal["error", "warning"] = "error"
    otherwise: Text
    sources: Sources


class Addon(CatalogueModel):
    """An add-on, or Kubernetes itself. ``first`` and ``last`` are the oldest and newest known version.

    ``service_accounts`` are the accounts of its controllers in ``namespace``, as in its own manifests. An add-on with APIs
    and no controllers has neither. ``owns_workloads`` means that the controllers create Pods, or objects that create Pods.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    title: Text
    first: VersionText
    last: VersionText
    namespace: AccountName | None = None
    service_accounts: tuple[AccountName, ...] = ()
    users: tuple[Text, ...] = ()
    owns_workloads: bool = False
    apis: tuple[ServedApi, ...] = ()
    features: tuple[Feature, ...] = ()
    account_sources: tuple[Text, ...] = ()
    sources: Annotated[dict[Text, FactSource], Field(min_length=1)]

    @model_validator(mode="after")
    def _has_sources(self) -> Self:
        named = {key for api in self.apis for key in api.sources} | set(self.account_sources)
        named |= {key for feature in self.features for key in feature.sources}
        if unknown := sorted(named - self.sources.keys()):
            raise ValueError(f"a fact names the unknown source {', '.join(unknown)}")
        if unused := sorted(self.sources.keys() - named):
            raise ValueError(f"no fact names the source {', '.join(unused)}")
        if self.service_accounts and not self.account_sources:
            raise ValueError("the service accounts have no source")
        if self.service_accounts and self.namespace is None:
            raise ValueError("the service accounts have no namespace")
        return self

    @model_validator(mode="after")
    def _has_each_kind_once(self) -> Self:
        seen = set()
        for api in self.apis:
            for kind in api.kinds:
                if (api.api_version, kind) in seen:
                    raise ValueError(f"{api.api_version} {kind} appears twice")
                seen.add((api.api_version, kind))
        return self

    def api_of(self, api_version: str, kind: str) -> ServedApi | None:
        """Return the entry for a kind, or None if the add-on does not serve it."""
        return next((api for api in self.apis if api.api_version == api_version and kind in api.kinds), None)

    def accounts(self, namespace: str | None = None, names: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Return the user names of the controllers, with another namespace or other accounts if given."""
        namespace, names = namespace or self.namespace, self.service_accounts if names is None else names
        return (*self.users, *(f"system:serviceaccount:{namespace}:{name}" for name in names))
