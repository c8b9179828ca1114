"""What the commands on a registry have in common: where it is, and who we are to it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from goldenpath.oci.registry_client import RegistryClient

__all__ = ["open_registry", "registry_options"]

F = TypeVar("F", bound="Callable[..., Any]")


def registry_options(function: F) -> F:
    """``--registry``, ``--cluster`` and ``--tag``."""
    for option in (
        click.option(
            "--tag", default="latest", show_default=True, metavar="NAME", help="The tag that clusters follow."
        ),
        click.option("--cluster", metavar="NAME", help="Only this cluster's artifacts."),
        click.option(
            "--registry",
            required=True,
            envvar="GOLDENPATH_REGISTRY",
            show_envvar=True,
            metavar="oci://HOST/PATH",
            help="The registry, and the path below which each cluster has its repositories.",
        ),
    ):
        function = option(function)
    return function


def open_registry(registry: str, tag: str) -> RegistryClient:
    """The registry, with the credentials of the environment or of ``docker login``.

    Raises:
        InputError: the address, the tag or the credentials cannot be used.
    """
    # First the library that only this extra brings, so that a missing one names this extra.
    from goldenpath.oci.registry_address import RegistryAddress, check_tag  # noqa: PLC0415
    from goldenpath.oci.registry_client import RegistryClient  # noqa: PLC0415
    from goldenpath.oci.registry_credentials import RegistryCredentials  # noqa: PLC0415
    from goldenpath.signatures import signing_keys  # noqa: F401, PLC0415 - `--help` needs none of it

    check_tag(tag)
    address = RegistryAddress.parse(registry)
    return RegistryClient(address, RegistryCredentials.of_host(address.host, os.environ))
