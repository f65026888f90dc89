"""The reference, written from the operation classes and models when the guide is built: nothing in it is typed by hand."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alloy_async.cli.catalog import format_with_dashes, load_operations, parse_description
from alloy_async.core.codec.fields import Field, get_fields
from alloy_async.core.codec.model import Model
from alloy_async.core.operation.operation import find_result_type
from alloy_async.core.operation.paging import Listing
from alloy_async.systems import SYSTEMS, load_client

TITLES = {
    "agilicus": "Agilicus",
    "alloy": "Alloy Embedded",
    "alsid": "Tenable.ad (Alsid)",
    "opendatasoft": "Opendatasoft Automation",
    "smooch": "Smooch",
}
FOLDER = "reference"


def setup(app: Any) -> dict[str, bool]:
    """Have Sphinx call us before it reads the pages."""
    app.connect("builder-inited", lambda app: write_pages(Path(app.srcdir)))
    return {"parallel_read_safe": True}


def write_pages(docs: Path) -> None:
    """Write a page for each system, and one that lists them."""
    folder = docs / FOLDER
    folder.mkdir(exist_ok=True)
    pages = {"index": "\n".join(describe_index())}
    pages |= {system: "\n".join(describe_system(system)) for system in SYSTEMS}
    for name, text in pages.items():
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def describe_index() -> Iterator[str]:
    total = sum(len(load_operations(system)) for system in SYSTEMS)
    yield f"# Reference\n\nAll {total} operations, each with its method and path. A name is a method of both clients:"
    yield "awaited on `AsyncAlloy`, direct on `Alloy`; on the command line it is written with dashes, as in"
    yield "`alloy-async call alloy get-a-user`.\n"
    yield "```{toctree}\n:hidden:\n"
    yield from SYSTEMS
    yield "```\n"
    for system in SYSTEMS:
        yield f"\n## [{TITLES[system]}]({system}.md)\n\n| operation | | |\n|---|---|---|"
        for name, operation in load_operations(system).items():
            link = f"[`{name}`]({system}.md#{format_with_dashes(name)})"
            yield f"| {link} | `{operation.verb} {operation.route}` | {escape(parse_description(operation).summary)} |"
    yield ""


def describe_system(system: str) -> Iterator[str]:
    client = load_client(system)
    yield f"# {TITLES[system]}\n\nClients: `{client.__name__}` and `{system.capitalize()}`.\n"
    yield (
        "```python\n"
        + f"from alloy_async.{system} import {client.__name__}, models, operations\n```\n\n## Operations\n"
    )
    for name, operation in load_operations(system).items():
        yield from describe_one(system, name, operation)
    yield "## Models\n"
    package = importlib.import_module(f"alloy_async.{system}.models")
    models = [getattr(package, name) for name in sorted(dir(package))]
    for model in models:
        if (
            isinstance(model, type)
            and issubclass(model, Model)
            and model.__module__.startswith(package.__name__)
        ):
            yield from describe_model(model)


def describe_one(system: str, name: str, operation: Any) -> Iterator[str]:
    about = parse_description(operation)
    awaited = f"await client.{name}({', '.join(map(format_argument, get_fields(operation)))})"
    yield f"({system}-{format_with_dashes(name)})=\n### {format_with_dashes(name)}\n\n{escape(about.summary)}\n"
    yield f"`{operation.verb} {operation.route}`\n\n```text\n{awaited}\n{awaited.removeprefix('await ')}   # sync\n```\n"
    if about.details:
        yield (
            "\n".join(
                escape(line) for line in re.split(r"\n\n", about.details) if not line.startswith("    ")
            )
            + "\n"
        )
    for field in get_fields(operation):
        needed = "" if field.required else ", optional"
        yield f"- `{field.name}` ({format_type(field.type)}{needed}): {escape(about.arguments.get(field.name, ''))}"
    kind = " A list: `client.iterate` walks its pages." if issubclass(operation, Listing) else ""
    yield f"\nReturns {format_type(find_result_type(operation))}: {escape(about.returns)}{kind}\n"
    for errors, text in about.raises.items():
        yield f"- raises {', '.join(f'`{error.strip()}`' for error in errors.split(','))}: {escape(text)}"
    yield ""


def describe_model(model: type[Model]) -> Iterator[str]:
    yield f"### {model.__name__}\n\n{escape(first_sentence(model))}\n"
    for field in get_fields(model):
        needed = ", required" if field.required else ""
        secret = ", a secret" if field.marker.secret else ""
        wire = "" if field.wire == field.name else f", `{field.wire}` on the wire"
        yield f"- `{field.name}`: {format_type(field.type)}{needed}{wire}{secret}"
    yield ""


def format_argument(field: Field) -> str:
    return field.name if field.required else f"{field.name}=None"


def format_type(of: Any) -> str:
    if of is type(None) or of is None:
        return "`None`"
    text = of.__name__ if isinstance(of, type) and not getattr(of, "__args__", ()) else str(of)
    text = re.sub(r"\b(alloy_async|collections|typing|datetime)(\.\w+)*\.(?=[A-Za-z])", "", text)
    return f"`{text}`"


def first_sentence(model: type[Model]) -> str:
    return (model.__doc__ or "").strip().partition("\n\n")[0]


def escape(text: str) -> str:
    """Write text of a docstring as Markdown: what would be markup stands for itself, code stays code."""
    parts = " ".join(text.split()).split("`")
    for index, part in enumerate(parts):
        parts[index] = part.replace("|", "\\|") if index % 2 else re.sub(r"([<>{}\[\]*_|$])", r"\\\1", part)
    return "`".join(parts)
