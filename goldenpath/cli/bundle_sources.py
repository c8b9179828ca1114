"""The sources of provenance bundles: a folder of recorded bundles, or the registries of the models."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Protocol

import click

from goldenpath.cli.base_command import folder_option, together
from goldenpath.errors import ArtifactRefusedError, InputError, RegistryError, RegistryUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from goldenpath.oci.registry_address import RegistryAddress
    from goldenpath.oci.registry_client import RegistryClient
    from goldenpath.provenance.pod_images import PodModelReference

__all__ = ["BundleSource", "bundle_options", "open_bundles"]

_MOST_BUNDLES = 10_000
_MOST_BYTES = 16 << 20


class BundleSource(Protocol):
    """A source of the bundles that may be about a model."""

    def of(self, model: PodModelReference) -> Sequence[bytes]:
        """Read the bundles of a model.

        Raises:
            ArtifactRefusedError: the registry does not have the model.
            InputError: the credentials of the registry cannot be used.
            RegistryError: no option names the registry, or it refuses, or it cannot be reached.
        """
        ...


bundle_options = together(
    folder_option(
        "--bundles",
        "bundle_folder",
        exists=True,
        help="Read the provenance of models from a folder of recorded bundles (*.json), as `goldenpath lineage attest "
        "--out` writes them.",
    ),
    click.option(
        "--registry",
        "registries",
        multiple=True,
        metavar="oci://HOST[/PATH]",
        help="Read the provenance that is attached to models in this registry; may be given again. No other registry is "
        "read.",
    ),
)
"""``--bundles`` and ``--registry``, the sources of provenance."""


@contextmanager
def open_bundles(folder: Path | None, registries: Sequence[str]) -> Iterator[BundleSource | None]:
    """Open the source that the options name; None if there is no such option.

    Raises:
        InputError: both options are given, an address is not valid, or the folder cannot be read.
    """
    if folder is not None and registries:
        message = "excludes --bundles; use either recorded bundles or a registry"
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
    """All bundles of a folder; each bundle names its model."""

    def __init__(self, folder: Path) -> None:
        self._bundles = list(_read(folder))

    def of(self, model: PodModelReference) -> Sequence[bytes]:
        del model
        return self._bundles


class _RegistryBundles:
    """The bundles that are attached to each model in its registry; each model is read once.

    Objects may name any registry, but only registries of ``--registry`` are read, and get credentials.
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
            message = "is in a registry that no --registry names; add it, or use a model of another registry"
            raise RegistryError(f"{model.repository}: {message}")
        for failed in (host, model.repository):
            if failed in self._failed:
                raise self._failed[failed]
        place = (model.repository, model.digest)
        try:
            if place not in self._found:
                self._found[place] = _attached_bundles(self._client(address), repository, model.digest)
        except RegistryError as error:
            # A registry that is unavailable once is not tried again by this command.
            is_unavailable = isinstance(error, RegistryUnavailableError)
            self._failed[host if is_unavailable else model.repository] = error
            raise
        return self._found[place]

    def _client(self, address: RegistryAddress) -> RegistryClient:
        from goldenpath.cli.registry_options import registry_at  # noqa: PLC0415 - `--help` needs none of it

        if address.host not in self._clients:
            self._clients[address.host] = self._opened.enter_context(registry_at(address))
        return self._clients[address.host]


def _is_below(address: RegistryAddress, host: str, repository: str) -> bool:
    return address.host == host and f"{repository}/".startswith(f"{address.path}/".lstrip("/"))


def _attached_bundles(client: RegistryClient, repository: str, digest: str) -> Sequence[bytes]:
    from goldenpath.provenance.refusals import refused  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.signatures.bundle_referrers import bundles_of  # noqa: PLC0415

    try:
        model = client.manifest(repository, digest)
        bundles = tuple(bundles_of(client, repository, digest)) if model else ()
    except ArtifactRefusedError as error:
        # Wrong bytes for a digest, or a list that is too long, are faults of the registry, not of the model.
        raise RegistryError(f"{client.address.host}/{error}") from None
    if model is None:
        raise refused(
            "no-provenance", "The registry does not have the model: push it, or correct the reference."
        )
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
