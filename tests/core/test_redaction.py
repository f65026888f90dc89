"""A secret that a server sends back is found in any spelling, and in any place of a body."""

from __future__ import annotations

import base64
import html
import json
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given, strategies as st

from alloy_async.alloy.operations import GetAUser
from alloy_async.core.codec.redaction import Redactor, Secret
from alloy_async.core.messages.unexpected_answers import error_from_response
from alloy_async.core.messages.unexpected_body import (
    MAX_BODY,
    MAX_MESSAGE,
    decode_text,
    find_message,
    parse_body,
)

SECRET = 'Zx9/+=="é&<q'
SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "JSON, ASCII only": lambda text: json.dumps(text)[1:-1],
    "JSON": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "JSON with \\/": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "every letter escaped": lambda text: re.sub("(....)", r"\\u\1", text.encode("utf-16-be").hex()),
    "HTML": html.escape,
    "HTML without quotes": lambda text: html.escape(text, quote=False),
    "HTML by numbers": lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    "percent": lambda text: quote(text, safe=""),
    "percent, lower case": lambda text: (
        quote(text, safe="").lower() if text.islower() else _lower_codes(text)
    ),
    "percent but /": quote,
    "percent of a form": quote_plus,
    "percent, each letter": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "percent twice": lambda text: quote(quote(text, safe=""), safe=""),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 of URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "Basic": lambda text: base64.b64encode(f"user:{text}:".encode()).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "repr": lambda text: repr(text)[1:-1],
    "UTF-8 read as latin-1": lambda text: text.encode().decode("latin-1"),
}


def _lower_codes(text: str) -> str:
    return "".join(
        part if len(part) == 1 else part.lower() for part in (quote(letter, safe="") for letter in text)
    )


def spell(how: str, text: str = SECRET) -> str:
    return SPELLINGS[how](text)


@pytest.mark.parametrize("how", SPELLINGS)
def test_a_secret_is_found_in_each_spelling(how: str) -> None:
    written = spell(how)
    shown = Redactor([SECRET]).redact_text(f"key [{written}] is wrong")
    assert written not in shown
    assert "***" in shown
    assert Redactor(["something else"]).redact_text(written) == written


@pytest.mark.parametrize("how", SPELLINGS)
def test_a_secret_is_found_in_each_place_of_a_body(how: str) -> None:
    written = spell(how)
    bodies: list[Any] = [
        written,
        {"message": written},
        {written: 1, "other": 2},
        {"a": [{"b": [written]}]},
        {"errors": {written: [written]}},
    ]
    for body in bodies:
        raw = json.dumps(body).encode()
        error = error_from_response(GetAUser("x"), 400, {"x-echo": "fine"}, raw, Secret(SECRET), 0.0)
        assert SECRET not in str(error) + repr(error.body)
        assert written not in str(error) + repr(error.body)
        assert "***" in repr(error.body)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize("form", ["JSON", "text"])
def test_a_secret_is_found_in_each_encoding(encoding: str, declared: bool, form: str) -> None:
    text = json.dumps({"message": f"no {SECRET}"}, ensure_ascii=False) if form == "JSON" else f"no {SECRET}"
    headers = {"content-type": f'text/plain; charset="{encoding}"'} if declared else {}
    body = parse_body(text.encode(encoding), headers, Redactor([SECRET]))
    assert body == ({"message": "no ***"} if form == "JSON" else "no ***")


@pytest.mark.parametrize("number", [12345678, 1234.5678, -12345678, 98765432109876543210])
def test_a_secret_is_found_as_a_number(number: float) -> None:
    body = {"code": number, "n": [number, 7], "flag": True}
    shown = parse_body(json.dumps(body).encode(), {}, Redactor([str(number)]))
    assert shown == {"code": "***", "n": ["***", 7], "flag": True}


@example("0000+'%\"", "", "repr")
@example("00%41'+\"", "", "repr")
@example("a&amp;'\"%41+b", "%", "repr")
@given(
    st.text(min_size=8, max_size=40).filter(str.strip),
    st.text(max_size=20),
    st.sampled_from(sorted(SPELLINGS)),
)
def test_no_text_comes_through_in_any_spelling(secret: str, around: str, how: str) -> None:
    if secret in "***":
        return
    try:
        written = spell(how, secret)
    except UnicodeEncodeError:
        return
    shown = Redactor([secret]).redact_text(f"{around}{written}{around}")
    if len(written) > 5 and how != "HTML by numbers":
        assert written not in shown


