"""Provenance of models: the inputs of a training run, signed by its builder and verified later.

For: the words of every refusal (``refusals``), the build type with its strict reader (``model_training``), the record of
the hash step (``lineage_record``), a finished run in the API server (``finished_run``, ``finished_runs``), its signed
provenance (``attesting``), verification (``training_verification``), the models that a Pod mounts (``pod_images``), and
the admission policy for them (``image_policy``).

Stays out: registries and clusters, which callers read; and the form of signatures (``goldenpath.signatures``).

Verification needs the extra ``oci``. Import the modules by their names: this package re-exports nothing.
"""
