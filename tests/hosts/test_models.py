"""Models where people put them: FastAPI, pydantic, pandas, polars, json, notebooks."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import pytest

from alloy_async import NULL, DecodeError, to_wire
from alloy_async.alloy import models
from alloy_async.core.codec.fields import ModelBase
from alloy_async.core.codec.pydantic_schema import create_json_schema
from alloy_async.opendatasoft import models as opendatasoft_models
from alloy_async.systems import load_client
from benchmarks.random_calls.filled_operations import create_filled, iterate_operations
from tests.systems import SYSTEMS

fastapi = pytest.importorskip("fastapi")
pydantic = pytest.importorskip("pydantic")
pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")

ADA = models.User("1", "ada@example.org", full_name="Ada <b>Q</b>", extra={"plan": "pro"})
WIRE = {"userId": "1", "username": "ada@example.org", "fullName": "Ada <b>Q</b>", "plan": "pro"}
SECRET = models.NewCredential("slack", {"token": "canary-7Yq"})


def create_app() -> Any:
    app = fastapi.FastAPI()

    @app.get("/one")
    async def one() -> models.User:
        return ADA

    @app.get("/many")
    async def many() -> list[models.User]:
        return [ADA, ADA]

    @app.get("/untyped")
    async def untyped():  # type: ignore[no-untyped-def]
        return {"user": ADA}

    @app.post("/echo")
    async def echo(user: Annotated[models.User, fastapi.Body()]) -> models.User | None:
        assert isinstance(user, models.User)
        return user

    return app


@pytest.fixture
def browser() -> Any:
    from fastapi.testclient import TestClient

    with TestClient(create_app()) as browser:
        yield browser


def test_fastapi_returns_models(browser: Any) -> None:
    assert browser.get("/one").json() == WIRE
    assert browser.get("/many").json() == [WIRE, WIRE]
    assert browser.get("/untyped").json() == {"user": WIRE}


def test_fastapi_takes_models(browser: Any) -> None:
    assert browser.post("/echo", json=WIRE).json() == WIRE
    refused = browser.post("/echo", json={"userId": 5})
    assert refused.status_code == 422
    assert "$.userId: expected text, got int" in refused.json()["detail"][0]["msg"]


def test_fastapi_documents_models(browser: Any) -> None:
    document = browser.get("/openapi.json").json()
    schema = document["paths"]["/one"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/User"}
    user = document["components"]["schemas"]["User"]
    assert user["title"] == "User"
    assert user["properties"]["userId"]["anyOf"][0] == {"type": "string"}


def test_pydantic_validates_and_serializes() -> None:
    adapter = pydantic.TypeAdapter(models.User)
    assert adapter.validate_python(WIRE) == ADA
    assert adapter.validate_python(ADA) is ADA
    assert adapter.validate_json(json.dumps(WIRE)) == ADA
    assert json.loads(adapter.dump_json(ADA)) == adapter.dump_python(ADA) == WIRE
    with pytest.raises(pydantic.ValidationError, match=r"\$\.userId: expected text"):
        adapter.validate_python({"userId": 5})

    class Team(pydantic.BaseModel):
        lead: models.User
        members: list[models.User]

    team = Team(lead=WIRE, members=[ADA])
    assert team.model_dump(mode="json") == {"lead": WIRE, "members": [WIRE]}
    assert Team.model_json_schema()["properties"]["lead"] == {"$ref": "#/$defs/User"}


def subclasses(cls: type[ModelBase]) -> list[type[ModelBase]]:
    return [cls, *(below for child in cls.__subclasses__() for below in subclasses(child))]


@pytest.mark.parametrize("system", SYSTEMS)
def test_each_model_has_a_schema(system: str) -> None:
    load_client(system)
    for cls in iterate_operations(system):  # loads the modules of all its models
        create_filled(cls, "ada@example.org", "secret")
    found = [cls for cls in subclasses(ModelBase) if cls.__module__.startswith(f"alloy_async.{system}.")]
    assert len(found) > 5
    for cls in found:
        schema = pydantic.TypeAdapter(cls).json_schema()
        assert schema["title"] == cls.__name__
        assert schema == create_json_schema(cls)
        json.dumps(schema)


def test_dates_and_nulls_are_serialized_as_they_are_sent() -> None:
    user = opendatasoft_models.User("ada", joined_at=datetime(2026, 5, 1, tzinfo=UTC), first_name=NULL)
    dumped = pydantic.TypeAdapter(opendatasoft_models.User).dump_python(user)
    assert dumped == {"username": "ada", "joined_at": "2026-05-01T00:00:00Z", "first_name": None}


def test_data_frames_of_a_list_of_models() -> None:
    users = [ADA, models.User("2", "bob")]
    frame = pandas.DataFrame([user.to_dict() for user in users])
    assert list(frame.username) == ["ada@example.org", "bob"]
    assert list(frame.columns) == ["userId", "username", "fullName", "plan"]
    table = polars.DataFrame([user.to_dict() for user in users])
    assert table["username"].to_list() == ["ada@example.org", "bob"]


def test_json_of_the_standard_library() -> None:
    assert json.loads(json.dumps({"users": [ADA]}, default=to_wire)) == {"users": [WIRE]}
    with pytest.raises(DecodeError):
        models.User.from_dict({"userId": 5})


def test_a_notebook_shows_a_table_without_secrets() -> None:
    shown = ADA._repr_html_()
    assert "<caption>User</caption>" in shown
    assert "Ada &lt;b&gt;Q&lt;/b&gt;" in shown
    assert "canary" not in SECRET._repr_html_()
    assert "***" in SECRET._repr_html_()
    long = models.User("x" * 5000)
    assert len(long._repr_html_()) < 1000


def test_ipython_and_rich_show_a_model_without_secrets() -> None:
    pretty = pytest.importorskip("IPython.lib.pretty")
    from rich.pretty import pretty_repr

    for text in (pretty.pretty(SECRET), pretty_repr(SECRET), pretty.pretty([SECRET] * 3), repr(SECRET)):
        assert "canary" not in text
        assert "***" in text
    assert pretty.pretty(ADA) == (
        "User(user_id='1',\n username='ada@example.org',\n full_name='Ada <b>Q</b>',\n extra={'plan': ***})"
    )


def test_the_documented_lines_run() -> None:
    text = (Path(__file__).parents[2] / "docs" / "guide" / "models.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        exec(compile(block, "docs/guide/models.md", "exec"), {"__name__": "models_of_the_docs"})
