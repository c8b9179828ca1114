"""The control plane itself. This file is collected without ``--cluster`` too: to say how the others are run."""

from __future__ import annotations


def test_the_control_plane_is_new_enough_to_count_devices(cluster):
    version = cluster.send("GET", "/version").body

    assert (int(version["major"]), int(version["minor"].rstrip("+"))) >= (1, 36)
