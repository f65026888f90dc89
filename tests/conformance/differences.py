"""Every known difference between a vendor's package and alloy_async, one line each: what the tests allow and the page shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Literal
from urllib.parse import unquote

import attrs

from .message import meaning
from .scenario import Said, Step

Alike = Callable[[Said], Said]
"""Takes a difference away: of what either client said, leaves what they agree on."""


@attrs.frozen
class Difference:
    """One known difference, of some calls of a system."""

    system: str
    calls: tuple[str, ...]
    """Operations, or single steps by their full name; none for every call."""
    part: Literal["path", "query", "body", "credential", "answer"]
    package: str
    """What the vendor's package does."""
    reason: str
    """Why alloy_async does not."""
    alike: Alike

    def concerns(self, made: Step) -> bool:
        return not self.calls or made.operation in self.calls or str(made) in self.calls

    def occurs(self, ours: Said, theirs: Said) -> bool:
        if self.part == "answer":
            return bool(ours.answer != theirs.answer)
        return bool(getattr(ours.sent, self.part) != getattr(theirs.sent, self.part))


@attrs.frozen
class Unexpressed:
    """What a vendor's package cannot express: a whole operation, or one argument of it."""

    system: str
    operation: str
    argument: str | None
    reason: str


def _path(change: Callable[[str], str]) -> Alike:
    """Joins the segments, changed: for paths that no longer tell where a segment ends. Such a call may also miss its goal."""

    def alike(said: Said) -> Said:
        path = change("/".join(said.sent.path))
        return attrs.evolve(said, sent=attrs.evolve(said.sent, path=(path,)), status=None, answer=None)

    return alike


def _without_minor_version(said: Said) -> Said:
    version, *rest = said.sent.path
    return attrs.evolve(said, sent=attrs.evolve(said.sent, path=(version.partition(".")[0], *rest)))


def _parsed(member: str) -> Alike:
    """Reads the JSON text in a member of the body."""

    def alike(said: Said) -> Said:
        value = said.sent.body[member]
        value = json.loads(value) if isinstance(value, str) else value
        return attrs.evolve(said, sent=attrs.evolve(said.sent, body={**said.sent.body, member: value}))

    return alike


def _instants(said: Said) -> Said:
    sent = said.sent
    query = sorted((name, str(meaning(value))) for name, value in sent.query)
    return attrs.evolve(said, sent=attrs.evolve(sent, query=query, body=meaning(sent.body)))


def _no_credential(said: Said) -> Said:
    return attrs.evolve(said, sent=attrs.evolve(said.sent, credential=None))


def _no_answer(said: Said) -> Said:
    return attrs.evolve(said, answer=None)


def _answer_without(*places: str) -> Alike:
    """Takes members away from an answer; a place is their path, as `data.workflows.active`, through arrays too."""

    def alike(said: Said) -> Said:
        answer = said.answer
        for place in places:
            answer = _without(answer, place.split("."))
        return attrs.evolve(said, answer=answer)

    return alike


def _without(value: Any, place: list[str]) -> Any:
    if isinstance(value, list):
        return [_without(entry, place) for entry in value]
    first, *rest = place
    if not isinstance(value, dict) or first not in value:
        return value
    others = {name: member for name, member in value.items() if name != first}
    return {**others, first: _without(value[first], rest)} if rest else others


_STATE = ("installed", "installedVersion", "active")

DIFFERENCES = (
    Difference(
        "alloy",
        ("get_a_user (a slash in the username)",),
        "path",
        "puts the username into the path as it is: `/users/a/b`",
        "a username is one segment, `/users/a%2Fb`; the package's call ends at another route, with 404",
        _path(lambda path: path),
    ),
    Difference(
        "alloy",
        ("get_a_user (a percent sign in the username)",),
        "path",
        "leaves `50%41` as it is, which reads as `50A`",
        "a percent sign is sent as `%25`; the package's call asks for another user, with 404",
        _path(unquote),
    ),
    Difference(
        "alloy",
        ("batch_create_users",),
        "body",
        "types `users` as text, to hold the JSON of an array",
        "the service documents an array; the array is sent",
        _parsed("users"),
    ),
    Difference(
        "alloy",
        ("create_a_credential",),
        "body",
        "types `credential` as text, to hold the JSON of an object",
        "the service documents an object; the object is sent",
        _parsed("credential"),
    ),
    Difference(
        "alloy",
        ("run_event", "run_workflow"),
        "body",
        "types `data` as text, to hold the JSON of an object",
        "the service documents an object; the object is sent",
        _parsed("data"),
    ),
    Difference(
        "alloy",
        (
            "get_a_user",
            "list_apps",
            "list_versions",
            "list_users_by_workflowid",
            "get_workflow_logs",
            "get_workflow_errors",
        ),
        "answer",
        "reads nothing of the answer; it is left in the HTTP response",
        "the answer is read into a model",
        _no_answer,
    ),
    Difference(
        "alloy",
        ("batch_create_users",),
        "answer",
        "drops `username` of the users that were refused",
        "without it nobody can tell who was refused",
        _answer_without("invalidUsers.username"),
    ),
    Difference(
        "alloy",
        ("get_credential_metadata",),
        "answer",
        "drops `description` of the properties",
        "members that the service sends are kept, the undeclared ones in `extra`",
        _answer_without("data.properties.description"),
    ),
    Difference(
        "alloy",
        ("list_workflows",),
        "answer",
        "shows a workflow that is not installed as installed, active, and of version 0",
        "a member that the service leaves out is None",
        _answer_without(*(f"data.{name}" for name in _STATE)),
    ),
    Difference(
        "alloy",
        ("list_integrations", "get_an_integration"),
        "answer",
        "shows a workflow that is not installed as installed, active, and of version 0",
        "a member that the service leaves out is None",
        _answer_without(*(f"data.workflows.{name}" for name in _STATE)),
    ),
    Difference(
        "alsid",
        ("api_users_forgotten_password_post", "api_users_retrieve_password_post"),
        "credential",
        "sends the API key",
        "the service documents none for these two calls, and a secret goes nowhere without need",
        _no_credential,
    ),
    Difference(
        "smooch",
        (),
        "path",
        "is of version 5.34 and calls `/v1.1`",
        "the documents that this library implements are of version 3.11, which calls `/v1`",
        _without_minor_version,
    ),
    Difference(
        "smooch",
        (
            "pre_create_app_user",
            "get_app_user",
            "update_app_user",
            "link_app_user",
            "delete_app_user_profile",
        ),
        "answer",
        "is of version 5.34 and no longer knows `credentialRequired` and `devices` of a user",
        "version 3.11 has them",
        _answer_without("appUser.credentialRequired", "appUser.devices"),
    ),
    Difference(
        "agilicus",
        ("list_user_guids",),
        "query",
        "writes UTC as `+00:00`",
        "UTC is written as `Z`: the same instant in ISO 8601, and no `+` to escape",
        _instants,
    ),
    Difference(
        "agilicus",
        ("create_user_request", "replace_user_request", "update_user_request"),
        "body",
        "writes UTC as `+00:00`",
        "UTC is written as `Z`: the same instant in ISO 8601",
        _instants,
    ),
)

UNEXPRESSED = (
    Unexpressed(
        "alloy",
        "generate_oauth_link",
        "properties",
        "the package's method has no place for the properties that the credential metadata of some apps asks for",
    ),
    Unexpressed("alsid", "api_login_post", None, "the package works with API keys only"),
    Unexpressed("alsid", "api_logout_post", None, "the package works with API keys only"),
)
