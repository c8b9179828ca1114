"""The registry of finding rules: the meaning of each rule id, and the address of its explanation.

Every check uses the rule ids of this registry, and ``docs/reference/findings.md`` is generated from it. The rules of
policies are in the policy catalogue. The rules of invalid input (a problem, not a finding) belong to the parser.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["RULES", "RULE_GROUPS", "FindingRule", "help_uri", "policies_uri"]

_REFERENCE: Final = "https://goldenpath.dev/reference"


@dataclass(frozen=True, slots=True)
class FindingRule:
    """One rule of a check."""

    id: str
    title: str
    """The statement of a finding of this rule, as a sentence."""
    fix: str
    """The fix, as a sentence."""

    @property
    def anchor(self) -> str:
        """The fragment of the rule's heading on the page."""
        return self.id.replace("/", "")


def help_uri(rule: str) -> str | None:
    """Return the address of a rule's explanation; None for a rule that is not in the registry."""
    return f"{_REFERENCE}/findings#{RULES[rule].anchor}" if rule in RULES else None


def policies_uri(policy: str) -> str:
    """Return the address of a policy's explanation."""
    return f"{_REFERENCE}/policies#{policy}"


_OVERRIDE: Final = "Remove the override, or change its value."
_SCHEMA: Final = "Change the value as the message says, in the manifest or in the override that wrote it."

