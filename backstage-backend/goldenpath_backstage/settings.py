"""The backend's settings: read once, at the entry point, and passed down.

A settings file is YAML and holds no secret. Static tokens appear as digests. The database's password comes from
PostgreSQL's own sources (``PGPASSFILE``, ``PGPASSWORD``), or the whole address comes from the environment.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError

from goldenpath import kubeyaml
from goldenpath.errors import InputError, Problem
from goldenpath.spec.document_model import Model
from goldenpath.spec.pydantic_errors import problem_of
from goldenpath.spec.types import (
    GroupRef,
    HttpUrl,
    ListInput,
    TrustDomain,
)
from goldenpath.spec.value_checks import refuse

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Backstage", "Limits", "Settings", "Spiffe", "SpiffeCaller", "StaticToken", "read_settings"]

DATABASE_VARIABLE: Final = "GOLDENPATH_DATABASE"
"""The environment variable with the database's address, which may include the password."""

_MEMORY: Final = "sqlite://"

RoleName = Literal["reader", "requester", "admin"]
PluginId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
CallerName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]


def _a_path(value: Any) -> Any:
    return Path(value) if isinstance(value, str) else value


FilePath = Annotated[Path, BeforeValidator(_a_path)]
Groups = Annotated[tuple[GroupRef, ...], ListInput]


def _spiffe_pattern(value: str) -> str:
    if not value.startswith("spiffe://") or "*" in value[:-1] or (value.endswith("*") and value[-2] != "/"):
        raise refuse("spiffe-id", "must be a SPIFFE ID, or end in /* for all IDs below it")
    return value


class Backstage(Model):
    """The Backstage whose tokens are accepted."""

    url: HttpUrl
    """URL of Backstage's backend, such as `http://backstage.backstage:7007`."""
    plugin_id: PluginId = "goldenpath"
    """The audience of plugin tokens: the id of this backend in Backstage."""
    callers: Annotated[tuple[PluginId, ...], ListInput, Field(min_length=1)] = ("scaffolder", "catalog")
    """Plugins that may call."""
    catalog_url: HttpUrl | None = None
    """URL of Backstage's frontend, for links in catalog entities; without it, the links are relative."""


class StaticToken(Model):
    """A caller with a fixed token."""

    name: CallerName
    """The caller's name in the audit trail."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """SHA-256 digest of the token, which has 32 random bytes or more."""
    role: RoleName = "reader"
    """The caller's rights: `reader` reads, `requester` also changes tenants of its groups, `admin` does everything."""
    groups: Groups = ()
    """Groups whose tenants it may change."""


class SpiffeCaller(Model):
    """Workloads with a JWT-SVID."""

    id: Annotated[str, Field(max_length=2048), AfterValidator(_spiffe_pattern)]
    """SPIFFE ID, or a prefix that ends in `/*` for all IDs below it."""
    role: RoleName = "reader"
    """The caller's rights: `reader` reads, `requester` also changes tenants of its groups, `admin` does everything."""
    groups: Groups = ()
    """Groups whose tenants it may change."""


class Spiffe(Model):
    """Trust domains whose JWT-SVIDs are accepted."""

    audience: Annotated[str, Field(min_length=1, max_length=255)] = "goldenpath"
    """The required audience of a JWT-SVID."""
    bundles: dict[TrustDomain, FilePath] = Field(min_length=1)
    """File with the bundle (a JWK set) of each trust domain, kept up to date by a SPIFFE helper; read again when it changes."""
    callers: Annotated[tuple[SpiffeCaller, ...], ListInput] = ()
    """Workloads that may call."""


class Limits(Model):
    """Limits of load and time."""

    body_bytes: Annotated[int, Field(ge=1024, le=64 * 1024 * 1024)] = 1024 * 1024
    """Largest body of a request, in bytes."""
    body_seconds: Annotated[float, Field(gt=0, le=600)] = 10.0
    """Longest wait for a body, in seconds."""
    run_seconds: Annotated[float, Field(gt=0, le=3600)] = 300.0
    """Longest run, in seconds."""
    drain_seconds: Annotated[float, Field(gt=0, le=3600)] = 30.0
    """Longest wait, at shutdown, for the runs that were accepted, in seconds."""
    computing: Annotated[int, Field(ge=1, le=64)] = 2
    """Runs that compute at the same time."""
    working: Annotated[int, Field(ge=1, le=256)] = 16
    """Runs that wait for Git or for clusters at the same time."""
    waiting: Annotated[int, Field(ge=0, le=100_000)] = 128
    """Runs of either kind that may wait for their turn; more get 429 with `Retry-After`."""
    ledger_days: Annotated[int, Field(ge=1, le=365)] = 7
    """How long answers are kept for retries, in days."""
    lease_seconds: Annotated[float, Field(ge=0.5, le=3600)] = 30.0
    """How long a process may be silent before another one takes over its runs, in seconds."""
    fleet_seconds: Annotated[float, Field(ge=0, le=3600)] = 5.0
    """The largest age of the fleet that a run reads, in seconds; a change always uses the newest fleet."""


