"""Columns that look like secrets: nothing of them is in any request but the password's place, in no file and no output."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path

import attrs
import pytest
from click.testing import CliRunner
from hypothesis import given, strategies as st

from alloy_async.cli.app import app
from alloy_async.directory import UserRecord
from alloy_async.provisioning import FieldMap, provision
from alloy_async.provisioning.checks.linter import Linter
from alloy_async.provisioning.planning.source_rereader import hash_source_content, is_source_unchanged
from alloy_async.provisioning.sources import ColumnLayout, open_source
from alloy_async.provisioning.sources.field_names import is_secret_name
from alloy_async.provisioning.store.header import JobHeader
from simulation.sandbox_directories import SYSTEMS, directory_of, empty_sandbox, place_of

NAMES = {
    "English": [
        "Temporary Password",
        "Password1",
        "new_password",
        "user pass",
        "PIN",
        "API key",
        "Recovery Code",
    ],
    "German": ["Passwort", "Kennwort (neu)", "Initialkennwort", "API-Schlüssel", "Geheimzahl", "Zugangscode"],
    "French": ["mot de passe", "Mot de passe provisoire", "mdp", "clé API", "code d'accès"],
    "Spanish": ["Contraseña", "contrasena_temporal", "clave de acceso", "código de seguridad"],
    "Italian": ["parola d'ordine", "Codice PIN", "chiave API", "codice segreto"],
    "Portuguese": ["Senha", "palavra-passe", "chave de acesso", "código de acesso"],
    "Dutch": ["Wachtwoord", "tijdelijk wachtwoord", "API-sleutel", "toegangscode"],
    "Polish": ["Hasło", "hasło tymczasowe", "klucz API", "kod dostępu"],
    "misspelt": [
        "Pa$$word",
        "passw0rd",
        "Passwrod",
        "psswd",
        "Kennwrt",
        "P.W.",
        "p/w",
        "newpw",
        "tmppw",
        "Konto-PIN",
    ],
    "other words": [
        "passkey",
        "2FA",
        "TAN",
        "one-time code",
        "security question",
        "recovery phrase",
        "magic link",
        "md5",
        "Sicherheitsfrage",
        "Einmalcode",
        "mots de passe",
        "code confidentiel",
        "frase de paso",
        "lozinka",
    ],
    "other scripts": [
        "пароль",
        "кодовое слово",
        "гасло",
        "密钥",
        "初始密码",
        "パスワード",
        "暗証番号",
        "비밀번호",
        "पासवर्ड",
        "รหัสผ่าน",
        "كلمة المرور",
        "رمز عبور",
        "סיסמה",
        "κωδικός πρόσβασης",
        "գաղտնաբառ",
        "şifrə",
        "mật khẩu",
    ],
    "systems": [
        "password_hash",
        "unicodePwd",
        "ssha_password",
        "userPassword;binary",
        "clientSecret",
        "totp_token",
    ],
}
COLUMNS = [name for names in NAMES.values() for name in names]
CANARY = "S3CRET"


def people(*, shifted: bool = False) -> str:
    """Two people, one of them in a row that will not go in."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["username", "email", "given name", "family name", "password", *COLUMNS])
    secrets = [f"{CANARY}{number}" for number in range(len(COLUMNS))]
    writer.writerow(["ada", "ada@example.com", "Ada", "Quist", "Used-Passw0rd!", *secrets])
    writer.writerow(["bela", "bademail", "Bela", "Rohm", "Used-Passw0rd!", *secrets])
    if shifted:
        writer.writerow(["cem", "c@example.com", "Cem", "Rohm", "too", "many", "Used-Passw0rd!", *secrets])
    return text.getvalue()


@pytest.mark.parametrize("name", COLUMNS)
def test_a_name_that_says_secret(name: str) -> None:
    assert is_secret_name(name)
    assert is_secret_name(name.upper().replace("SS", "ß") if name.isascii() else name)
    assert is_secret_name(f"{name} [Required]")


@given(
    st.sampled_from(COLUMNS),
    st.sampled_from(["", "old ", "2nd_", "user-"]),
    st.sampled_from(["", " 2", "_NEW", " (temp)"]),
)
def test_a_secret_name_within_another_name(name: str, before: str, behind: str) -> None:
    assert is_secret_name(before + name + behind)


