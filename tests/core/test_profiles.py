"""Profiles: what a file may say, where credentials are read from, and clients made of a profile."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from alloy_async import Alloy, Alsid, AsyncAlloy, AsyncSmooch, ConfigurationError, load_profile, load_profiles
from alloy_async.core.profiles.credential_source import KINDS, CredentialSource, parse_credential_source
from alloy_async.core.profiles.profile_file import get_profile_file_path
from alloy_async.sandbox import Sandbox

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    path = tmp_path / "profiles.toml"
    monkeypatch.setenv("ALLOY_ASYNC_PROFILES", str(path))
    monkeypatch.delenv("ALLOY_ASYNC_PROFILE", raising=False)

    def write(text: str) -> Path:
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_file_of_customers(write: Write) -> None:
    write(
        """
        [acme]
        system = "agilicus"
        base_url = "https://acme.example"
        credential = { env = "ACME_TOKEN" }
        place = { org_id = "o1" }

        [chat]
        system = "smooch"
        key_id = "app_1"
        credential = { file = "~/chat.key" }
        """
    )
    profiles = load_profiles()
    assert [*profiles] == ["acme", "chat"]
    acme = load_profile("acme")
    assert (acme.system, acme.base_url, acme.place) == ("agilicus", "https://acme.example", {"org_id": "o1"})
    assert str(acme.credential) == "env ACME_TOKEN"


def test_no_file_is_no_profile(write: Write) -> None:
    assert load_profiles() == {}
    with pytest.raises(
        ConfigurationError, match=r"no profile 'acme'; nor is there such a file; write it, with \[acme\]"
    ):
        load_profile("acme")
    write("")
    with pytest.raises(ConfigurationError, match=r"there is no profile 'acme'; there are: none"):
        load_profile("acme")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[acme", "is not TOML"),
        ('acme = "x"', "profile 'acme': is not a table; write [acme] above its keys"),
        ('system = "alloy"', "is not a table; write the name of a profile, as [acme], above its keys"),
        ('[profiles.acme]\nsystem = "alloy"', "there is no table 'acme' in it; write [acme] above the keys"),
        ('[acme]\nbase_url = "x"', "system is missing"),
        ('[acme]\nsystem = "alloy"\nbase_ulr = "x"', "there is no key 'base_ulr'; did you mean 'base_url'"),
        ('[acme]\nsystem = "alloy"\nbase_url = 4', "base_url must be text"),
        ('[acme]\nsystem = "alloy"\nplace = { org_id = 4 }', "place is a table of text"),
        ('[acme]\nsystem = "alloy"\ncredential = "c4n4ry"', "where the credential is kept, not what it is"),
        ('[acme]\nsystem = "alloy"\ncredential = { key = "c4n4ry" }', "where the credential is kept"),
        ('[acme]\nsystem = "alloy"\ncredential = { env = 4 }', "credential.env must be text"),
        (
            '[acme]\nsystem = "alloy"\ncredential = { file = "" }',
            "credential.file must be text, and not empty",
        ),
        ('[acme]\nsystem = "alloy"\ncredential = { command = [] }', "credential.command is a command line"),
        (
            "[acme]\nsystem = 'alloy'\ncredential = { command = 'a \"b' }",
            "credential.command is a command line",
        ),
        ('[acme]\nsystem = "alloy"\ncredential = { keyring = "x" }', "names service and user"),
        ('[acme]\nsystem = "alloy"\nkey_id = "x"', "key_id and scope are for smooch"),
    ],
)
def test_a_mistake_names_file_and_profile(write: Write, text: str, says: str) -> None:
    path = write(text)
    with pytest.raises(ConfigurationError) as caught:
        load_profiles()
    assert str(caught.value).startswith(str(path))
    assert says in str(caught.value)
    assert "c4n4ry" not in str(caught.value)


def test_a_mistake_in_one_profile_keeps_no_other_from_being_used(write: Write) -> None:
    write('[acme]\nsystem = "alloy"\n[broken]\nsystem = "alloy"\nfoo = 1\n')
    assert load_profile("acme").system == "alloy"
    with pytest.raises(ConfigurationError, match="profile 'broken': there is no key 'foo'"):
        load_profile("broken")


def test_the_path_of_a_credential_begins_in_the_folder_of_the_profiles(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write('[acme]\nsystem = "alloy"\ncredential = { file = "keys/acme" }')
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "acme").write_text("key")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    source = load_profile("acme").credential
    assert source is not None
    assert source.read() == "key"


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_a_file_that_everybody_can_write_to_is_refused(write: Write) -> None:
    path = write('[acme]\nsystem = "alloy"\ncredential = { command = "print-key" }')
    path.chmod(0o666)
    with pytest.raises(ConfigurationError, match=rf"everybody .* can write to it, .*:  chmod o-w {path}"):
        load_profile("acme")
    path.chmod(0o664)
    assert load_profile("acme").name == "acme"


def test_a_file_that_cannot_be_read_says_why(write: Write) -> None:
    path = write("")
    path.write_bytes(b"[acme]\nsystem = '\xff'")
    with pytest.raises(ConfigurationError, match=r"is not TOML: this is not UTF-8 text"):
        load_profiles()
    path.unlink()
    path.mkdir()
    with pytest.raises(ConfigurationError, match=r"profiles cannot be read: Is a directory$"):
        load_profiles()


def test_the_environment_names_the_profile(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write('[acme]\nsystem = "alloy"\n[other]\nsystem = "alsid"')
    with pytest.raises(ConfigurationError, match="set ALLOY_ASYNC_PROFILE"):
        load_profile()
    monkeypatch.setenv("ALLOY_ASYNC_PROFILE", "other")
    assert load_profile().name == "other"
    with pytest.raises(ConfigurationError, match="did you mean 'acme'"):
        load_profile("acm")


def test_the_file_is_in_the_users_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ALLOY_ASYNC_PROFILES", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    if sys.platform == "linux":
        assert get_profile_file_path() == tmp_path / "alloy-async" / "profiles.toml"
    monkeypatch.setitem(sys.modules, "platformdirs", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'alloy-async\[profiles\]'"):
        get_profile_file_path()


# Credentials


@pytest.fixture
def memory_keyring() -> Iterator[dict[tuple[str, str], str]]:
    """A keyring that is a dictionary, in the place of the system's."""
    keyring = pytest.importorskip("keyring")
    from keyring.backends.null import Keyring as NullKeyring

    held: dict[tuple[str, str], str] = {}

    class Memory(NullKeyring):  # type: ignore[misc]
        def get_password(self, service: str, username: str, password: str | None = None) -> str | None:
            return held.get((service, username))

    before = keyring.get_keyring()
    keyring.set_keyring(Memory())
    yield held
    keyring.set_keyring(before)


