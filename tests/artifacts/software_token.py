"""A token of SoftHSM (Debian's `softhsm2`): a PKCS#11 hardware module in a folder."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

COMMAND = "sudo apt-get install softhsm2"
MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "2468"
TOKEN = "fleet"


def missing_token() -> str:
    """Why SoftHSM is not available; empty if it is."""
    return "" if MODULE.is_file() else f"needs softhsm2: {COMMAND}"


def new_token(folder: Path) -> None:
    """Create the token for this process and its children. A process cannot change its folder of tokens."""
    (folder / "tokens").mkdir(parents=True)
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    command = ["softhsm2-util", "--init-token", "--free", "--label", TOKEN, "--pin", PIN, "--so-pin", PIN]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def uri(label: str, token: str = TOKEN) -> str:
    return f"pkcs11:token={token};object={label}?module-path={MODULE}"


def new_pair(label: str, curve: str = "secp256r1") -> None:
    """A key pair that is made inside the token."""
    import pkcs11
    from pkcs11.util.ec import encode_named_curve_parameters

    token = pkcs11.lib(str(MODULE)).get_token(token_label=TOKEN)
    with token.open(user_pin=PIN, rw=True) as session:
        parameters = session.create_domain_parameters(
            pkcs11.KeyType.EC,
            {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters(curve)},
            local=True,
        )
        parameters.generate_keypair(store=True, label=label)
