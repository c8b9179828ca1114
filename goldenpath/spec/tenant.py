"""The request of one team.

Field docstrings appear in the form, in the JSON Schema and in the table of inputs.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Discriminator, Field
from pydantic import Tag as UnionTag

from goldenpath.spec.document_model import Model, OuterRule, Rule, SchemaRule
from goldenpath.spec.envelope import Clusters, Envelope, Retiring
from goldenpath.spec.fleet_rules import placement_problems
from goldenpath.spec.hints import ChosenFrom, Frontend, hint
from goldenpath.spec.schema_rules import (
    cloud_identity,
    external_secret_reference,
    latency_goals,
    not_both,
    one_of,
    own_or_borrowed,
    signals_without_default_target,
)
from goldenpath.spec.serving import (  # noqa: TC001 - pydantic reads them when the class is made
    Call,
    Egress,
    Serving,
)
from goldenpath.spec.serving_rules import serving_problems, serving_rules
from goldenpath.spec.tenant_request_rules import TENANT_RULES, gpu_profiles
from goldenpath.spec.types import (
    AnchoredExpression,
    AwsRole,
    Bytes,
    Cpu,
    Date,
    Digest,
    DnsLabel,
    Duration,
    Email,
    GitRef,
    GitUrl,
    GroupRef,
    IdentityGroup,
    LabelValue,
    ListInput,
    Name,
    OciUrl,
    RelativePath,
    SecretName,
    SecretPlace,
    Tag,
    Text,
    TrustDomain,
    Uuid,
    Version,
)
from goldenpath.spec.value_checks import variant_by_field

PodSecurityLevel = Literal["baseline", "restricted"]
SignalName = Literal["tokens", "queue", "latency", "kv-cache", "concurrency"]


class Compute(Model):
    """Most that all Pods of the team together may request, for each cluster."""

    cpu: Cpu | None = None
    """Cores."""
    memory: Bytes | None = None
    """Memory."""
    storage: Bytes | None = None
    """Storage of all volumes together."""
    pods: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Number of Pods."""


class Gpu(Model):
    """Number of one accelerator that the team may use, for each cluster."""

    schema_rules: ClassVar[tuple[SchemaRule, ...]] = (own_or_borrowed,)

    profile: Annotated[
        str,
        Field(max_length=80),
        hint(
            choices=ChosenFrom.ACCELERATORS,
            form_says="Model, or slice of a model, and the number in the fleet.",
        ),
    ]
    """Model, or model and slice, from the catalogue (`goldenpath profiles`)."""
    pool: Annotated[Annotated[DnsLabel, Field(max_length=20)] | None, hint(when_needed=True)] = None
    """Which pool, where a cluster has several of the profile: its name in the fleet, or `whole`, `shared` or `dra`."""
    quota: Annotated[int, Field(ge=0, le=100_000), hint(limit=ChosenFrom.ACCELERATORS)]
    """Number that the team owns; 0 for a team that only borrows."""
    borrow: Annotated[int, Field(ge=0, le=100_000)] = 0
    """Number that the team may use in addition while other teams leave them idle (needs Kueue)."""
    clusters: Annotated[
        Clusters | None,
        hint(choices=ChosenFrom.CHOSEN_CLUSTERS, unasked=[Frontend.COOKIECUTTER], unique=True),
    ] = None
    """Clusters of these accelerators; all of the team's clusters where none is given."""


class Access(Model):
    """Who may do what, as groups of the identity provider."""

    admins: Annotated[tuple[IdentityGroup, ...], ListInput, hint(entry="Group", unique=True)] = ()
    """Deploy, debug, read Secrets, and manage the team's own Flux objects."""
    developers: Annotated[tuple[IdentityGroup, ...], ListInput, hint(entry="Group", unique=True)] = ()
    """Deploy and debug."""
    viewers: Annotated[tuple[IdentityGroup, ...], ListInput, hint(entry="Group", unique=True)] = ()
    """Read everything except Secrets."""


class Identity(Model):
    """SPIFFE identities, one for each service account."""

    service_accounts: Annotated[tuple[Name, ...], ListInput, Field(min_length=1), hint(unique=True)]
    """Service accounts that get a SPIFFE ID `spiffe://<trust domain>/ns/<team>/sa/<account>`."""
    federates_with: Annotated[
        tuple[TrustDomain, ...], ListInput, hint(entry="Trust domain", unique=True)
    ] = ()
    """Other trust domains whose identities the team's workloads must be able to verify."""


class EngineChoice(Model):
    """The inference engine whose metrics the hints read."""

    name: Annotated[DnsLabel, hint(choices=ChosenFrom.ENGINES)]
    """Engine, such as vllm."""
    version: Version | None = None
    """Version; the catalogue's default where none is given."""


