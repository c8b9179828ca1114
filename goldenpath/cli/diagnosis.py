"""Checks the installation on this machine, and the servers that goldenpath needs. Changes no file and no ref."""

from __future__ import annotations

import enum
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from goldenpath.cli.repository_options import commit_author, fleet_repository_here
from goldenpath.cluster import connect, context_names
from goldenpath.cluster.kubeconfig import kubeconfig_files
from goldenpath.cluster.rate_limit import RetryLimits
from goldenpath.counts import counted
from goldenpath.errors import GoldenpathError, InputError
from goldenpath.fleet import Fleet
from goldenpath.forges import ClientOptions, RetryOptions, address_of, forge_of, token_of
from goldenpath.git import Credentials, Remote, is_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.spec.fleet_spec import Delivery

__all__ = ["EXTRAS", "CheckState", "DoctorCheck", "diagnose"]

EXTRAS: Final = {
    "forges": ("httpx", "pull requests"),
    "library": ("git", "golden paths from Git repositories"),
    "cluster": ("kubernetes", "the cluster verbs: diff, apply, status, adopt, schemas import"),
    "backstage": ("fastapi", "goldenpath serve"),
    "oci": ("cryptography", "goldenpath artifacts"),
    "pkcs11": ("pkcs11", "signing keys in hardware"),
    "keyless": ("rfc3161_client", "signatures with certificates, and their time stamps"),
    "mcp": ("mcp", "tools for assistants"),
    "postgres": ("psycopg", "the backend's ledger on PostgreSQL"),
}
"""For each extra: a library that only it installs, and its purpose."""

_OLDEST_GIT: Final = (2, 31)
_SECONDS: Final = 15.0
_PROBE: Final = "goldenpath-doctor"
"""A branch without a pull request; a search for one tests the forge, the repository and the token."""


class CheckState(enum.StrEnum):
    """The result of a check."""

    OK = "ok"
    MISSING = "missing"
    """The part does not exist; only its own purpose needs it."""
    FAILED = "failed"
    """The part exists, but does not work."""


@dataclass(frozen=True, slots=True)
class DoctorCheck:
    """The check of one part; ``fix`` is empty if there is nothing to do."""

    area: str
    name: str
    state: CheckState
    message: str
    fix: str = ""

    def as_dict(self) -> dict[str, str]:
        return {
            "area": self.area,
            "name": self.name,
            "state": self.state.value,
            "message": self.message,
            "fix": self.fix,
        }


def diagnose(
    place: str | None, *, context: str | None, kubeconfig: str | None, forge: str | None, api: str | None
) -> Iterator[DoctorCheck]:
    """Check one part after the other.

    Args:
        place: the folder or URL of the fleet repository; by default the current folder's.
        context: the only context to try; by default the contexts with the names of the fleet's clusters.
        kubeconfig: the kubeconfig; by default the environment's.
        forge: the kind of forge, if the URL does not show it.
        api: the forge's API, if it is not at its usual address.
    """
    yield _python()
    yield from _extras()
    yield from _git()
    place = place or _here()
    clusters: tuple[str, ...] = ()
    remote: str | None = None
    delivery: Delivery | None = None
    if place is None:
        fix = "change to its folder, give --repo, or create one: goldenpath fleet init"
        yield DoctorCheck("fleet", "repository", CheckState.MISSING, "there is no fleet repository here", fix)
    elif is_url(place):
        remote = place
    else:
        found, clusters, remote, delivery = _folder(place)
        yield from found
    if remote is not None and is_url(remote):
        yield _remote(remote)
        yield from _forge(remote, forge, api)
    if delivery is not None:
        yield _registry(delivery, clusters)
    yield from _clusters(clusters, context, kubeconfig)


def _python() -> DoctorCheck:
    found = ".".join(map(str, sys.version_info[:3]))
    message = f"goldenpath {version('goldenpath')} on Python {found}"
    return DoctorCheck("install", "goldenpath", CheckState.OK, message)


def _extras() -> Iterator[DoctorCheck]:
    for extra, (module, purpose) in EXTRAS.items():
        if find_spec(module) is not None:
            yield DoctorCheck("install", extra, CheckState.OK, f"installed, for {purpose}")
        else:
            fix = f"pip install 'goldenpath[{extra}]'"
            yield DoctorCheck(
                "install", extra, CheckState.MISSING, f"not installed; needed for {purpose}", fix
            )


