"""Shared by the commands on a registry: its address, and the login."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

import click

from goldenpath.cli.base_command import format_option, library_option
from goldenpath.cli.error_output import in_the_format_asked_for
from goldenpath.cli.repository_options import at_option, open_fleet, repository_options
from goldenpath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from goldenpath.fleet import Fleet
    from goldenpath.oci.registry_address import RegistryAddress
    from goldenpath.oci.registry_client import RegistryClient

__all__ = ["DEFAULT_TAG", "ArtifactTarget", "OpenTarget", "artifact_options", "open_registry", "registry_at"]

DEFAULT_TAG: Final = "latest"
_REGISTRY: Final = (
    click.option(
        "--tag",
        metavar="NAME",
        help="The tag that clusters follow. Default: `delivery.tag` of the fleet, or latest.",
    ),
    click.option("--cluster", metavar="NAME", help="Only this cluster's artifacts."),
    click.option(
        "--registry",
        envvar="GOLDENPATH_REGISTRY",
        show_envvar=True,
        metavar="oci://HOST/PATH",
        help="The registry, and the path below which each cluster has its repositories. Default: `delivery.registry` of "
        "the fleet.",
    ),
)


@dataclass(frozen=True, slots=True)
class ArtifactTarget:
    """What the commands on artifacts are asked about, as it was given."""

    place: str
    branch: str | None
    at: str | None
    registry: str | None
    cluster: str | None
    tag: str | None
    libraries: tuple[Path, ...]

    @contextmanager
    def open(self) -> Iterator[OpenTarget]:
        """The fleet and its registry.

        Raises:
            InputError: no registry is given and the fleet names none; or an address, a tag or credentials cannot be used.
            RepositoryError: there is no repository, or Git cannot use it.

        """
        # What was given is judged before the repository is read.
        _check(self.registry, self.tag)
        with open_fleet(self.place, self.branch, self.libraries, at=self.at) as fleet:
            delivery = fleet.state().context.spec.delivery if None in {self.registry, self.tag} else None
            registry = self.registry or (delivery.registry if delivery is not None else None)
            if registry is None:
                message = "is needed: oci://HOST/PATH; or `delivery` in goldenpath.yaml"
                raise InputError.of("--registry", "required", message)
            tag = self.tag or (delivery.tag if delivery is not None else DEFAULT_TAG)
            with open_registry(registry, tag) as client:
                yield OpenTarget(fleet, client, registry, tag, self.cluster)


@dataclass(frozen=True, slots=True)
class OpenTarget:
    """A fleet, its registry, and the tag that is meant."""

    fleet: Fleet
    client: RegistryClient
    registry: str
    tag: str
    cluster: str | None


def artifact_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every command on artifacts, which the command gets together as ``target``; refusals as for all."""

    @wraps(function)
    def with_target(*arguments: Any, **options: Any) -> Any:
        given = {name.name: options.pop(name.name) for name in fields(ArtifactTarget)}
        return function(*arguments, target=ArtifactTarget(**given), **options)

    decorated: Callable[..., Any] = in_the_format_asked_for(with_target)
    for option in (format_option("text", "json"), library_option, *_REGISTRY, at_option, repository_options):
        decorated = option(decorated)
    return decorated


def _check(registry: str | None, tag: str | None) -> None:
    from goldenpath.oci.registry_address import RegistryAddress, check_tag  # noqa: PLC0415 - `--help` needs none of it

    if tag is not None:
        check_tag(tag)
    if registry is not None:
        RegistryAddress.parse(registry)


def open_registry(registry: str, tag: str) -> RegistryClient:
    """The registry, with the credentials of the environment or of ``docker login``.

    Raises:
        InputError: the address, the tag or the credentials cannot be used.
    """
    from goldenpath.oci.registry_address import RegistryAddress, check_tag  # noqa: PLC0415 - `--help` needs none of it

    check_tag(tag)
    return registry_at(RegistryAddress.parse(registry))


def registry_at(address: RegistryAddress) -> RegistryClient:
    """A registry, with the credentials of the environment or of ``docker login``.

    Raises:
        InputError: the credentials cannot be used.
    """
    # First the library that only this extra brings, so that a missing one names this extra.
    from goldenpath.oci.registry_client import RegistryClient  # noqa: PLC0415
    from goldenpath.oci.registry_credentials import RegistryCredentials  # noqa: PLC0415
    from goldenpath.signatures import signing_keys  # noqa: F401, PLC0415 - `--help` needs none of it

    return RegistryClient(address, RegistryCredentials.of_host(address.host, os.environ))