def test_headers_and_the_credential_without_its_scheme() -> None:
    headers = {"x-echo": "abcd1234", "abcd1234": "x", "location": "https://x/?k=abcd1234"}
    error = error_from_response(GetAUser("x"), 302, headers, b"", Secret("Bearer abcd1234"), 0.0)
    assert error.headers == {"x-echo": "***", "***": "x", "location": "https://x/?k=***"}


def test_what_is_kept_of_a_long_body_is_bounded() -> None:
    raw = b"x" * (MAX_BODY - 3) + b"abcd1234" + b"y" * 8_000_000
    error = error_from_response(GetAUser("x"), 500, {}, raw, Secret("abcd1234"), 0.0)
    assert MAX_BODY - 200 < len(error.body) < MAX_BODY + 100
    assert error.body.endswith("(the first of 8262149 bytes)")
    assert "abc" not in error.body  # also what the cut leaves of it
    assert len(str(error)) < MAX_MESSAGE + 100


def test_a_wrong_body_of_8_mb_costs_little() -> None:
    rows = [{"message": f"row {n}", "number": n, "more": {"a": [1, 2, "x"]}} for n in range(110_000)]
    raw = json.dumps(rows).encode()
    assert len(raw) > 7_000_000
    started = time.process_time()
    error = error_from_response(GetAUser("x"), 400, {}, raw, Secret("abcd1234-secret"), 0.0)
    assert time.process_time() - started < 0.5  # 2.3 s when it was parsed and walked as a whole
    assert isinstance(error.body, str)


def test_a_body_that_is_nested_deeply_is_kept_as_text() -> None:
    raw = b'{"a":' * 500 + b'"abcd1234"' + b"}" * 500
    body = parse_body(raw, {}, Redactor(["abcd1234"]))
    assert isinstance(body, str)
    assert '"***"' in body


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"message": "gone"}, "gone"),
        ({"error": {"message": "deep"}}, "deep"),
        ({"detail": "taken", "title": "Conflict"}, "taken"),
        ({"type": "about:blank", "title": "Out of credit", "status": 403}, "Out of credit"),
        (["one", "two"], "one"),
        ([{"message": "first"}], "first"),
        ({"errors": [{"message": "first"}, {"message": "second"}]}, "first"),
        ({"errors": [{"code": 5}, {"detail": "second"}]}, "second"),
        ({"errors": {"email": ["is taken"]}}, "email: is taken"),
        ({"email": ["is taken"]}, "email: is taken"),
        ({"message": "\n", "error": "x"}, "x"),
        ({"message": {"error": {"detail": {"msg": {"title": {"message": "too deep"}}}}}}, None),
        ("plain  words\r\nin lines", "plain words in lines"),
        ("\x1b[31mred\x1b[0m\x07\u202e", "\\x1b[31mred\\x1b[0m\\x07\\u202e"),
        ("<html>", None),
        ("", None),
        (None, None),
        (5, None),
        ({}, None),
        ([], None),
        ({"message": "x" * 1000}, "x" * 300),
    ],
)
def test_the_words_for_a_person_in_an_error(body: Any, words: str | None) -> None:
    assert find_message(body) == words


@pytest.mark.parametrize(
    "charset", ["no-such", "zip", "unicode_escape", "rot13", "idna", "\x00", "utf-8; x", ""]
)
def test_an_encoding_that_is_not_one_of_text_is_not_taken(charset: str) -> None:
    assert (
        decode_text(b"caf\xc3\xa9 \\x41", {"content-type": f"text/plain; charset={charset}"}) == "café \\x41"
    )


@given(
    st.binary(max_size=200),
    st.sampled_from(["", "utf-8", "utf-16", "latin-1", "shift_jis", "utf-7", "x"]),
    st.booleans(),
)
def test_no_bytes_break_the_reader(raw: bytes, charset: str, is_cut: bool) -> None:
    headers = {"content-type": f"text/plain; charset={charset}"}
    assert isinstance(decode_text(raw, headers, is_cut=is_cut), str)
    parse_body(raw, headers, Redactor(["abcd"]))
