"""Where the bundles beside models are read from: a folder of recorded ones, or the registries themselves."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click

from goldenpath.errors import ArtifactRefusedError, InputError, RegistryError, RegistryUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from goldenpath.oci.registry_address import RegistryAddress
    from goldenpath.oci.registry_client import RegistryClient
    from goldenpath.provenance.pod_images import PodModelReference

__all__ = ["BundleSource", "bundle_options", "open_bundles"]

_MOST_BUNDLES = 10_000
_MOST_BYTES = 16 << 20

F = TypeVar("F", bound="Callable[..., Any]")


class BundleSource(Protocol):
    """Gives the bundles that may be about a model."""

    def of(self, model: PodModelReference) -> Sequence[bytes]:
        """The bundles.

        Raises:
            ArtifactRefusedError: the registry has no such model.
            InputError: the credentials of the registry cannot be used.
            RegistryError: the registry was not named, refuses, or cannot be reached.

        """
        ...


def bundle_options(function: F) -> F:
    """``--bundles`` and ``--registry``: where the provenance of models is read from."""
    for option in (
        click.option(
            "--registry",
            "registries",
            multiple=True,
            metavar="oci://HOST[/PATH]",
            help="Read the provenance of models from this registry, where it stands beside each model; may be given again. "
            "No other registry is asked.",
        ),
        click.option(
            "--bundles",
            "bundle_folder",
            type=click.Path(file_okay=False, exists=True, path_type=Path),
            metavar="DIR",
            help="Read the provenance of models from a folder of recorded bundles (*.json), as `goldenpath lineage attest "
            "--out` writes them.",
        ),
    ):
        function = option(function)
    return function


@contextmanager
def open_bundles(folder: Path | None, registries: Sequence[str]) -> Iterator[BundleSource | None]:
    """The bundles that the options name; None where they name none.

    Raises:
        InputError: both options are given, an address is not of its form, or the folder cannot be read.

    """
    if folder is not None and registries:
        message = "cannot stand beside --bundles; take the recorded bundles or those of the registry"
        raise InputError.of("--registry", "not-both", message)
    if folder is not None:
        yield _RecordedBundles(folder)
    elif registries:
        from goldenpath.oci.registry_address import RegistryAddress  # noqa: PLC0415 - `--help` needs none of it

        with ExitStack() as opened:
            yield _RegistryBundles(tuple(map(RegistryAddress.parse, registries)), opened)
    else:
        yield None


class _RecordedBundles:
    """All bundles of a folder; which model each is about, it says itself."""

    def __init__(self, folder: Path) -> None:
        self._bundles = list(_read(folder))

    def of(self, model: PodModelReference) -> Sequence[bytes]:
        del model
        return self._bundles


class _RegistryBundles:
    """The bundles beside each model in its registry, which is asked once for each model.

    Objects may name any registry. Only those that a person has named are asked, and get credentials.
    """

    def __init__(self, addresses: Sequence[RegistryAddress], opened: ExitStack) -> None:
        self._addresses = addresses
        self._opened = opened
        self._clients: dict[str, RegistryClient] = {}
        self._found: dict[tuple[str, str], Sequence[bytes]] = {}
        self._failed: dict[str, RegistryError] = {}

    def of(self, model: PodModelReference) -> Sequence[bytes]:
        host, _, repository = model.repository.partition("/")
        address = next((each for each in self._addresses if _is_below(each, host, repository)), None)
        if address is None:
            message = "is in a registry that no --registry names; name it, or take the model from another"
            raise RegistryError(f"{model.repository}: {message}")
        for failed in (host, model.repository):
            if failed in self._failed:
                raise self._failed[failed]
        place = (model.repository, model.digest)
        try:
            if place not in self._found:
                self._found[place] = _beside(self._client(address), repository, model.digest)
        except RegistryError as error:
            # A registry that is away stays away for this command.
            away = isinstance(error, RegistryUnavailableError)
            self._failed[host if away else model.repository] = error
            raise
        return self._found[place]

    def _client(self, address: RegistryAddress) -> RegistryClient:
        from goldenpath.cli.registry_options import registry_at  # noqa: PLC0415 - `--help` needs none of it

        if address.host not in self._clients:
            self._clients[address.host] = self._opened.enter_context(registry_at(address))
        return self._clients[address.host]


def _is_below(address: RegistryAddress, host: str, repository: str) -> bool:
    return address.host == host and f"{repository}/".startswith(f"{address.path}/".lstrip("/"))


def _beside(client: RegistryClient, repository: str, digest: str) -> Sequence[bytes]:
    from goldenpath.provenance.refusals import refused  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.signatures.bundle_referrers import bundles_of  # noqa: PLC0415

    try:
        model = client.manifest(repository, digest)
        bundles = tuple(bundles_of(client, repository, digest)) if model else ()
    except ArtifactRefusedError as error:
        # Bytes of another digest, or a list that is too long: the registry is at fault, and not the model.
        raise RegistryError(f"{client.address.host}/{error}") from None
    if model is None:
        raise refused("no-provenance", "The registry has no such model: push it, or correct the reference.")
    return bundles


def _read(folder: Path) -> Iterator[bytes]:
    for number, file in enumerate(sorted(folder.rglob("*.json"))):
        if number >= _MOST_BUNDLES:
            message = f"has more than {_MOST_BUNDLES:,} files"
            raise InputError.of("--bundles", "too-many", message, str(folder))
        try:
            if file.stat().st_size > _MOST_BYTES:
                message = f"has more than {_MOST_BYTES:,} bytes"
                raise InputError.of("--bundles", "too-large", message, str(file))
            yield file.read_bytes()
        except OSError as error:
            message = f"cannot be read: {error.strerror}"
            raise InputError.of("--bundles", "no-file", message, str(file)) from None
