"""What columns are called: the usual names of each field, and names that say that a column holds a secret."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Literal, TypeAlias

# Spellings as `normalise_name` leaves them; where a header has several, the first listed one wins.
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
    "active": (
        "active", "isactive", "enabled", "isenabled", "accountenabled", "userenabled", "loginenabled", "accountactive",
        "useractive", "aktiv", "actif", "activo", "attivo", "ativo", "actief", "aktywny",
    ),
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

ActiveForm: TypeAlias = Literal["active", "blocked", "status", "flags"]
"""What the column says that `active` is read from: yes for who is active or for who is not, a word, or bits."""
OTHER_ACTIVE_SPELLINGS: Mapping[ActiveForm, tuple[str, ...]] = {
    "blocked": (
        "suspended", "issuspended", "disabled", "isdisabled", "accountdisabled", "blocked", "isblocked", "blocksignin",
        "locked", "islocked", "accountlocked", "deactivated", "isdeactivated", "inactive", "isinactive",
        "archived", "isarchived", "deleted", "isdeleted", "terminated", "isterminated", "revoked", "gesperrt", "deaktiviert",
        "inaktiv", "bloque", "inactif", "bloqueado", "inactivo", "inativo", "bloccato", "inattivo", "geblokkeerd",
        "inactief", "zablokowany", "nieaktywny",
    ),
    "status": (
        "status", "userstatus", "accountstatus", "loginstatus", "employeestatus", "employmentstatus", "userstate",
        "accountstate", "kontostatus", "benutzerstatus", "statut", "estado", "stato",
    ),
    "flags": ("useraccountcontrol",),
}  # fmt: skip
"""Names of columns from which `active` is read where none says it plainly."""
_INACTIVE_WORDS = frozenset(
    {
        "inactive", "suspended", "disabled", "deactivated", "deprovisioned", "terminated", "deleted", "blocked", "locked",
        "archived", "revoked", "left", "leaver", "former", "inaktiv", "gesperrt", "deaktiviert", "geloscht", "ausgeschieden",
        "inactif", "suspendu", "suspendue", "desactive", "desactivee", "bloque", "supprime", "inactivo",
        "inactiva", "suspendido", "desactivado", "bloqueado", "inattivo", "sospeso", "disattivato", "bloccato", "inativo",
        "suspenso", "desativado", "inactief", "geblokkeerd", "uitgeschakeld", "nieaktywny", "zawieszony", "zablokowany",
    }
)  # fmt: skip
"""Words of a status, without accents, that say that an account is not to be used."""

_REMARK = re.compile(r"\s*(?:\[.*?\]|\(.*?\))\s*(?:(?:required|optional)\s*$)?", re.IGNORECASE)
"""`[Required]`, and as Entra writes it: `User name [userPrincipalName] Required`."""
_UNDECOMPOSED = str.maketrans("łøđıæœ", "lodiao")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SECRET_STEMS = re.compile(
    # of several languages, then English, German, French, Spanish, Portuguese, Italian, Dutch, Polish, Nordic, others
    "secret(?!ar)|segret[aoi](?!ri)|segredo|sekret(?!ar)|tokens?$|credential|ntlmhash|nthash|lmhash|bcrypt|"
    "pass?w?or[dt]|pas+w[o0]r?d|passwro|paword|ssword|passwd|passwrd|ps+wd|pass(phrase|code|key|hash)|passw$|pwd|"
    "(api|access|private|ssh|encryption|licen[sc]e|consumer|principal|activation)key|oauth|sessionid|cookie|authenticator|"
    "(recovery|backup|access|security|activation|verification|unlock|login|door|onetime)code|logindetails|"
    "(security|secret)(question|answer)|questionanswer|(recovery|seed)phrase|(safe|memorable)word|maidenname|"
    "(magic|reset|invite|invitation|activation)link|"
    "kennw(or|r)t|losungswort|codewort|codeword|geheim|zugangs(code|daten|schlussel)|(api|privater?)schlussel|"
    "sicherheits(antwort|frage)|(notfall|freischalt|aktivierungs|einmal|entsperr)code|"
    "mots?de?passe|motpasse|code?d?acces|code?confidentiel|codedactivation|cle(f|s)?d?(api|acces|prive)|phrasede?passe|"
    "contrasen|clave(de)?(acceso|api|privada)|codigo(de)?(acces|acess|segur|verific|activ|ativ)|frasede(paso|contra)|"
    "senha|palavra(passe|chave)|chave(de)?(api|acesso|privada)|"
    "parola|chiave(d|di)?(api|accesso|privata)|codice(di)?(accesso|sicurezza)|frasedi?(accesso|acesso)|"
    "wachtw|wachtzin|geheime|toegangscode|(api|toegangs|prive)sleutel|"
    "haslo|klucz(api|prywatny|dostepu)|koddostepu|tajny|"
    "losenord|passord|adgangs(kode|ord)|kodeord|hemlig|salasana|salason|lykilor[dð]|"
    "heslo|jelszo|sifr[eə]|lozinka|geslo|parole$|parool|slaptazodis|katasandi|katalaluan|matkhau|nenosiri|wagwoord|pasahitz|"
    "парол|секрет|гасло|лозинка|шифра|пинкод|кодовоеслово|ключ(доступа|api)|գաղտնաբառ|პაროლი|"
    "密码|密碼|密钥|密鑰|口令|验证码|驗證碼|暗号|パスワード|パスコード|暗証|合言葉|비밀번호|비번|암호|"
    "كلمةالمرور|كلمةالسر|الرقمالسري|رمزعبور|رمزالدخول|گذرواژه|کلمهعبور|پاسورڈ|סיסמ|κωδικ|συνθηματικ|"
    "पासवर्ड|कूटशब्द|পাসওয়ার্ড|கடவுச்சொல்|รหัสผ่าน"
)
"""What a name without spaces and marks holds that says password, key or code, in any place."""
_SECRET_ENDS = re.compile(
    "(init|initial|user|te?mp|new|neu|old|alt|first|erst|start|login|account|konto|admin|e?mail|wifi|wlan)(pw|pass)$|"
    "^(pw|pass)(new|neu|old|alt|te?mp|init)|"
    "(konto|mitarbeiter|user|benutzer|login|card|karten?|sim|personal|zugangs|tur|door|code|telefon|voicemail)pin$"
)
"""What a word is made of that says it in short: newpw, Konto-PIN without the dash."""
_SECRET_WORDS = frozenset(
    {
        "pass", "pw", "pwd", "psw", "pin", "pins", "puk", "otp", "totp", "hotp", "mfa", "2fa",
        "tan", "tans", "token", "tokens", "jwt", "bearer", "mdp", "clave", "claves", "clau",
        "chave", "hasla", "hash", "md5", "sha", "sha1", "sha256", "sha512", "crypt", "shadow",
        "salt", "pwhash", "cvv", "cvc",
    }
)  # fmt: skip
"""Words of a name that say it by themselves."""
_KEPT = 1000
"""Names of columns of which a process remembers what they say: it is asked again and again for the same few."""


@lru_cache(_KEPT)
def fold_case_and_accents(name: str) -> str:
    """Return a name in lower case without accents; other scripts keep their letters."""
    parts = unicodedata.normalize("NFKD", name.casefold().translate(_UNDECOMPOSED))
    bare = "".join(char for char in parts if not unicodedata.combining(char) or char > "\u036f")
    return unicodedata.normalize("NFKC", bare)


@lru_cache(_KEPT)
def normalise_name(name: str) -> str:
    """Return a column name without case, accents, spaces, punctuation and bracketed remarks: `[Required]`."""
    if name.isascii() and name.isalnum():
        return name.lower()
    return "".join(filter(str.isalnum, fold_case_and_accents(_REMARK.sub("", name))))


@lru_cache(_KEPT)
def is_inactive_status(status: str) -> bool:
    """Tell whether a status, as `Suspended by admin`, says that an account is not to be used."""
    words = {*re.split(r"[\W_]+", fold_case_and_accents(_CAMEL.sub(" ", status)))}
    return not _INACTIVE_WORDS.isdisjoint(words) and "not" not in words


@lru_cache(_KEPT)
def is_secret_name(name: str) -> bool:
    """Tell whether a column's name says that it holds a password, PIN, key or token.

    Any word of the name counts, in English, German, French, Spanish, Italian, Portuguese, Dutch, Polish and the
    most usual words of more languages; a false alarm costs a column, a miss leaks a password.
    """
    folded = fold_case_and_accents(_CAMEL.sub(" ", name))
    words = re.split(r"[\W_]+", folded)
    # Vowels of some scripts are marks, at which nothing is to be parted.
    joined = "".join(char for char in folded if char.isalnum() or unicodedata.category(char)[0] == "M")
    told = {*words, *(word.strip("0123456789") for word in words)}
    told |= {one + other for one, other in pairwise(words) if len(one) == len(other) == 1}  # P.W.
    says_so = not _SECRET_WORDS.isdisjoint(told) or any(map(_SECRET_ENDS.search, told))
    return says_so or bool(_SECRET_STEMS.search(joined.strip("0123456789")))
