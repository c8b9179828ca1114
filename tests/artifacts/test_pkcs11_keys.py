"""Keys in a token: the same bundles as a key in a file writes, and refusals that name the part."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from forged_artifacts import statement
from software_token import MODULE, PIN, missing_token, new_pair, new_token, uri

from goldenpath.artifacts.delivery import verify_artifacts
from goldenpath.cli.root_command import cli
from goldenpath.errors import InputError
from goldenpath.oci import media_types
from goldenpath.signatures.bundle import signed_bundle, verified_statement
from goldenpath.signatures.pkcs11_keys import Pkcs11Uri, open_pkcs11_key

pytestmark = pytest.mark.skipif(bool(missing_token()), reason=missing_token() or "-")
DIGEST = f"sha256:{'a' * 64}"


# A process has one place of tokens, and pytest may come back to a module.
@pytest.fixture(scope="session", autouse=True)
def _token(tmp_path_factory):
    new_token(tmp_path_factory.mktemp("token"))
    new_pair("release")


def refused(text, pin=PIN):
    with pytest.raises(InputError) as caught, open_pkcs11_key(Pkcs11Uri.parse(text), pin):
        pass
    assert PIN not in str(caught.value)
    return str(caught.value)


def test_a_key_in_a_token_signs_as_one_in_a_file():
    with open_pkcs11_key(Pkcs11Uri.parse(uri("release")), PIN) as key:
        bundles = [signed_bundle(statement(DIGEST, {}), key) for _ in range(20)]
        trust, hint = key.trust, key.public.hint

    for bundle in bundles:  # each has other numbers, some of them shorter
        said = verified_statement(
            bundle.data, trust, predicate_type=media_types.SIGNATURE, digest=DIGEST, annotations={}
        )
        assert said.subjects[0].digest == DIGEST
    assert json.loads(bundles[0].data)["verificationMaterial"] == {"publicKey": {"hint": hint}}


def test_push_signs_with_a_key_in_a_token(fleet, client, registry, monkeypatch):
    monkeypatch.setenv("GOLDENPATH_SIGNING_KEY_PASSWORD", PIN)
    words = ("--repo", str(fleet.store.repository.path), "--registry", registry, "--cluster", "austin")
    pushed = CliRunner().invoke(cli, ("artifacts", "push", *words, "--key", uri("release")))
    assert pushed.exit_code == 0, pushed.output

    with open_pkcs11_key(Pkcs11Uri.parse(uri("release")), PIN) as key:
        held = list(verify_artifacts(fleet, client, key.trust, cluster="austin"))
    assert {each.refusal for each in held} == {None}


def test_a_wrong_pin_and_a_missing_one_are_refused():
    assert "PinIncorrect" in refused(uri("release"), "1357")
    assert "set GOLDENPATH_SIGNING_KEY_PASSWORD to the PIN" in refused(uri("release"), None)


def test_a_missing_token_library_or_key_is_named():
    assert "cannot open the token 'other'" in refused(uri("release", token="other"))
    assert "/none.so" in refused("pkcs11:token=fleet;object=release?module-path=/none.so")
    assert "must have one EC key pair 'none'" in refused(uri("none"))


def test_two_keys_of_one_name_are_refused():
    for _ in range(2):
        new_pair("twins")
    assert "PRIVATE_KEY exists 2 times" in refused(uri("twins"))


def test_a_key_on_another_curve_is_refused():
    new_pair("long", "secp384r1")
    assert "'long' is not an ECDSA key on P-256" in refused(uri("long"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pkcs11:token=fleet", "has no module-path, object"),
        (f"pkcs11:token=fleet;object=a?module-path={MODULE}&pin-value={PIN}", "other users of this machine"),
        (f"pkcs11:token=fleet;slot-id=0;object=a?module-path={MODULE}", "the part 'slot-id'"),
        (f"pkcs11:token=fleet;token=b;object=a?module-path={MODULE}", "given twice"),
        (f"pkcs11:token=fleet;object=?module-path={MODULE}", "the part 'object'"),
        (f"pkcs11:token=fleet;object=a;type=public?module-path={MODULE}", "must name a private key"),
    ],
)
def test_an_address_of_another_form_is_refused(text, words):
    assert words in refused(text)


def test_an_address_may_have_escapes():
    found = Pkcs11Uri.parse("pkcs11:token=the%20fleet;object=a%3Bb;type=private?module-path=/a.so")
    assert (found.token, found.object, found.module) == ("the fleet", "a;b", "/a.so")
