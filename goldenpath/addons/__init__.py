"""The catalogue of add-ons: which version of Kubernetes and of each add-on serves which API and feature.

For: facts about what a cluster runs, one YAML file each in ``data/`` with its sources and dates. Where an add-on is
installed by its own manifests, and as which accounts its controllers act. ``kubernetes.yaml`` says the same of
Kubernetes itself. A new add-on, API or feature is an entry there.

Not for: which add-ons a fleet has (``spec``), and judging what was rendered (``check``). Nothing here reads a cluster,
the network or the environment.
"""

from goldenpath.addons.addon import Addon, Feature, ServedApi, VersionText, version_of
from goldenpath.addons.catalogue import KUBERNETES, AddonCatalogue, addon_catalogue, load_catalogue

__all__ = [
    "KUBERNETES",
    "Addon",
    "AddonCatalogue",
    "Feature",
    "ServedApi",
    "VersionText",
    "addon_catalogue",
    "load_catalogue",
    "version_of",
]