RULE_GROUPS: Final[dict[str, tuple[FindingRule, ...]]] = {
    "Files of a model": (
        FindingRule("model-format", "A model needs weights in safetensors, GGUF or ONNX, and each file in the format of its name.", "Write the file again with the library of that format."),
        FindingRule("model-pickle", "A file has a format that can run code when it is loaded.", "Convert the weights to safetensors, and leave the file out."),
        FindingRule("model-remote-code", "A file is code, or makes a loader fetch and run code.", "Leave it out, or remove the key; serve the model with an engine that has its architecture."),
        FindingRule("model-unknown-file", "A file has a format that is not on the list of allowed ones.", "Leave it out."),
    ),
    "A workload within its tenant": (
        FindingRule("foreign-file", "A golden path renders a file outside the workload's folders.", "Name the template folders `[[ home ]]` and `[[ folder ]]`."),
        FindingRule("kustomization-file", "A workload renders a kustomization file, which changes what Flux applies.", "Remove the file."),
        FindingRule("object-collision", "Two workloads, or a workload and its tenant, render the same object.", "Name each object after its workload."),
        FindingRule("replicas", "The smallest number of replicas is above the largest.", "Lower the smallest number."),
        FindingRule("tenant-too-old", "The tenant's version gives workloads no account.", "Upgrade the tenant: `goldenpath publish … --upgrade`."),
        FindingRule("workload-accelerators", "Workloads use more accelerators than their tenant has.", "Use fewer, or ask for more in the tenant's request."),
        FindingRule("workload-collision", "A workload has two requests, in two folders.", "Keep one, and remove the other."),
        FindingRule("workload-file", "A file in a workload's folder on a cluster is not a manifest.", "Name it `….yaml`, or move it into `[[ home ]]`."),
        FindingRule("workload-flux", "The file of a workload's Flux Kustomization holds another object, or a field with another value.", "Revert the change."),
        FindingRule("workload-label", "An object of a workload lacks a label of its owner.", "Include `labels.j2` in its metadata."),
        FindingRule("workload-namespace", "An object of a workload is not in its tenant's namespace.", "Write the tenant's namespace."),
        FindingRule("workload-rights", "A workload renders an object that its tenant may not write.", "Remove it; ask for it in the tenant's request."),
    ),
    "An inference service": (
        FindingRule("account-not-declared", "The tenant's request declares no service account of that name.", "Add it under `identity.service_accounts` in the tenant's request."),
        FindingRule("addon-missing/gateway-api", "The service has a host, and the fleet names no Gateway that could serve it.", "Give `gateway` with its `name` in the fleet, or remove `expose`."),
        FindingRule("addon-missing/llm-d-router", "The fleet names an endpoint picker, and nothing chooses among the servers of this service.", "Give the cluster what the message names, or remove `gateway.picker`."),
        FindingRule("addon-missing/lws", "A replica spans several nodes, and the cluster has no LeaderWorkerSet controller.", "Install LeaderWorkerSet, or take larger accelerators."),
        FindingRule("answers-cut-off", "The engine aborts running answers when it stops.", "Use a version that finishes them, or have callers repeat the request."),
        FindingRule("engine-accelerator", "The engine does not run on accelerators of that maker.", "Use another engine or another accelerator."),
        FindingRule("engine-argument", "The engine's version does not support an argument of the command line.", "Remove the argument, or use a version that supports it."),
        FindingRule("engine-model", "The engine's version has no implementation of the model's architecture.", "Use a version that has one, or another engine."),
        FindingRule("goal-needs-replicas", "The goal's traffic needs more replicas than `replicas.max` allows.", "Raise `replicas.max`, or take a faster accelerator."),
        FindingRule("goal-not-met", "No configuration of the model on this accelerator meets the goal.", "Allow what the message names, or take a faster accelerator."),
        FindingRule("host-not-granted", "The service has a host that the tenant's request does not list.", "Add the host under `serving` in the tenant's request."),
        FindingRule("latency-not-measurable", "The engine's histogram has no bucket boundary at the goal, so the share of answers within it cannot be read.", "Use the boundary that the message names, or set other boundaries."),
        FindingRule("model-does-not-fit", "The model does not fit into the accelerator's memory.", "Use the context, precision or accelerator that the message names."),
        FindingRule("not-sized", "Sizing does not know the model, the engine or the accelerator.", "Name the base model as `model.base`, or set `scaling.target`."),
        FindingRule("sizing", "The size that the goal needs: replicas, accelerators, and the request rate that a replica cannot exceed, each with its 80 % range.", "Nothing; or set `replicas` and `scaling.target`."),
        FindingRule("signal", "The engine's version exports no metric for the signal, or the target is not valid for it.", "Use the signal or target that the message names."),
        FindingRule("weights-not-downloadable", "The weights are downloaded, and the engine's image lacks the program for it.", "Mount the weights, from `oci` or `pvc`."),
        FindingRule("weights-out-of-reach", "The weights are downloaded, and the tenant's request allows no egress.", "Add the egress to the tenant's request, or mount the weights."),
        FindingRule("workload-compute", "The Pods of a workload use more CPU or memory than the tenant has.", "Ask for more in the tenant's request, or give less to each Pod."),
    ),
    # Rendered policies quote most of these words, so a change of them needs a new version of the golden path.
    "Provenance of models": (
        FindingRule("model-tag", "A model or dataset is named by a tag or an address, which may mean other bytes tomorrow.", "Name it by its digest: oci://REGISTRY/REPOSITORY@sha256:DIGEST."),
        FindingRule("model-source", "A model comes from a place that no admission policy can hold to a digest.", "Pack it as an OCI artifact, and mount that by digest."),
        FindingRule("no-provenance", "The model has no provenance by the fleet's builder.", "Make it with a model-pipeline, whose signer writes one; or have the platform team attest it."),
        FindingRule("foreign-builder", "The provenance of the model is by another builder than the fleet's.", "Make the model with a model-pipeline of this fleet."),
        FindingRule("two-provenances", "The model has two provenances that contradict each other.", "Remove the wrong one from the registry, and find out who signed it."),
        FindingRule("copied-model", "The provenance of the model names another tenant.", "Have the tenant that made the model share it through the platform team, or make it in a pipeline of this tenant."),
        FindingRule("copied-repository", "The provenance of the model names another repository.", "Name the model where its pipeline pushed it."),
        FindingRule("provenance-field", "The provenance has a field that its build type does not define.", "Sign with this release of goldenpath, or verify with the release that signed."),
        FindingRule("build-type", "The provenance is of another build type than model-training/v1.", "Make the model with a model-pipeline."),
        FindingRule("provenance-form", "The provenance does not have the form of build type model-training/v1.", "Sign with this release of goldenpath."),
        FindingRule("lineage-missing", "The provenance names no dataset that was hashed before training.", "Run the pipeline with the hash step of its golden path, whose record is mandatory."),
        FindingRule("dataset-changed", "A dataset is not the one that was asked for: its digest differs.", "Find out what changed it; then name the digest of the dataset that is meant."),
        FindingRule("run-shape", "The Pod of the run is not of the shape that its golden path renders.", "Run the rendered Job without changes to its Pods."),
        FindingRule("run-unfinished", "The Pod of the run has not succeeded.", "Wait for the run, or start another."),
        FindingRule("run-changed-image", "A container of the run used an image other than the one in its Pod.", "Find out who changed the Pod; then start another run."),
        FindingRule("output-missing", "The run names no output in its repository.", "Push the model, and write the digest of its manifest to the file that DIGEST_FILE names."),
        FindingRule("provenance-not-enforced", "The fleet demands provenance of models, and nothing on the cluster can verify it.", "Install Kyverno 1.19 or later; until then, `goldenpath check --registry` in CI."),
    ),
    "A model pipeline": (
        FindingRule("addon-missing/jobset", "The run needs JobSet, and the cluster has none.", "Install JobSet and name it under `addons`, or take one node."),
        FindingRule("dataset-writable", "A dataset is on a volume that other Pods may write to during training.", "Use an OCI artifact or a snapshot of the volume."),
        FindingRule("run-changed", "The spec of a run does not match the digest in its name.", "Remove the override, and change the request."),
    ),
    "A request on its cluster": (
        FindingRule("addon-missing/cilium", "The request allows egress to a host name, which needs Cilium, and the cluster has no Cilium.", "Name a network (`cidr`), or place the tenant on a cluster with Cilium."),
        FindingRule("addon-missing/external-secrets", "The request names a Secret, and the cluster has no External Secrets operator.", "Install the operator, or create the Secret another way."),
        FindingRule("addon-missing/flux", "The cluster has no Flux, so nothing applies the manifests.", "Install Flux, or use `goldenpath apply`."),
        FindingRule("addon-missing/keda", "The cluster has no KEDA, so the hints have no ScaledObject example.", "Nothing, unless KEDA should scale the workload."),
        FindingRule("addon-missing/kueue", "The cluster has no Kueue, so the tenant gets no queue and cannot borrow.", "Install Kueue, or accept the quota alone."),
        FindingRule("addon-missing/prometheus-operator", "The cluster does not collect the metric of the scaling signal.", "Install the Prometheus operator, or choose another signal."),
        FindingRule("addon-missing/spire-controller-manager", "The cluster has no SPIRE controller manager, so accounts get no SPIFFE identity.", "Install it, or remove `identity`."),
        FindingRule("expired", "A date of the request is in the past.", "Move the date, or remove what has expired."),
        FindingRule("expires-soon", "A date of the request is within thirty days.", "Move the date, or prepare the end."),
        FindingRule("federation-without-bundle", "The fleet knows no bundle endpoint for a trust domain that the request federates with.", "Add the endpoint to the fleet, or remove the trust domain."),
        FindingRule("feature-gate", "The request uses a feature that the cluster's version of an add-on has behind a feature gate.", "Turn the feature gate on, or upgrade the add-on."),
        FindingRule("gateway-missing", "The request has hosts, and the cluster has no gateway that serves them.", "Name the cluster's `gateway` in the fleet, or remove the hosts."),
        FindingRule("group-prefix-twice", "A group of the request has the fleet's prefix already, and would get it twice.", "Write the group as the identity provider names it."),
        FindingRule("newer-than-golden-path", "A field of the request needs a later version of the golden path than the one that renders it.", "Publish with `--upgrade`, or remove the field."),
        FindingRule("no-effect", "A field of the request changes nothing.", "Remove the field, or add what it needs."),
        FindingRule("migration", "A new major version of the golden path drops a field of the request.", "Read the finding, and change the request if the result is not intended."),
        FindingRule("override-without-object", "An override names an object that is not rendered.", "Correct kind and name, or remove the override."),
        FindingRule("override-without-item", "A list edit of an override matches no item.", "Name an item that the rendered object has, or remove the edit."),
        FindingRule("scale-from-zero", "The scaling signal comes from the workload itself, which cannot wake it from zero replicas.", "Set `min_replicas` to 1, or choose another signal."),
        FindingRule("secret-not-declared", "A rendered object names a Secret that the request does not declare.", "Declare it under `secrets`, with its provider and purpose."),
        FindingRule("shared-name-without-queue", "Two accelerators share one quota key, and without Kueue the quota cannot tell them apart.", "Ask for one of them, or use a cluster with Kueue."),
        FindingRule("unknown-policy", "An exception names a policy that does not exist.", "Correct the policy's id."),
        FindingRule("version-not-served", "The cluster runs a version of Kubernetes or of an add-on that does not serve a rendered kind.", "Upgrade the cluster or the add-on."),
        FindingRule("version-not-known", "The fleet names a version that this release of goldenpath does not know.", "Use a release of goldenpath that knows it, or correct the version."),
        FindingRule("feature-not-served", "The cluster's version of an add-on lacks a feature that the request uses.", "Upgrade the add-on, or change the request."),
    ),
    "All tenants of a fleet": (
        FindingRule("fleet-capacity", "Tenants own more of an accelerator than its cluster has.", "Lower a quota, or let tenants borrow instead."),
        FindingRule("borrow-beyond-cohort", "A tenant may borrow more than all other tenants own.", "Ask for quota instead, or wait for the other tenants."),
        FindingRule("tenant-collision", "Two requests have the same name.", "Rename or remove one of them."),
        FindingRule("identity-collision", "Two ClusterSPIFFEIDs have the same name or give the same SPIFFE ID.", "Keep one of them, and give each identity the tenant's name."),
        FindingRule("call-refused", "A tenant calls another one that does not name it as a caller on that port.", "Agree with the other tenant, whose request names the caller under `serving`."),
        FindingRule("host-collision", "Two tenants ask for one host name, or one's wildcard covers the other's.", "Give one of them another host name."),
        FindingRule("owner-change", "The request gives the tenant to another owner.", "Make sure that both owners agree; give a new team a name of its own."),
        FindingRule("retired-name", "A request uses the name of a deleted tenant, which old identities and images may still trust.", "Choose another name."),
    ),
    "The fleet repository": (
        FindingRule("misplaced", "A file is not where the fleet's layout puts it.", "Publish the tenant, and remove the files that remain."),
        FindingRule("folded-in-reviews", "An attribute in `.gitattributes` hides changes below `clusters/` in reviews, which a cluster runs.", "Remove the line."),
        FindingRule("unlisted-file", "A file below `clusters/` or `tenants/` belongs to no request and no lock.", "Restore the request from Git's history, or remove the file."),
        FindingRule("not-as-locked", "The lock marks the tenant as up to date, and its files differ from a new rendering.", "Restore the file and the lock from Git's history, or remove the lock and publish again."),
        FindingRule("not-as-rendered", "The request or the fleet changed after the last publish.", "Run `goldenpath publish`."),
        FindingRule("layout-differs", "A file differs from what was rendered in layout or comments only.", "Nothing; the next publish writes the file again."),
        FindingRule("new-release", "This release of goldenpath renders other files from the same request.", "Review the changes, and publish them."),
        FindingRule("override-lacks-default", "An entry that an override adds lacks a field that a new version gives every other entry of the list.", "Add the field to the override, if the entry needs it too."),
        FindingRule("workload-left", "A workload with hand edits stays unchanged while its tenant is upgraded.", "Move the edits into its request, or revert the files; then publish it."),
        FindingRule("hand-edit", "A rendered file was edited by hand.", "Move the change into the request, or publish with `--overwrite-edits`."),
    ),
    "Values that follow from the fleet or the golden path": (
        FindingRule("identity-changes", "The SPIFFE ID of a tenant's account changes.", "Let peers accept both IDs first."),
        FindingRule("groups-change", "A group in a tenant's bindings changes.", "Compare with the groups in the tokens that the API server accepts."),
        FindingRule("registries-change", "The registries from which a tenant's Pods may pull change.", "Copy the images first, or keep the old registry."),
        FindingRule("classes-change", "A queue, priority class or device class that a tenant may name changes.", "Tell the team the new name first."),
        FindingRule("pod-security-changes", "The Pod Security Standard of a tenant's namespace changes.", "Try it first, with `kubectl label --dry-run=server`."),
        FindingRule("gateways-change", "The Gateway that a tenant's routes attach to changes.", "Change the `parentRefs` of its routes together with the fleet."),
        FindingRule("hosts-change", "An address that a tenant uses changes.", "Make sure that the new address answers first."),
    ),
    "Guard rails": (
        FindingRule("guard-missing", "An override lifts a guard rail: a NetworkPolicy, a quota key, a label, a queue or an identity.", _OVERRIDE),
        FindingRule("override-of-guard", "An override changes a guard rail, as its owner agreed.", "Nothing, if the change is intended; review it again before it expires."),
        FindingRule("role-too-wide", "A Role or a binding gives more than a tenant may have: its guard rails, tokens of every account, or the rights of others.", "Name the groups, resources and verbs that the tenant needs."),
        FindingRule("role-missing", "A RoleBinding names a Role that does not exist.", "Name a Role of the namespace."),
        FindingRule("network-open", "A network policy admits everyone, every namespace, or a node's credential address.", "Name the peers, or exclude the link-local networks with `except`."),
        FindingRule("quota-never-enforced", "The API server accepts a quota key and never counts it.", "Use the `requests.` form of the key."),
        FindingRule("quota-without-default", "A quota covers a resource for which no LimitRange gives a default, so Pods without it are refused.", "Add a default to the LimitRange."),
        FindingRule("queue-missing", "A LocalQueue names a ClusterQueue that does not exist.", "Name the ClusterQueue of the tenant."),
        FindingRule("queue-namespace", "A ClusterQueue is open to more namespaces than the tenant's.", "Select the namespace by its `kubernetes.io/metadata.name` label."),
        FindingRule("queue-borrows-without-limit", "A queue may borrow without a limit, above what the ResourceQuota allows.", "Set a borrowing limit."),
        FindingRule("queue-without-quota", "A queue gives out a resource that no ResourceQuota limits.", "Add the resource to the quota."),
        FindingRule("queue-against-quota", "Queue and ResourceQuota allow different amounts.", "Use the same number in both."),
        FindingRule("queue-uncovered-resource", "A Pod of the tenant may ask for a resource that its queue does not cover, and would then never start.", "Exclude the resource in Kueue and in the fleet, or add it to the queue."),
    ),
    "Identities": (
        FindingRule("identity-account", "A ClusterSPIFFEID gives one identity to Pods of every account.", "End the path with `/sa/<account>`, and select the account."),
        FindingRule("identity-class", "A ClusterSPIFFEID has no class name, so some controllers ignore it.", "Set the fleet's `spire.class_name`."),
        FindingRule("identity-namespace", "A SPIFFE ID does not start with the tenant's namespace.", "Begin the path with `/ns/<namespace>`."),
        FindingRule("identity-power", "A ClusterSPIFFEID lets Pods act as SPIRE itself.", "Remove `admin` and `downstream`."),
        FindingRule("identity-trust-domain", "A SPIFFE ID is outside the cluster's own trust domain.", "Begin the ID with the cluster's trust domain."),
    ),
    "Retiring": (
        FindingRule("retiring-namespace-kept", "Flux never prunes the Namespace, so it would outlive the tenant.", "Remove the annotation that disables pruning."),
        FindingRule("retiring-not-said", "The Namespace lacks the label that marks a retiring tenant.", "Publish with a golden path that renders the label."),
        FindingRule("retiring-not-held", "New Pods can still start in a retiring tenant.", "Set the quota key to 0."),
        FindingRule("retiring-not-drained", "A queue of a retiring tenant keeps its running work.", "Set `stopPolicy: HoldAndDrain`."),
        FindingRule("retiring-still-applied", "Flux still applies the team's manifests.", "Suspend or remove the Kustomization."),
    ),
    "Objects against their schema": (
        FindingRule("check-failed", "A check of goldenpath itself failed on these objects.", "Report it as a defect, with the object."),
        FindingRule("not-an-object", "A document is not a request, a fleet or a Kubernetes object.", "Set `apiVersion` and `kind`, or move the file."),
        FindingRule("not-final/encrypted", "SOPS has encrypted the object, so only the names of its fields were checked.", "Check the object after it is decrypted."),
        FindingRule("not-final/kustomize", "kustomize changes the file before it is applied, so it was not checked as a final object.", "Check what kustomize builds."),
        FindingRule("not-final/variables", "A variable or a template is filled in before the object is applied, so only the names of its fields were checked.", "Check the object with the values filled in."),
        FindingRule("schema/unknown-kind", "No schema is known for this kind, so its fields were not checked.", "Run `goldenpath schemas import`."),
        FindingRule("schema/unknown-field", "The kind has no such field, and the API server would drop it.", "Correct the spelling, or remove the field."),
        FindingRule("schema/required", "A required field is missing.", "Set it."),
        FindingRule("schema/type", "A value has the wrong type.", _SCHEMA),
        FindingRule("schema/enum", "A value is not one of the allowed values.", _SCHEMA),
        FindingRule("schema/pattern", "A value does not match the pattern.", _SCHEMA),
        FindingRule("schema/format", "A value does not have the required format.", _SCHEMA),
        FindingRule("schema/form", "A value fits none of the allowed forms.", _SCHEMA),
        FindingRule("schema/size", "A value is too long, too short, or has too many or too few entries.", _SCHEMA),
        FindingRule("schema/range", "A number is out of range.", _SCHEMA),
        FindingRule("schema/quantity", "A value is not a Kubernetes quantity.", "Write a quantity such as `500m` or `64Gi`."),
        FindingRule("schema/rule", "A value breaks another rule of the schema.", _SCHEMA),
    ),
    "What the API server asks beyond a schema": tuple(
        FindingRule(f"api/{rule}", title, fix)
        for rule, title, fix in (
            ("account", "A service account is named twice, in different ways.", _SCHEMA),
            ("affinity", "A term of an affinity has an unknown operator, or the wrong number of values for it.", _SCHEMA),
            ("claim", "A volume claim, or a claim of a resource, is not complete.", _SCHEMA),
            ("definition", "A CustomResourceDefinition is not structural, or its versions do not fit together.", _SCHEMA),
            ("disruption", "A disruption budget sets both `minAvailable` and `maxUnavailable`.", _SCHEMA),
            ("dns", "The DNS settings of a Pod need a name server.", _SCHEMA),
            ("duplicate", "An entry appears twice in a list that allows it once.", _SCHEMA),
            ("endpoint", "An endpoint has no address of its type.", _SCHEMA),
            ("env", "An environment variable has two values.", _SCHEMA),
            ("field-path", "A field or resource cannot be given to a container.", _SCHEMA),
            ("finalizer", "A finalizer is not a qualified name.", _SCHEMA),
            ("host", "Settings of the host and of the Pod exclude each other.", _SCHEMA),
            ("image", "The name of an image begins or ends with a space.", _SCHEMA),
            ("ingress", "An Ingress is not complete, or a path of it cannot be matched.", _SCHEMA),
            ("init-container", "An init container that runs to completion has a field that only a sidecar may have.", _SCHEMA),
            ("job", "The settings of a Job do not fit together.", _SCHEMA),
            ("limits", "The numbers of a LimitRange contradict each other.", _SCHEMA),
            ("metric", "A metric of an autoscaler is not complete.", _SCHEMA),
            ("namespace", "The name of the namespace is not valid.", _SCHEMA),
            ("os", "A setting needs `spec.os.name` of the Pod.", _SCHEMA),
            ("owner", "Two owners claim to be the controller.", _SCHEMA),
            ("policy", "An admission policy or its binding is not complete.", _SCHEMA),
            ("probe", "A probe has a setting that its kind does not allow.", _SCHEMA),
            ("profile", "A security profile does not fit its type.", _SCHEMA),
            ("quantity", "A quantity is negative.", _SCHEMA),
            ("quota-scope", "A scope of a quota does not count what the quota limits.", _SCHEMA),
            ("resources", "Requests and limits of a container contradict each other, or name no resource.", _SCHEMA),
            ("restart-policy", "This kind does not allow the restart policy.", _SCHEMA),
            ("role", "A rule of a role names no group or resource, or mixes resources and URLs.", _SCHEMA),
            ("role-ref", "A binding does not name a role.", _SCHEMA),
            ("rollout", "A rollout strategy cannot make progress, or has settings of another strategy.", _SCHEMA),
            ("rule", "The object breaks a CEL rule of its CustomResourceDefinition.", _SCHEMA),
            ("secret", "A Secret lacks what its type needs.", _SCHEMA),
            ("security-context", "Settings of a security context exclude each other.", _SCHEMA),
            ("selector", "A selector is empty, or does not match the labels of its own template.", _SCHEMA),
            ("service", "The settings of a Service do not fit together.", _SCHEMA),
            ("size", "A ConfigMap or Secret holds more than 1 MiB.", _SCHEMA),
            ("source", "A volume has more than one source.", _SCHEMA),
            ("template", "A Pod template is missing.", _SCHEMA),
            ("toleration", "A toleration has a value or seconds that its operator or effect does not allow.", _SCHEMA),
            ("topology", "A spread constraint has settings that exclude each other.", _SCHEMA),
            ("volume", "A container mounts a volume that the Pod does not have, or in a way that the volume does not allow.", _SCHEMA),
            ("webhook", "A webhook cannot be called this way.", _SCHEMA),
            ("annotation", "Annotations are too large together.", "Keep them under 256 KiB."),
            ("cidr", "A network is not a CIDR, or an exception is outside it.", "Write a CIDR such as `10.1.0.0/16`."),
            ("data-key", "A key of a ConfigMap or Secret is not a valid file name.", "Use letters, digits, `-`, `_` and `.`."),
            ("label", "A label value is not valid.", "Use at most 63 letters, digits, `-`, `_` and `.`."),
            ("label-key", "A label or annotation key is not valid.", "Write it as `domain/name`."),
            ("name", "The object's name is missing or not valid for its kind.", "Set a valid `metadata.name`."),
            ("peer", "A network policy peer is empty or contradicts itself.", "Give one kind of selector for each peer."),
            ("policy-type", "A network policy names a direction that does not exist.", "Use `Ingress` and `Egress`."),
            ("port", "A port, protocol or port range is not valid.", "Use 1 to 65535, and TCP, UDP or SCTP."),
            ("queue", "A ClusterQueue contradicts itself.", "Cover each resource in one group, in the same order."),
            ("quota", "A quota is negative or not a whole number.", "Use a whole number, 0 to forbid the resource."),
            ("replicas", "The lowest number of replicas exceeds the highest.", "Lower it."),
            ("subject", "A binding's subject is not valid.", "Set kind, name and, for a service account, the namespace."),
        )
    ),
    "What a cluster has (`goldenpath cluster inspect`)": (
        FindingRule("inspect/flux-lockdown", "A Flux controller lacks a flag that keeps tenants apart.", "Set the flag, as [Bootstrap Flux](../tasks/bootstrap-flux.md) shows."),
        FindingRule("inspect/kueue-integrations", "Kueue's configuration leaves out an integration that holds workloads in queues.", "Add the integration to Kueue's configuration."),
        FindingRule("inspect/left-out", "A pool of accelerators is left out of the entry, since it is not valid in a fleet, or may count devices twice.", "Add it by hand with other values, if tenants should request it."),
        FindingRule("inspect/no-controller", "The kinds of an add-on are served, and no controller for them was found.", "Install the controller, or remove the kinds."),
        FindingRule("inspect/no-policies", "goldenpath's admission policies are not in force.", "Publish the platform."),
        FindingRule("inspect/partitionable", "Devices can be partitioned, and are counted whole.", "Nothing, or describe the partitions in the fleet."),
        FindingRule("inspect/region", "No node has a region label, or the nodes are in several regions.", "Set the cluster's `region` in the fleet."),
        FindingRule("inspect/unknown-accelerator", "An accelerator matches no entry of the catalogue, or several.", "Set `profile` in the fleet, or add the accelerator."),
    ),
    "Taking over a namespace (`goldenpath adopt`)": tuple(
        FindingRule(f"adopt-{rule}", title, fix)
        for rule, title, fix in (
            ("accelerator-unsaid", "Workloads use an accelerator that no quota or queue grants.", "Agree on a quota."),
            ("borrows-only", "The queue borrows an accelerator and owns none.", "Agree on a quota of one or more."),
            ("borrows-without-limit", "The queue may borrow without a limit.", "Agree on a limit."),
            ("cluster-admin", "A binding makes an account administrator of the whole cluster.", "Remove the binding."),
            ("cpu-limit", "The namespace limits CPU; the golden path does not.", "Nothing."),
            ("default-account", "Workloads run as the `default` account.", "Give the workload an account of its own."),
            ("differs", "Clusters disagree about a label or annotation.", "Keep the right value in the request."),
            ("environment-unsaid", "The environment is unknown; a request without one means production.", "Ask the owner."),
            ("everybody", "A binding gives rights to more than one team.", "Remove it; name groups of the identity provider."),
            ("exceptions", "The namespace has exceptions from policies.", "Add the exceptions that still apply to the request."),
            ("flux-as-controller", "Flux applies the team's manifests with its own rights.", "Set a service account."),
            ("group-prefix", "A group lacks the fleet's prefix.", "Use the group's name with the prefix."),
            ("guessed-model", "The model behind a quota key is derived from the workloads' selectors.", "Check the model."),
            ("guessed-role", "The role of a group is derived from the rights in its Role.", "Check the role of the group."),
            ("identity-changes", "The SPIFFE ID of an account changes.", "Update what trusts the old ID first."),
            ("identity-for-all", "All Pods share one identity, whatever their account.", "Give each account its own identity."),
            ("identity-power", "An identity lets Pods act as SPIRE itself.", "Remove `admin` and `downstream`."),
            ("known", "goldenpath rendered this namespace.", "Look for its request in the fleet repository."),
            ("namespace-assumed", "Objects name no namespace, and count as objects of the adopted one.", "Remove those that belong to another namespace."),
            ("no-identity", "An account has no SPIFFE identity.", "Nothing, or remove the account from `identity`."),
            ("no-namespace", "The Namespace object itself was not found.", "Include the Namespace."),
            ("nothing-allowed", "A quota allows none of a resource.", "Agree on a number."),
            ("open-network", "No network policy closes the namespace today.", "Name every destination that the team needs."),
            ("other-reconciler", "Flux applies the team's manifests as another account.", "Move its rights to the reconciler of the golden path."),
            ("other-tenancy", "Kubeflow, Capsule or HNC manages the namespace too.", "Separate them as the finding says."),
            ("pod-security", "The request enforces a stricter Pod Security Standard.", "Test the Pods against the standard first."),
            ("policies-unread", "Policies can check the running Pods only once the request is valid.", "Correct the request."),
            ("queue-against-quota", "Queue and ResourceQuota allow different amounts.", "Agree on one number."),
            ("queue-unread", "A LocalQueue leads to a ClusterQueue that was not found.", "Include the ClusterQueue."),
            ("retiring", "The namespace is being retired.", "Adopt it before the hold, or let it be deleted."),
            ("role-too-wide", "A binding gives rights that no tenant has: NetworkPolicies, tokens, or roles.", "Remove the binding after the takeover."),
            ("several-queues", "The namespace uses several ClusterQueues, whose quotas are added.", "Check the sums."),
            ("shared-queue", "The ClusterQueue serves other namespaces too.", "Agree on the team's own share."),
            ("unknown-accelerator", "A queue or a workload uses a resource that no pool of the cluster has.", "Add the accelerator to the fleet."),
            ("unknown-resource", "A workload asks for a resource that is not an accelerator of the catalogue.", "Check that the nodes offer it."),
            ("unlimited", "No quota limits a resource; the request uses the fleet's default.", "Agree on a number."),
            ("unusable", "A label or annotation does not fit its field.", "Set the field by hand."),
            ("which-accelerator", "Several accelerators match, and no label or selector decides between them.", "Choose the profile."),
            ("wrong-key", "A quota key names an accelerator that the cluster does not have in the fleet.", "Correct the key or the fleet."),
        )
    ),
}  # fmt: skip
"""Every rule, by the part of the product that reports it."""

RULES: Final[dict[str, FindingRule]] = {rule.id: rule for group in RULE_GROUPS.values() for rule in group}
"""Every rule by its id."""