class Autoscaling(Model):
    """Hints for a scaler: the signal, its target and the number of replicas."""

    schema_rules: ClassVar[tuple[SchemaRule, ...]] = (latency_goals, signals_without_default_target)

    signal: SignalName
    """Metric that shows when more replicas are needed."""
    target: Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)] | None = None
    """Amount of the signal that one replica can take: tokens a second, waiting requests, or a ratio."""
    time_to_first_token: Duration | None = None
    """Latency goal: the 95th percentile of the time to the first token."""
    inter_token_latency: Duration | None = None
    """Latency goal: the 95th percentile of the time between tokens."""
    min_replicas: Annotated[int, Field(ge=0, le=10_000)] = 1
    """Fewest replicas."""
    max_replicas: Annotated[int, Field(ge=1, le=10_000)]
    """Most replicas."""
    cooldown: Duration | None = None
    """Time to wait before the last replica is removed; the catalogue's default where none is given."""
    engine: Annotated[EngineChoice | None, hint(short="engine")] = None
    """The inference engine; vLLM at the catalogue's default version where none is given."""
    workload: DnsLabel | None = None
    """Deployment that is scaled; where none is given, the scaler reads all servers of the namespace together."""


class Network(Model):
    """Destinations that the team's Pods may reach, in addition to DNS and each other."""

    egress: Annotated[
        tuple[Egress, ...], ListInput, Field(max_length=100), hint(short="egress", entry="Destination")
    ] = ()
    """Destinations."""
    calls: Annotated[tuple[Call, ...], ListInput, Field(max_length=100)] = ()
    """Servers of other tenants."""


class SignerIdentity(Model):
    """The identity in the certificate of a keyless signature, as Flux matches it."""

    issuer: AnchoredExpression
    """Issuer, as a regular expression such as `^https://token\\.actions\\.githubusercontent\\.com$`."""
    subject: AnchoredExpression
    """Subject, as a regular expression from `^` to `$`."""


class Verify(Model):
    """Verification of a source's signature."""

    schema_rules: ClassVar[tuple[SchemaRule, ...]] = (one_of("secret", "identity"),)

    provider: Literal["cosign", "notation"]
    """Signature format."""
    secret: SecretName | None = None
    """Name of the Secret with the public keys or certificates, instead of an identity."""
    identity: SignerIdentity | None = None
    """Signer without a key (cosign keyless), instead of a Secret."""


class CloudIdentity(Model):
    """The team's identity in the cloud, with which Flux reads the source. The cloud decides what it may read."""

    role: AwsRole | None = None
    """With provider `aws`: the IAM role, as its ARN."""
    tenant_id: Uuid | None = None
    """With provider `azure`: the Microsoft Entra tenant."""
    client_id: Uuid | None = None
    """With provider `azure`: the client of the managed identity or application."""
    service_account: Email | None = None
    """With provider `gcp`: the Google service account; the principal of the Kubernetes service account where none is given."""


class GitSource(Model):
    """The team's own manifests, in a Git repository."""

    schema_rules: ClassVar[tuple[SchemaRule, ...]] = (not_both("branch", "tag"), cloud_identity)

    git: GitUrl
    """Repository."""
    branch: GitRef | None = None
    """Branch; `main` where neither branch nor tag is given."""
    tag: GitRef | None = None
    """Tag, instead of a branch."""
    path: RelativePath = "./"
    """Folder in the repository."""
    secret: SecretName | None = None
    """Name of the Secret with the Git credentials."""
    provider: Literal["generic", "aws", "azure"] = "generic"
    """Cloud of the repository, which Flux reads with the team's identity instead of a Secret."""
    cloud_identity: CloudIdentity | None = None
    """The team's identity in that cloud."""

    @property
    def url(self) -> str:
        return self.git

    @property
    def flux_kind(self) -> str:
        return "GitRepository"


class OciSource(Model):
    """The team's own manifests, as an OCI artifact."""

    schema_rules: ClassVar[tuple[SchemaRule, ...]] = (not_both("tag", "digest"), cloud_identity)

    oci: OciUrl
    """Repository of the artifact."""
    tag: Tag | None = None
    """Tag; `latest` where neither tag nor digest is given."""
    digest: Digest | None = None
    """Digest, instead of a tag."""
    path: RelativePath = "./"
    """Folder in the artifact."""
    secret: SecretName | None = None
    """Name of the Secret with the registry credentials."""
    provider: Literal["generic", "aws", "azure", "gcp"] = "generic"
    """Cloud of the artifact, which Flux reads with the team's identity instead of a Secret."""
    cloud_identity: CloudIdentity | None = None
    """The team's identity in that cloud."""
    verify: Verify | None = None
    """Verification of the artifact's signature."""

    @property
    def url(self) -> str:
        return self.oci

    @property
    def flux_kind(self) -> str:
        return "OCIRepository"


Source = Annotated[
    Annotated[GitSource, UnionTag("git")] | Annotated[OciSource, UnionTag("oci")],
    Discriminator(variant_by_field("oci", default="git")),
]


