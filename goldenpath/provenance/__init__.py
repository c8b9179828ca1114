"""Provenance of models: what a run was made from, who says so, and whether that is to be believed.

For: the words of every refusal (``refusals``), the build type with its strict reader (``model_training``), the record of
the hash step (``lineage_record``), a finished run as the kubelet has it (``finished_run``), verification
(``verification``), and the models that a Pod mounts (``pod_images``).

Stays out: registries and clusters, which callers read; and signing, which is ``signatures``'.

Needs the extra ``oci`` where something is verified. Import the modules by their names: this one re-exports nothing.
"""