class Settings(Model):
    """All settings of the backend."""

    repository: Annotated[str, Field(min_length=1, max_length=4096)]
    """The fleet repository: a directory, or a URL that Git can reach."""
    branch: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    """The fleet's branch; by default the repository's default branch."""
    libraries: Annotated[tuple[FilePath, ...], ListInput] = ()
    """Folders with your own golden paths."""
    forge: Literal["github", "gitlab", "gitea", "forgejo", "none"] | None = None
    """The forge for pull requests; by default it follows from the repository's URL."""
    forge_api: HttpUrl | None = None
    """Base URL of the forge's API, if it is not the usual one."""
    kubeconfig: FilePath | None = None
    """Kubeconfig with a context for each cluster, named like the cluster; needed for `goldenpath:status` with `live`."""
    mcp: Literal["off", "read-only", "publish"] = "off"
    """Tools for assistants at `/mcp` (Model Context Protocol; needs the extra `mcp`): none, the reading ones, or also `publish`, which opens pull requests with the caller's rights."""
    host: Annotated[str, Field(min_length=1, max_length=255)] = "127.0.0.1"
    """Address to listen on."""
    port: Annotated[int, Field(ge=0, le=65535)] = 7008
    """Port to listen on."""
    database: SecretStr = Field(default=SecretStr(_MEMORY), strict=False)
    """SQLAlchemy's address of the ledger: `sqlite:////var/lib/goldenpath/ledger.db`, or a PostgreSQL address for several replicas. The default is in memory; the default of `goldenpath serve` is a file in the user's state folder."""
    backstage: Backstage | None = None
    """The Backstage whose tokens are accepted."""
    tokens: Annotated[tuple[StaticToken, ...], ListInput] = ()
    """Callers with fixed tokens."""
    spiffe: Spiffe | None = None
    """Callers with SPIFFE identities."""
    admins: Groups = ()
    """Backstage groups of the platform team, whose members may do everything."""
    clock_skew_seconds: Annotated[int, Field(ge=0, le=300)] = 30
    """The largest difference between an issuer's clock and ours, in seconds."""
    limits: Limits = Limits()
    """Limits of load and time."""

    @property
    def people_url(self) -> str:
        """URL of Backstage's frontend; empty if unknown."""
        return (self.backstage.catalog_url or "") if self.backstage else ""

    @property
    def is_open(self) -> bool:
        """Whether callers are not authenticated."""
        return self.backstage is None and not self.tokens and self.spiffe is None

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the service."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def problems(self) -> tuple[Problem, ...]:
        """Return the problems that involve several fields."""
        found = []
        if self.is_open and not self.is_loopback:
            message = (
                "opens the service to the network without authentication; set `backstage`, `tokens` or `spiffe`, "
                "or listen on 127.0.0.1"
            )
            found.append(Problem("host", "open-to-everybody", message, self.host))
        digests = [token.sha256 for token in self.tokens]
        for index, token in enumerate(self.tokens):
            if token.sha256 in digests[:index]:
                message = "is also the digest of another caller's token; give each caller its own token"
                found.append(Problem(f"tokens[{index}].sha256", "unique", message))
            if token.name in [other.name for other in self.tokens[:index]]:
                message = "is the name of two callers; give each caller its own name"
                found.append(Problem(f"tokens[{index}].name", "unique", message, token.name))
        if self.spiffe is not None:
            for index, caller in enumerate(self.spiffe.callers):
                domain = caller.id.removeprefix("spiffe://").split("/", 1)[0]
                if domain not in self.spiffe.bundles:
                    message = f"has a trust domain without a bundle; add it to `bundles`, which has {', '.join(self.spiffe.bundles)}"
                    found.append(Problem(f"spiffe.callers[{index}].id", "unknown-trust-domain", message))
        return tuple(found)


def _state_folder(environment: Mapping[str, str]) -> Path:
    """Return the user's state folder (XDG Base Directory)."""
    state = environment.get("XDG_STATE_HOME") or Path(
        environment.get("HOME") or Path.home(), ".local", "state"
    )
    return Path(state, "goldenpath")


def read_settings(
    file: Path | None, *, environment: Mapping[str, str], changes: Mapping[str, Any] | None = None
) -> Settings:
    """Read the settings from a file, the environment and the command line.

    Args:
        file: a settings file, or None.
        environment: the process's environment, for ``GOLDENPATH_DATABASE`` and the user's state folder.
        changes: fields that override the file's.

    Raises:
        InputError: with every problem, each with its path in the file.
    """
    document = kubeyaml.load_file(file) if file is not None else {}
    name = str(file) if file is not None else None
    if not isinstance(document, dict):
        raise InputError.of("", "type", "must be a mapping of settings", file=name)
    if database := environment.get(DATABASE_VARIABLE):
        document["database"] = database
    elif "database" not in document:
        document["database"] = f"sqlite:///{_state_folder(environment)}/ledger.db"
    document |= changes or {}
    try:
        settings = Settings.model_validate(document)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise InputError(
            problem.in_file(name) if name else problem
            for problem in (problem_of(Settings, document, entry) for entry in found)
        ) from None
    if problems := settings.problems():
        raise InputError(problem.in_file(name) if name else problem for problem in problems)
    return settings