def _git() -> Iterator[DoctorCheck]:
    if shutil.which("git") is None:
        message = "not installed; needed for plan, publish, fleet and status"
        yield DoctorCheck("git", "git", CheckState.MISSING, message, "install Git 2.31 or newer")
        return
    output = subprocess.run(("git", "version"), capture_output=True, text=True, check=False).stdout  # noqa: S607
    found = re.search(r"([0-9]+)\.([0-9]+)(\.[0-9]+)?", output)
    if found is None or (int(found[1]), int(found[2])) < _OLDEST_GIT:
        message = f"{output.strip() or 'no version'} is too old"
        yield DoctorCheck("git", "git", CheckState.FAILED, message, "install Git 2.31 or newer")
    else:
        yield DoctorCheck("git", "git", CheckState.OK, f"version {found[0]}")
    person = commit_author(None)
    if person is None:
        fix = "git config --global user.name NAME; git config --global user.email ADDRESS; or --author"
        yield DoctorCheck("git", "author", CheckState.MISSING, "Git has no user.name and user.email", fix)
    else:
        yield DoctorCheck("git", "author", CheckState.OK, f"{person.name} <{person.email}>")
    yield _credentials()


def _credentials() -> DoctorCheck:
    try:
        credentials = Credentials.from_environment(os.environ)
    except InputError as error:
        problem = error.problems[0]
        fix = "correct GOLDENPATH_GIT_TOKEN, GOLDENPATH_GIT_USER or GOLDENPATH_GIT_SSH_KEY"
        return DoctorCheck("git", "credentials", CheckState.FAILED, f"{problem.path}: {problem.message}", fix)
    if credentials.password is not None:
        message = "GOLDENPATH_GIT_TOKEN"
    elif credentials.ssh_key is not None:
        message = "GOLDENPATH_GIT_SSH_KEY"
    else:
        message = "Git's own helpers and ssh's agent"
    return DoctorCheck("git", "credentials", CheckState.OK, f"from {message}")


def _here() -> str | None:
    try:
        return str(fleet_repository_here())
    except InputError:
        return None


def _folder(place: str) -> tuple[list[DoctorCheck], tuple[str, ...], str | None, Delivery | None]:
    """The checks of a fleet repository in a folder, its clusters, the URL of `origin`, and its registry."""
    try:
        with Fleet.open(place) as fleet:
            state = fleet.state()
            commit, clusters = state.snapshot.commit or "", tuple(state.context.spec.clusters)
            remote, delivery = _origin(fleet), state.context.spec.delivery
    except GoldenpathError as error:
        fix = "run goldenpath fleet validate, which lists every problem"
        failed = DoctorCheck("fleet", "repository", CheckState.FAILED, f"{place}: {_line(error)}", fix)
        return [failed], (), None, None
    message = f"{place}, commit {commit[:12]}, {counted(len(clusters), 'cluster')}"
    found = [DoctorCheck("fleet", "repository", CheckState.OK, message)]
    if remote is None:
        message = "the repository has no remote `origin`, so publish commits here and there is no forge"
        found.append(DoctorCheck("fleet", "remote", CheckState.MISSING, message, "git remote add origin URL"))
    return found, clusters, remote, delivery


def _origin(fleet: Fleet) -> str | None:
    try:
        return fleet.store.repository.git("config", "--get", "remote.origin.url").decode().strip()
    except GoldenpathError:
        return None


def _remote(url: str) -> DoctorCheck:
    try:
        remote = Remote(url, Credentials.from_environment(os.environ), time_out=_SECONDS)
        branch = remote.default_branch()
    except GoldenpathError as error:
        fix = "check the URL, the network, and GOLDENPATH_GIT_TOKEN or your ssh key"
        return DoctorCheck("fleet", "remote", CheckState.FAILED, _line(error), fix)
    message = f"{remote.url} answers" + (f"; its default branch is {branch}" if branch else "; it is empty")
    return DoctorCheck("fleet", "remote", CheckState.OK, message)


