"""The catalogue of add-ons: the APIs and features that each version of Kubernetes and of each add-on serves.

``data/`` has one YAML file for each add-on and one for Kubernetes, with sources and dates. A file also has the namespace
and the accounts of the add-on's controllers, as in its own manifests. A new add-on, API or feature is an entry there. The
package reads no cluster, network or environment.
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