@pytest.fixture
def source_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory_keyring: dict[tuple[str, str], str]
) -> Callable[[str, str], CredentialSource]:
    """Puts a text where a kind of source keeps it."""

    def create(kind: str, text: str) -> CredentialSource:
        path = tmp_path / "key"
        path.write_text(text)
        monkeypatch.setenv("ACME", text)
        memory_keyring["alloy-async", "acme"] = text
        print_it = [sys.executable, "-c", f"print(open({str(path)!r}).read())"]
        places = {"env": "ACME", "file": str(path), "command": print_it, "keyring": "alloy-async/acme"}
        return parse_credential_source({kind: places[kind]})

    return create


@pytest.mark.parametrize("kind", KINDS)
def test_a_credential_is_read_from_its_place(
    kind: str, source_of: Callable[[str, str], CredentialSource]
) -> None:
    source = source_of(kind, "s3cret\n")
    assert source.read() == "s3cret"
    assert "s3cret" not in f"{source} {source!r}"


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_credential_is_refused(kind: str, source_of: Callable[[str, str], CredentialSource]) -> None:
    with pytest.raises(ConfigurationError, match="there is no credential in it"):
        source_of(kind, "\n").read()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"env": "NOT_THERE"}, "the environment variable NOT_THERE is not set"),
        ({"file": "/nowhere/key"}, "/nowhere/key: the credential cannot be read: No such file"),
        ({"command": "no-such-command x"}, "no-such-command: cannot be run: No such file"),
        ({"command": [sys.executable, "-c", "raise SystemExit(3)"]}, "ended with exit code 3"),
        ({"keyring": "alloy-async/nobody"}, "the keyring"),
    ],
)
@pytest.mark.usefixtures("memory_keyring")
def test_a_credential_that_is_not_there(given: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_credential_source(given).read()
    assert says in str(caught.value)


def test_the_arguments_of_a_command_do_not_show() -> None:
    source = parse_credential_source({"command": "fetch --pin c4n4ry"})
    assert str(source) == "command fetch"
    with pytest.raises(ConfigurationError) as caught:
        source.read()
    assert "c4n4ry" not in str(caught.value)


# Clients


async def test_a_client_of_a_profile(write: Write, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("wrong")
    async with Sandbox("alloy") as sandbox:
        write(
            f'[acme]\nsystem = "alloy"\nbase_url = "{sandbox.url}"\ncredential = {{ file = "{key}" }}\n'
            f'[nowhere]\nsystem = "alloy"\nbase_url = "http://nowhere.example"\ncredential = {{ file = "{key}" }}'
        )
        async with AsyncAlloy.from_profile("acme", deadline=5) as alloy:
            key.write_text("key")  # read when it is needed, so that a new one is found
            assert (await alloy.list_all_users()).data
        async with AsyncAlloy.from_profile("nowhere", base_url=sandbox.url) as alloy:
            assert (await alloy.list_all_users()).data


def test_a_sync_client_of_a_profile(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_KEY", "key")
    monkeypatch.setenv("ALLOY_ASYNC_PROFILE", "acme")
    with Sandbox("alloy") as sandbox:
        write(f'[acme]\nsystem = "alloy"\nbase_url = "{sandbox.url}"\ncredential = {{ env = "ACME_KEY" }}')
        with Alloy.from_profile() as alloy:
            assert alloy.list_all_users().data
        with pytest.raises(ConfigurationError, match="profile 'acme' is for alloy, not for alsid"):
            Alsid.from_profile("acme")


async def test_a_key_pair(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Sandbox("smooch") as sandbox:
        monkeypatch.setenv("CHAT_SECRET", sandbox.credentials["secret"])
        write(
            f'[chat]\nsystem = "smooch"\nbase_url = "{sandbox.url}"\nkey_id = "{sandbox.credentials["key_id"]}"\n'
            'credential = { env = "CHAT_SECRET" }'
        )
        async with AsyncSmooch.from_profile("chat") as smooch:
            user = await smooch.get_app_user(sandbox.place["app_id"], "grace.6@northwind.example")
            assert user.app_user