@pytest.mark.parametrize(
    "name",
    ["username", "Secretary", "Passport No", "Compass", "Key Account Manager", "Hashtag", "Pinboard", "Spin", "Tokenville",
     "Sekretariat", "Passage", "Opinion", "Shipping", "Nachname", "Apellidos", "Employee ID", "Cost Center", "Manager",
     "Zip code", "Country code", "Codice fiscale", "Código postal", "Tanja", "Bypass", "Last login", "Verification status",
     "Kennung", "Personalschlüssel", "Card number", "Recovery email", "Clavecin", "Passau", "Access level"],
)  # fmt: skip
def test_a_name_that_does_not(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize("system", SYSTEMS)
async def test_a_canary_in_every_secret_looking_column(tmp_path: Path, system: str) -> None:
    source = tmp_path / "users.csv"
    source.write_text(people(shifted=True), encoding="utf-8")
    async with (
        empty_sandbox(system) as sandbox,
        directory_of(system, sandbox.url, place_of(sandbox)) as target,
    ):
        key = target.capabilities.key
        report = await provision(open_source(source, key=key), target)
        assert report.counts.created >= 1
        wire = b"".join(
            request.raw_path.encode() + repr(request.query).encode() + request.body
            for request in sandbox.requests
        )
        assert CANARY.encode() not in wire
        if "password" in target.capabilities.carries:
            assert b"Used-Passw0rd!" in wire
        # Agilicus and Smooch take free attributes: these are the systems that secrets went to.
        assert repr(sandbox.service.__dict__).count(CANARY) == 0
        findings = repr(list(Linter(open_source(source, key=key), target.capabilities).lint()))
    for name in COLUMNS:
        assert repr(name)[1:-1] in findings, "lint names each of them"
    assert CANARY not in findings
    source.unlink()
    for path in tmp_path.rglob("*"):
        content = path.read_bytes()
        assert CANARY.encode() not in content, path
        assert b"Used-Passw0rd!" not in content, path


@pytest.mark.parametrize("mode", ["create", "upsert"])
def test_on_the_command_line(tmp_path: Path, mode: str) -> None:
    source = tmp_path / "users.csv"
    source.write_text(people(shifted=True), encoding="utf-8")
    commands = [["lint", str(source), "--to", "alsid"]]
    commands += [
        ["provision", str(source), "--to", "alsid", "--sandbox", "--mode", mode, *more]
        for more in ([], ["--json", "-v"])
    ]
    commands.append(
        ["plan", str(source), "--to", "alsid", "--mode", mode, "--base-url", "http://127.0.0.1:9"]
    )
    for command in commands:
        result = CliRunner().invoke(app, command)
        assert CANARY not in result.output
        assert "Used-Passw0rd!" not in result.output
    (failed,) = {path for path in tmp_path.glob("*failed*") if path.name == "users.failed.csv"}
    assert "bela" in failed.read_text(encoding="utf-8")
    source.unlink()
    assert not [
        path for path in tmp_path.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()
    ]


def test_members_of_objects_too(tmp_path: Path) -> None:
    path = tmp_path / "users.jsonl"
    person = {
        "username": "ada",
        "credentials": [{"type": "password", "value": CANARY}],
        "profile": {"desk": 4, "apiKey": CANARY, "more": [{"clientSecret": CANARY, "floor": 2}]},
        "attributes": {"token": CANARY, "site": "London"},
    }
    path.write_text(json.dumps(person))
    (row,) = open_source(path).rows()
    assert row.record
    assert row.record.attributes == {"profile": {"desk": 4, "more": [{"floor": 2}]}, "site": "London"}
    assert CANARY not in repr(dict(row.values))


def test_what_the_user_maps_is_sent_and_not_stored() -> None:
    mapping = FieldMap({"PIN": ("password",), "Badge token": ("attributes.badge",)})
    layout = ColumnLayout.match_header(["username", "PIN", "Badge token", "Password"], mapping)
    cells = ["ada", "4711", "b7", CANARY]
    assert layout.create_record(cells) == UserRecord(
        username="ada", password="4711", attributes={"badge": "b7"}
    )
    assert layout.label_values(cells) == {"username": "ada", "PIN": "", "Badge token": "", "Password": ""}


def test_a_secret_that_is_set_is_not_kept_for_later() -> None:
    from alloy_async.cli.options.source import SourceOptions

    options = SourceOptions(
        None, (), ("password=x1", "attributes.api_key=x2", "department=IT"), None, None, None
    )
    assert options.to_json()["constants"] == ("department=IT",)


@pytest.mark.parametrize("column", ["password", "PIN"])
def test_who_has_the_job_pays_for_each_guess_of_a_secret(tmp_path: Path, column: str) -> None:
    path, header = _write_source(tmp_path, column)
    sealed = hash_source_content(open_source(path), header.salt)
    assert sealed == _pay(path, header.salt, 14)
    _check_seal(path, header, sealed)


def test_a_source_without_secrets_is_hashed_as_its_rows_are(tmp_path: Path) -> None:
    path, header = _write_source(tmp_path, "desk")
    sealed = hash_source_content(open_source(path), header.salt)
    digest = (open_source(path).digest() or "").encode()
    assert sealed == "0$" + hashlib.blake2b(digest, key=header.salt, digest_size=16).hexdigest()
    _check_seal(path, header, sealed)
    # As earlier versions sealed it.
    path, header = _write_source(tmp_path, "desk")
    _check_seal(path, header, "9$" + _pay(path, header.salt, 9))


def _write_source(folder: Path, column: str) -> tuple[Path, JobHeader]:
    path = folder / "users.csv"
    path.write_text(f"username,{column}\nada,1234\n")
    return path, JobHeader(source="", system="", base_url="", mode="create")


def _pay(path: Path, salt: bytes, cost: int) -> str:
    digest = (open_source(path).digest() or "").encode()
    return hashlib.scrypt(digest, salt=salt, n=1 << cost, r=8, p=1, dklen=16).hex()


def _check_seal(path: Path, header: JobHeader, sealed: str) -> None:
    header = attrs.evolve(header, source_digest=sealed)
    assert is_source_unchanged(open_source(path), header)
    path.write_text(path.read_text().replace("1234", "1235"))
    assert not is_source_unchanged(open_source(path), header)
