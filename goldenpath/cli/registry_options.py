"""The options of commands on a registry, and the client with its login."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

import click

from goldenpath.cli.base_command import together
from goldenpath.cli.repository_options import fleet_command
from goldenpath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from goldenpath.cli.repository_options import FleetTarget
    from goldenpath.fleet import Fleet
    from goldenpath.oci.registry_address import RegistryAddress
    from goldenpath.oci.registry_client import RegistryClient

__all__ = ["DEFAULT_TAG", "ArtifactTarget", "OpenTarget", "artifact_options", "open_registry", "registry_at"]

DEFAULT_TAG: Final = "latest"
_REGISTRY: Final = (
    click.option(
        "--tag",
        metavar="NAME",
        help="The tag that clusters read. Default: `delivery.tag` of the fleet, or latest.",
    ),
    click.option("--cluster", metavar="NAME", help="Only this cluster's artifacts."),
    click.option(
        "--registry",
        envvar="GOLDENPATH_REGISTRY",
        show_envvar=True,
        metavar="oci://HOST/PATH",
        help="The registry, with the path above the repositories of clusters. Default: `delivery.registry` of the fleet.",
    ),
)


@dataclass(frozen=True, slots=True)
class ArtifactTarget:
    """The fleet and the registry that the options of a command name."""

    fleet: FleetTarget
    registry: str | None
    cluster: str | None
    tag: str | None

    @contextmanager
    def open(self) -> Iterator[OpenTarget]:
        """Open the fleet and its registry.

        Raises:
            InputError: neither --registry nor the fleet names a registry, or an address, a tag or credentials cannot be
                used.
            RepositoryError: there is no repository, or Git cannot use it.
        """
        # Wrong options are refused before the repository is read.
        _check(self.registry, self.tag)
        with self.fleet.open() as fleet:
            delivery = fleet.state().context.spec.delivery if None in {self.registry, self.tag} else None
            registry = self.registry or (delivery.registry if delivery is not None else None)
            if registry is None:
                message = "is required: give oci://HOST/PATH, or add `delivery` to goldenpath.yaml"
                raise InputError.of("--registry", "required", message)
            tag = self.tag or (delivery.tag if delivery is not None else DEFAULT_TAG)
            with open_registry(registry, tag) as client:
                yield OpenTarget(fleet, client, registry, tag, self.cluster)


@dataclass(frozen=True, slots=True)
class OpenTarget:
    """An open fleet, its registry, and the tag to use."""

    fleet: Fleet
    client: RegistryClient
    registry: str
    tag: str
    cluster: str | None


def artifact_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of every command on artifacts, which the command gets as ``target``."""

    @fleet_command("text", "json")
    @wraps(function)
    def with_target(
        *arguments: Any,
        target: FleetTarget,
        registry: str | None,
        cluster: str | None,
        tag: str | None,
        **options: Any,
    ) -> Any:
        return function(*arguments, target=ArtifactTarget(target, registry, cluster, tag), **options)

    return together(*_REGISTRY)(with_target)


def _check(registry: str | None, tag: str | None) -> None:
    from goldenpath.oci.registry_address import RegistryAddress, check_tag  # noqa: PLC0415 - `--help` needs none of it

    if tag is not None:
        check_tag(tag)
    if registry is not None:
        RegistryAddress.parse(registry)


def open_registry(registry: str, tag: str) -> RegistryClient:
    """A client of the registry, with the credentials of the environment or of ``docker login``.

    Raises:
        InputError: the address, the tag or the credentials cannot be used.
    """
    from goldenpath.oci.registry_address import RegistryAddress, check_tag  # noqa: PLC0415 - `--help` needs none of it

    check_tag(tag)
    return registry_at(RegistryAddress.parse(registry))


def registry_at(address: RegistryAddress) -> RegistryClient:
    """A client of the registry, with the credentials of the environment or of ``docker login``.

    Raises:
        InputError: the credentials cannot be used.
    """
    # `signing_keys` loads a library that only the extra `oci` brings, so a missing library names that extra.
    from goldenpath.oci.registry_client import RegistryClient  # noqa: PLC0415
    from goldenpath.oci.registry_credentials import RegistryCredentials  # noqa: PLC0415
    from goldenpath.signatures import signing_keys  # noqa: F401, PLC0415 - `--help` needs none of it

    return RegistryClient(address, RegistryCredentials.of_host(address.host, os.environ))
