"""``goldenpath model``."""

from __future__ import annotations

from goldenpath.cli.lazy_group import command_group

command = command_group(
    "model",
    "Pack models as images that nodes mount, sign them, and verify them.",
    {
        "pack": "Check a model's folder, and push it to a registry as an image that nodes mount.",
        "sign": "Sign a model: its folder by OpenSSF Model Signing, or its image as cosign does.",
        "verify": "Verify the signature of a model's folder, or of its image.",
        "inspect": "Show the files and metadata of a model's folder or image.",
    },
)
