"""What columns are called: the usual names of each field, and names that say that a column holds a secret."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

# Spellings as `normalise` leaves them; where a header has several, the first listed one wins.
SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "username": (
        "username", "login", "loginname", "loginid", "logonname", "userlogin", "accountname",
        "samaccountname", "userprincipalname", "upn", "uid", "user", "account",
        "benutzername", "anmeldename", "nomdutilisateur", "identifiant", "nombredeusuario", "usuario",
        "nomeutente", "nomedeusuario", "utilizador", "gebruikersnaam", "nazwauzytkownika", "userid",
    ),
    "email": (
        "email", "emailaddress", "mail", "primaryemail", "workemail", "mailaddress", "emailadresse",
        "adresseemail", "adressemail", "courriel", "correoelectronico", "correo", "indirizzoemail",
        "enderecodeemail", "emailadres", "adresemail",
    ),
    "given_name": (
        "givenname", "firstname", "first", "forename", "namegivenname", "vorname", "prenom", "nombre",
        "nome", "voornaam", "imie",
    ),
    "family_name": (
        "familyname", "lastname", "last", "surname", "sn", "namefamilyname", "nachname", "familienname",
        "nomdefamille", "nom", "apellidos", "apellido", "cognome", "sobrenome", "apelido", "achternaam",
        "nazwisko",
    ),
    "full_name": ("fullname", "displayname", "realname", "name", "cn", "nameformatted", "anzeigename"),
    "external_id": (
        "externalid", "employeeid", "employeenumber", "personnelnumber", "staffid", "idnumber",
        "personalnummer", "matricule", "id",
    ),
    "active": ("active", "isactive", "enabled", "accountenabled", "aktiv"),
    "groups": ("groups", "group", "memberof", "gruppen"),
    "roles": ("roles", "role", "rollen"),
    "department": (
        "department", "dept", "division", "ou", "abteilung", "departement", "departamento", "afdeling",
        "dzial",
    ),
    "password": (
        "password", "passwd", "pwd", "userpassword", "initialpassword", "passwort", "kennwort",
        "motdepasse", "contrasena", "senha", "palavrapasse", "wachtwoord", "haslo", "temporarypassword",
    ),
}  # fmt: skip
"""The usual names of each field."""

NEGATED_SPELLINGS = (
    "suspended",
    "issuspended",
    "disabled",
    "isdisabled",
    "accountdisabled",
    "blocked",
    "blocksignin",
)
"""Names of columns that say yes where `active` says no."""

_REMARK = re.compile(r"\s*(?:\[.*?\]|\(.*?\))\s*(?:(?:required|optional)\s*$)?", re.IGNORECASE)
"""`[Required]`, and as Entra writes it: `User name [userPrincipalName] Required`."""
_UNDECOMPOSED = str.maketrans("łøđıæœ", "lodiao")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SECRET_STEMS = re.compile(
    # of several languages, then English, German, French, Spanish, Portuguese, Italian, Dutch, Polish, Nordic, others
    "secret(?!ar)|segret[aoi](?!ri)|segredo|sekret(?!ar)|tokens?$|credential|ntlmhash|nthash|lmhash|"
    "pass?wor[dt]|ssword|passwd|passwrd|pswd|passphrase|passcode|passw$|pwd|"
    "(api|access|private|ssh|encryption)key|securityanswer|(recovery|backup|access|security)code|"
    "kennwort|losungswort|codewort|geheim|zugangs(code|daten|schlussel)|(api|privater?)schlussel|sicherheitsantwort|"
    "motdepasse|motpasse|code?d?acces|cle(f|s)?d?(api|acces|prive)|"
    "contrasen|clave(de)?(acceso|api|privada)|codigo(de)?(acces|acess|segur|verific)|"
    "senha|palavra(passe|chave)|chave(de)?(api|acesso|privada)|"
    "parola|chiave(d|di)?(api|accesso|privata)|codice(di)?(accesso|sicurezza)|"
    "wachtwoord|toegangscode|(api|toegangs|prive)sleutel|"
    "haslo|klucz(api|prywatny|dostepu)|koddostepu|tajny|"
    "losenord|passord|adgangskode|kodeord|hemlig|salasana|lykilor[dð]|"
    "heslo|jelszo|sifre|lozinka|geslo|parole$|parool|slaptazodis|katasandi|matkhau|"
    "парол|секрет|密码|密碼|口令|パスワード|暗証番号|비밀번호|암호|كلمةالمرور|كلمةالسر|סיסמ|κωδικ|συνθηματικ|पासवर्ड|รหัสผ่าน"
)
"""What a name without spaces and marks holds that says password, key or code, in any place."""
_SECRET_WORDS = frozenset(
    {
        "pass",
        "pw",
        "pwd",
        "psw",
        "pin",
        "pins",
        "puk",
        "otp",
        "totp",
        "hotp",
        "mfa",
        "token",
        "tokens",
        "jwt",
        "bearer",
    }
    | {"mdp", "clave", "claves", "hasla", "hash", "salt", "pwhash", "cvv", "cvc"}
)
"""Words of a name that say it by themselves."""
_KEPT = 1000
"""Names of columns of which a process remembers what they say: it is asked again and again for the same few."""


@lru_cache(_KEPT)
def fold_name(name: str) -> str:
    """Return a name in lower case without accents; other scripts keep their letters."""
    parts = unicodedata.normalize("NFKD", name.casefold().translate(_UNDECOMPOSED))
    bare = "".join(char for char in parts if not unicodedata.combining(char) or char > "\u036f")
    return unicodedata.normalize("NFKC", bare)


@lru_cache(_KEPT)
def normalise(name: str) -> str:
    """Return a column name without case, accents, spaces, punctuation and bracketed remarks: `[Required]`."""
    if name.isascii() and name.isalnum():
        return name.lower()
    return "".join(filter(str.isalnum, fold_name(_REMARK.sub("", name))))


@lru_cache(_KEPT)
def is_secret_name(name: str) -> bool:
    """Tell whether a column's name says that it holds a password, PIN, key or token.

    Any word of the name counts, in English, German, French, Spanish, Italian, Portuguese, Dutch, Polish and the
    most usual words of more languages; a false alarm costs a column, a miss leaks a password.
    """
    words = [word.strip("0123456789") for word in re.split(r"[\W_]+", fold_name(_CAMEL.sub(" ", name)))]
    return not _SECRET_WORDS.isdisjoint(words) or bool(_SECRET_STEMS.search("".join(words)))
