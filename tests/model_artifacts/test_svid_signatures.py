"""Folders signed with a certificate: other, expired and foreign SVIDs are refused."""

from __future__ import annotations

import datetime as dt
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from cryptography.x509.oid import ExtendedKeyUsageOID
from forged_artifacts import new_key, write_key
from judges import PYTHON, needs_judges
from private_authority import (
    HOUR,
    ISSUER,
    SUBJECT,
    Issuer,
    PrivateAuthority,
    Unchecked,
    missing_timestamps,
    pem,
    private_authority,
)

from goldenpath.cli.root_command import cli
from goldenpath.model_artifacts.oms import sign_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(bool(missing_timestamps()), reason=missing_timestamps() or "-")

SVID = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
"""The purposes of an X.509-SVID of SPIRE, without code signing."""
OTHER_TENANT = SUBJECT.replace("/ns/ci/", "/ns/speech/")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateAuthority]:
    with private_authority(tmp_path_factory.mktemp("authority")) as running:
        yield running


def verified(folder: Path, authority: PrivateAuthority, ends_with: int) -> str:
    """The result of `model verify` on a folder, with one trusted identity."""
    trust = [
        "--certificate-identity",
        SUBJECT,
        "--certificate-issuer",
        ISSUER,
        "--trusted-root",
        str(authority.file),
    ]
    result = CliRunner().invoke(cli, ["model", "verify", str(folder), *trust], prog_name="goldenpath")
    assert result.exit_code == ends_with, result.output
    return result.output


def test_the_identity_that_is_trusted_holds(model: Path, authority: PrivateAuthority) -> None:
    (model / "model.sig").write_bytes(sign_folder(model, authority.signer()))
    verified(model, authority, 0)


@pytest.mark.parametrize(
    ("leaf", "said"),
    [
        ({"usages": SVID}, "codeSigning"),
        ({"usages": SVID, "issuer": None}, "codeSigning"),
        ({"usages": SVID, "issuer": None, "subjects": (OTHER_TENANT,)}, "codeSigning"),
        ({"subjects": (OTHER_TENANT,)}, "[other-identity]"),
        ({"end": dt.datetime.now(dt.UTC) - HOUR / 2}, "[expired]"),
        ({"usages": SVID, "issuer": None, "end": dt.datetime.now(dt.UTC) - HOUR / 2}, "[expired]"),
    ],
    ids=["purpose of an svid", "svid", "svid of another tenant", "another tenant", "expired", "expired svid"],
)
def test_a_certificate_that_may_not_sign_is_refused(
    model: Path, authority: PrivateAuthority, leaf: dict[str, Any], said: str
) -> None:
    (model / "model.sig").write_bytes(sign_folder(model, Unchecked(authority.signer(**leaf))))
    assert said in verified(model, authority, 1)


def test_an_identity_of_a_foreign_authority_is_refused(model: Path, authority: PrivateAuthority) -> None:
    signer = authority.signer()
    foreign = type(signer)(signer.key, Issuer().leaf(signer.key), signer.timestamps, signer.root)
    (model / "model.sig").write_bytes(sign_folder(model, Unchecked(foreign)))
    assert "[other-authority]" in verified(model, authority, 1)


@needs_judges
def test_we_refuse_the_expired_svid_of_another_tenant_that_model_signing_takes(
    model: Path, authority: PrivateAuthority, tmp_path: Path
) -> None:
    key = new_key()
    private, _ = write_key(key, tmp_path, "svid")
    leaf = authority.issuer.leaf(
        key, usages=SVID, issuer=None, subjects=(OTHER_TENANT,), end=dt.datetime.now(dt.UTC) - HOUR / 2
    )
    (tmp_path / "leaf.pem").write_bytes(pem(leaf))
    (tmp_path / "root.pem").write_bytes(pem(authority.issuer.certificate))

    def model_signing(*words: object) -> int:
        return subprocess.run(
            [PYTHON, "-m", "model_signing", *map(str, words)], capture_output=True, check=False
        ).returncode

    chain = ("--certificate_chain", tmp_path / "root.pem", "--signature", model / "model.sig")
    own = ("--private_key", private, "--signing_certificate", tmp_path / "leaf.pem")
    assert model_signing("sign", "certificate", model, *own, *chain) == 0
    assert model_signing("verify", "certificate", model, *chain) == 0
    verified(model, authority, 1)
