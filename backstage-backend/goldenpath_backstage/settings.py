"""The backend's settings: read once, at the entry point, and passed down.

A settings file is YAML and holds no secret: static tokens are there as digests, and a database's password comes
from where PostgreSQL's own clients take it (``PGPASSFILE``, ``PGPASSWORD``) or with the whole address from the
environment.
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
"""The environment's variable with the database's address, password and all."""

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
        raise refuse("spiffe-id", "must be a SPIFFE ID, or one that ends in /* for all below it")
    return value


class Backstage(Model):
    """The Backstage whose tokens are accepted."""

    url: HttpUrl
    """Where its backend answers, such as `http://backstage.backstage:7007`."""
    plugin_id: PluginId = "goldenpath"
    """The audience of its plugin tokens: the id under which Backstage knows us."""
    callers: Annotated[tuple[PluginId, ...], ListInput, Field(min_length=1)] = ("scaffolder", "catalog")
    """Plugins that may call."""
    catalog_url: HttpUrl | None = None
    """Where people open Backstage; the links of catalog entities stay inside it where none is given."""


class StaticToken(Model):
    """A caller that shows a fixed token."""

    name: CallerName
    """What it is called in the audit trail."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """Digest of the token: 32 random bytes or more."""
    role: RoleName = "reader"
    """What it may do: read, request for its groups, or everything."""
    groups: Groups = ()
    """Groups for which it may ask."""


class SpiffeCaller(Model):
    """Workloads that show a JWT-SVID."""

    id: Annotated[str, Field(max_length=2048), AfterValidator(_spiffe_pattern)]
    """SPIFFE ID, or one that ends in `/*` for all below it."""
    role: RoleName = "reader"
    """What it may do: read, request for its groups, or everything."""
    groups: Groups = ()
    """Groups for which it may ask."""


class Spiffe(Model):
    """Trust domains whose JWT-SVIDs are accepted."""

    audience: Annotated[str, Field(min_length=1, max_length=255)] = "goldenpath"
    """Audience that a JWT-SVID must be for."""
    bundles: dict[TrustDomain, FilePath] = Field(min_length=1)
    """Each trust domain's bundle (a JWK set), kept fresh by its SPIFFE helper; read anew when it changes."""
    callers: Annotated[tuple[SpiffeCaller, ...], ListInput] = ()
    """Who may call."""


class Limits(Model):
    """How much is taken on, and for how long."""

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
    """How long an answer is kept for a replay, in days."""
    lease_seconds: Annotated[float, Field(ge=0.5, le=3600)] = 30.0
    """How long a process may be silent before another one takes its runs over, in seconds."""
    fleet_seconds: Annotated[float, Field(ge=0, le=3600)] = 5.0
    """How old the fleet may be that a run reads, in seconds; a change is always made on the newest."""


class Settings(Model):
    """All settings of the backend."""

    repository: Annotated[str, Field(min_length=1, max_length=4096)]
    """The fleet repository: a directory, or a URL that Git can reach."""
    branch: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    """Its branch; the default one otherwise."""
    libraries: Annotated[tuple[FilePath, ...], ListInput] = ()
    """Folders with golden paths of your own."""
    forge: Literal["github", "gitlab", "gitea", "forgejo", "none"] | None = None
    """Where pull requests are opened; the repository's URL tells it for the well-known ones."""
    forge_api: HttpUrl | None = None
    """Base of the forge's API, where it is not where it usually is."""
    kubeconfig: FilePath | None = None
    """Kubeconfig with a context of each cluster's name; with it, `goldenpath:status` can look at the clusters too."""
    mcp: Literal["off", "read-only", "publish"] = "off"
    """Tools for assistants at `/mcp` (Model Context Protocol; needs the extra `mcp`): none, those that read, or also `publish`, which opens pull requests for callers who may ask for the tenant."""
    host: Annotated[str, Field(min_length=1, max_length=255)] = "127.0.0.1"
    """Address to listen on."""
    port: Annotated[int, Field(ge=0, le=65535)] = 7008
    """Port to listen on."""
    database: SecretStr = Field(default=SecretStr(_MEMORY), strict=False)
    """SQLAlchemy's address of the ledger: `sqlite:////var/lib/goldenpath/ledger.db`, or PostgreSQL's for many replicas. In memory where none is given; `goldenpath serve` then takes a file in the user's state folder."""
    backstage: Backstage | None = None
    """The Backstage whose tokens are accepted."""
    tokens: Annotated[tuple[StaticToken, ...], ListInput] = ()
    """Callers with fixed tokens."""
    spiffe: Spiffe | None = None
    """Callers with SPIFFE identities."""
    admins: Groups = ()
    """Backstage groups of the platform's people: they may do everything."""
    clock_skew_seconds: Annotated[int, Field(ge=0, le=300)] = 30
    """How far an issuer's clock may be from ours, in seconds."""
    limits: Limits = Limits()
    """How much is taken on, and for how long."""

    @property
    def people_url(self) -> str:
        """Where people open Backstage; empty if unknown."""
        return (self.backstage.catalog_url or "") if self.backstage else ""

    @property
    def is_open(self) -> bool:
        """Whether callers are not authenticated."""
        return self.backstage is None and not self.tokens and self.spiffe is None

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach us."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong between fields."""
        found = []
        if self.is_open and not self.is_loopback:
            message = (
                "callers would not be authenticated; set `backstage`, `tokens` or `spiffe`, "
                "or listen on 127.0.0.1"
            )
            found.append(Problem("host", "open-to-everybody", message, self.host))
        digests = [token.sha256 for token in self.tokens]
        for index, token in enumerate(self.tokens):
            if token.sha256 in digests[:index]:
                message = "is the digest of another caller's token; give each its own"
                found.append(Problem(f"tokens[{index}].sha256", "unique", message))
            if token.name in [other.name for other in self.tokens[:index]]:
                found.append(Problem(f"tokens[{index}].name", "unique", "names two callers", token.name))
        if self.spiffe is not None:
            for index, caller in enumerate(self.spiffe.callers):
                domain = caller.id.removeprefix("spiffe://").split("/", 1)[0]
                if domain not in self.spiffe.bundles:
                    message = f"has a trust domain without a bundle; bundles are there for {', '.join(self.spiffe.bundles)}"
                    found.append(Problem(f"spiffe.callers[{index}].id", "unknown-trust-domain", message))
        return tuple(found)


def _state_folder(environment: Mapping[str, str]) -> Path:
    """Where a user's programs keep what they must not forget (XDG Base Directory)."""
    state = environment.get("XDG_STATE_HOME") or Path(
        environment.get("HOME") or Path.home(), ".local", "state"
    )
    return Path(state, "goldenpath")


def read_settings(
    file: Path | None, *, environment: Mapping[str, str], changes: Mapping[str, Any] | None = None
) -> Settings:
    """The settings of a file, with what the environment and the command line say instead.

    Args:
        file: a settings file; without one, everything comes from the rest.
        environment: the process's own, for ``GOLDENPATH_DATABASE``, and for the user's state folder.
        changes: fields that win over the file's.

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