def _forge(url: str, kind: str | None, api: str | None) -> Iterator[DoctorCheck]:
    if find_spec("httpx") is None:
        fix = "pip install 'goldenpath[forges]'"
        yield DoctorCheck("forge", "forge", CheckState.MISSING, "not checked: httpx is not installed", fix)
        return
    try:
        address = address_of(url, kind=kind, api=api)
        if address is None:
            return
        token = token_of(os.environ, address)
        options = ClientOptions(answer_timeout=_SECONDS, patience=RetryOptions(attempts=1))
        forge = forge_of(url, kind=kind, api=api, token=token, options=options)
        if forge is not None:
            forge.find(_PROBE, "main")
    except GoldenpathError as error:
        fix = "check --forge, --forge-api and the token"
        yield DoctorCheck("forge", "forge", CheckState.FAILED, _line(error), fix)
        return
    message = f"{address.kind} at {address.api} shows the pull requests of {address.repository}"
    yield DoctorCheck("forge", "forge", CheckState.OK, message)
    if token is None:
        fix = "set GOLDENPATH_FORGE_TOKEN, or the forge's own variable"
        message = "there is no token, so publish cannot open pull requests"
        yield DoctorCheck("forge", "token", CheckState.MISSING, message, fix)
    else:
        yield DoctorCheck("forge", "token", CheckState.OK, f"from {token.source}")


def _registry(delivery: Delivery, clusters: tuple[str, ...]) -> DoctorCheck:
    """Check that the fleet's registry answers, and count the clusters that have an index there."""
    if find_spec("cryptography") is None or find_spec("httpx") is None:
        fix, message = "pip install 'goldenpath[oci]'", "not checked: the extra oci is not installed"
        return DoctorCheck("fleet", "registry", CheckState.MISSING, message, fix)
    from goldenpath.artifacts.index_publishing import index_repository  # noqa: PLC0415 - needs an extra
    from goldenpath.oci.registry_address import RegistryAddress  # noqa: PLC0415
    from goldenpath.oci.registry_client import RegistryClient  # noqa: PLC0415
    from goldenpath.oci.registry_credentials import RegistryCredentials  # noqa: PLC0415

    options = ClientOptions(answer_timeout=_SECONDS, patience=RetryOptions(attempts=1))
    try:
        address = RegistryAddress.parse(delivery.registry, "delivery.registry")
        credentials = RegistryCredentials.of_host(address.host, os.environ)
        with RegistryClient(address, credentials, options) as client:
            indexed = [
                name for name in clusters if client.tag_digest(index_repository(client, name), delivery.tag)
            ]
    except GoldenpathError as error:
        fix = "check delivery.registry, the network, and your login"
        return DoctorCheck("fleet", "registry", CheckState.FAILED, _line(error), fix)
    message = f"{delivery.registry} answers, with the index {delivery.tag} of {len(indexed)} of {len(clusters)} clusters"
    if len(indexed) < len(clusters):
        fix = "goldenpath artifacts push --repo . --key FILE"
        return DoctorCheck("fleet", "registry", CheckState.MISSING, message, fix)
    return DoctorCheck("fleet", "registry", CheckState.OK, message)


def _clusters(names: tuple[str, ...], context: str | None, kubeconfig: str | None) -> Iterator[DoctorCheck]:
    if find_spec("kubernetes") is None:
        fix = "pip install 'goldenpath[cluster]'"
        yield DoctorCheck(
            "cluster", "client", CheckState.MISSING, "not checked: there is no Kubernetes client", fix
        )
        return
    if not kubeconfig_files(kubeconfig):
        fix = "set --kubeconfig or KUBECONFIG"
        yield DoctorCheck("cluster", "kubeconfig", CheckState.MISSING, "there is no kubeconfig", fix)
        return
    try:
        known = context_names(kubeconfig)
    except InputError as error:
        yield DoctorCheck("cluster", "kubeconfig", CheckState.FAILED, _line(error), "correct the file")
        return
    for name in (context,) if context else names or known:
        if name not in known:
            message = "the kubeconfig has no context of this name"
            fix = f"kubectl config rename-context NAME {name}; or set --context"
            yield DoctorCheck("cluster", name, CheckState.MISSING, message, fix)
        else:
            yield _answer_of(name, kubeconfig)


def _answer_of(context: str, kubeconfig: str | None) -> DoctorCheck:
    limits: Mapping[str, Any] = {"read_timeout": _SECONDS, "patience": RetryLimits(attempts=1)}
    try:
        with connect(context, kubeconfig, **limits) as cluster:
            message = f"{cluster.server} answers: Kubernetes {cluster.version()}"
    except GoldenpathError as error:
        fix = "check the address and the credentials of the context: kubectl version"
        return DoctorCheck("cluster", context, CheckState.FAILED, _line(error), fix)
    return DoctorCheck("cluster", context, CheckState.OK, message)


def _line(error: GoldenpathError) -> str:
    return " ".join(str(error).split())
