"""Find values that something damaged on their way: a wrong encoding, a spreadsheet, invisible characters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_HARMLESS = "\t\r\n\u00ad\u200c\u200d"
"""Control and format characters that texts in free columns rightly hold."""
_CP1252 = {bytes([code]).decode("cp1252", "ignore") or chr(code): code for code in range(0x80, 0x100)}
_MISREAD = re.compile(f"[{re.escape(''.join(_CP1252))}]{{2,}}")
_LEADS = (
    frozenset(range(0xC2, 0xC6))
    | {0xCE, 0xCF, 0xD0, 0xD1}
    | frozenset(range(0xD7, 0xDA))
    | frozenset(range(0xE0, 0xF5))
)
"""First bytes of the scripts that names are written in; others are rather capitals before a closing quote."""
_ROUNDED = re.compile(r"\s*[+-]?\d([.,]\d+)?E\+\d{1,3}\s*", re.ASCII)
SPREADSHEET_ERRORS = frozenset(
    {
        "#N/A", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!", "#FIELD!", "#NV", "#BEZUG!",
        "#WERT!", "#ZAHL!", "#N/D", "#NOM?", "#VALEUR!", "#NOMBRE!", "#\u00a1REF!", "#\u00a1VALOR!", "#\u00bfNOMBRE?",
    }
)  # fmt: skip
"""What spreadsheets show where they have no value, in some of their languages."""
_WORDS_FOR_NOTHING = frozenset({"None", "NULL", "null", "N/A", "n/a"})
_MARKS_OF_NOTHING = frozenset({"nan", "NaN", "NaT", "<NA>", "<null>", "[null]", "(null)", "\\N", "undefined"})
EMPTY_MARKS = _WORDS_FOR_NOTHING | _MARKS_OF_NOTHING
"""What programs write where they have no value."""
_MAY_BE_WORDS = frozenset({"family_name", "full_name", "department"})
_STAND_INS = re.compile(r"\?|&(?:\w+|#\w+);|(?:%[0-9A-F]{2}){2,}|(?:=[0-9A-F]{2}){2,}")
"""What programs write for a letter that they cannot: nobody's key has these."""

_MARKING = re.compile(r"""^(?:['"`=<#“”„‚«‹]|(?:mailto|smtp|sip):)|[;,>'"`“”»›]$""", re.IGNORECASE)
"""What spreadsheets, address books and lists put around a name: at its beginning, and at its end."""
_QUOTES = re.compile("[“”„‚«»‹›]")
_MARKS_OF_DAMAGE = "?&%='\"`<>#;,:"


def find_suspicions(text: str, *, invisible: bool = True) -> Iterator[str]:
    """Find what a value shows that hardly anybody meant, each with what to do.

    Args:
        text: as it stands in the source.
        invisible: look for invisible characters too.
    """
    if not text.isascii():
        if meant := _restore_misread(text):
            yield f"{text!r} was probably {meant!r}: UTF-8 that was once read as windows-1252; export it again as UTF-8"
        if "\ufffd" in text:
            yield "holds U+FFFD, which stands for a character that an earlier conversion lost; export it again"
    if invisible and not text.isprintable():
        yield from _find_invisible(text)
    if text.isascii() and (_ROUNDED.fullmatch(text) or text.strip() in SPREADSHEET_ERRORS):
        told = "a spreadsheet's error, not a value"
        if not text.strip().startswith("#"):
            told = "a long number that a spreadsheet rounded, so digits are lost; format the column as text there"
        yield f"{text.strip()} is {told}"


def is_empty_mark(text: str, field: str) -> bool:
    """Tell whether a value of a field stands for none; there are people who are called Null."""
    return text in _MARKS_OF_NOTHING or (text in _WORDS_FOR_NOTHING and field not in _MAY_BE_WORDS)


def may_be_damaged(text: str) -> bool:
    """Tell quickly whether a text, or one of many that stand in it, may be no name as it was; see `find_damage`."""
    return any(mark in text for mark in _MARKS_OF_DAMAGE) or bool(
        not text.isascii() and (_MISREAD.search(text) or _QUOTES.search(text))
    )


def find_damage(key: str) -> str | None:
    """Find what shows that a key is not as it was, as a lost letter or a mark around it: it may mean somebody else now."""
    meant = None if key.isascii() else _restore_misread(key)
    if meant:
        return f"was probably {meant!r}: UTF-8 that was once read as windows-1252; export it again as UTF-8"
    if mark := _MARKING.search(key):
        return f"has {mark.group()!r} around the name, as spreadsheets and lists put it there; leave it out"
    lost = _STAND_INS.search(key)
    return lost and f"holds {lost.group()!r} where an earlier conversion lost a letter; export it again"


def _restore_misread(text: str) -> str | None:
    """Restore every misread stretch of a text as it was meant; None where there is none."""
    mended = _MISREAD.sub(_decode_misread, text)
    return None if mended == text else mended


def _decode_misread(stretch: re.Match[str]) -> str:
    data = bytes(_CP1252[char] for char in stretch.group())
    try:
        meant = data.decode("utf-8")
    except UnicodeDecodeError:
        return stretch.group()
    return meant if data[0] in _LEADS else stretch.group()


def _find_invisible(text: str) -> Iterator[str]:
    for position, char in enumerate(text, 1):
        if char not in _HARMLESS and unicodedata.category(char) in ("Cc", "Cf", "Cs"):
            name = unicodedata.name(char, "a control character").lower()
            yield f"character {position} is U+{ord(char):04X} ({name}), which nobody sees; remove it"
            return