class SecretReference(Model):
    """A Secret that the team's namespace needs: its origin, never its content."""

    schema_rules: ClassVar[tuple[SchemaRule, ...]] = (external_secret_reference,)

    name: SecretName
    """Name of the Secret in the namespace."""
    provider: Literal["external-secrets", "sops", "manual"]
    """Who creates it: the External Secrets operator, Flux from a SOPS file in the team's source, or a person."""
    purpose: Literal["git", "registry", "signature", "model", "application"]
    """Use of the Secret."""
    reference: SecretPlace | None = None
    """Place of the Secret at the provider, such as `teams/vision/git`."""


class PolicyException(Model):
    """A policy that this team is exempt from for a while."""

    policy: Annotated[DnsLabel, hint(choices=ChosenFrom.POLICIES)]
    """Id of the policy."""
    reason: Text
    """Reason for the exception."""
    approved_by: Annotated[GroupRef, hint(choices=ChosenFrom.GROUPS)]
    """Group that approved it."""
    expires: Date
    """End date of the exception."""


class Tenant(Envelope):
    """A team's request: its namespace on each of its clusters, and the objects around it."""

    noun: ClassVar[str] = "tenant"
    schema_rules: ClassVar[tuple[SchemaRule, ...]] = (one_of("clusters", "placement"),)
    rules: ClassVar[tuple[Rule, ...]] = (*TENANT_RULES, serving_rules)
    outer_rules: ClassVar[tuple[OuterRule, ...]] = (gpu_profiles, placement_problems, serving_problems)

    name: Annotated[Name, hint(step="Who", fixed=True)]
    """Name of the team and of its namespace."""
    description: Annotated[Text | None, hint(step="Who")] = None
    """What the team does, in a sentence."""
    owner: Annotated[GroupRef, hint(step="Who", choices=ChosenFrom.GROUPS)]
    """Backstage group that owns the tenant."""
    contact: Annotated[Email | None, hint(step="Who")] = None
    """E-mail address of the team."""
    environment: Annotated[LabelValue, hint(step="Who")] = "production"
    """Environment, such as production or staging."""
    cost_center: Annotated[LabelValue | None, hint(step="Who")] = None
    """Cost centre that pays."""
    expires: Annotated[Date | None, hint(step="Who", order=9)] = None
    """Day after which the tenant is no longer needed."""
    compute: Annotated[Compute, hint(step="Compute and accelerators", short="")] = Compute()
    """CPU, memory, storage and Pods, for each cluster; the fleet's defaults where nothing is given."""
    gpus: Annotated[
        tuple[Gpu, ...],
        ListInput,
        Field(max_length=32),
        hint(step="Compute and accelerators", short="gpu", label="Accelerators", entry="Accelerator"),
    ] = ()
    """Accelerators, for each cluster."""
    access: Annotated[Access, hint(step="Access and security", short="")] = Access()
    """Groups of the identity provider, and their rights."""
    identity: Annotated[Identity | None, hint(step="Identity and network", short="")] = None
    """SPIFFE identities."""
    autoscaling: Annotated[Autoscaling | None, hint(step="Scaling", short="")] = None
    """Hints for a scaler."""
    network: Annotated[Network, hint(step="Identity and network")] = Network()
    """Destinations that the team's Pods may reach."""
    serving: Annotated[
        tuple[Serving, ...], ListInput, Field(max_length=32), hint(step="Identity and network")
    ] = ()
    """Servers with callers outside the namespace, or with their own destinations."""
    source: Annotated[Source | None, hint(step="Source and secrets")] = None
    """Git repository or OCI artifact with the team's own manifests."""
    pod_security: Annotated[PodSecurityLevel | None, hint(step="Access and security")] = None
    """Pod Security Standard; the fleet's default where none is given."""
    pull_secrets: Annotated[
        tuple[SecretName, ...], ListInput, hint(step="Source and secrets", entry="Secret", unique=True)
    ] = ()
    """Names of the Secrets for pulling images."""
    secrets: Annotated[
        tuple[SecretReference, ...],
        ListInput,
        hint(step="Source and secrets", unasked=[Frontend.COOKIECUTTER]),
    ] = ()
    """Secrets that the namespace needs: references, never values."""
    exceptions: Annotated[
        tuple[PolicyException, ...],
        ListInput,
        hint(step="Access and security", unasked=[Frontend.NEW, Frontend.COOKIECUTTER]),
    ] = ()
    """Policies that the team is exempt from for a while, each with a reason and an end date."""
    retiring: Annotated[Retiring, hint(unasked=Frontend, unique=True)] = False
    """Whether the tenant is being retired, everywhere (`true`) or on the named clusters: no new Pods start, and running ones are drained. `goldenpath retire` sets it, and deletes the tenant later."""
