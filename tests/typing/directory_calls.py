"""Never run: what mypy and pyright must say about directories, right uses and wrong ones.

A wrong call carries an ignore for each checker. Should a checker come to accept it, its ignore is
unused, which fails the check.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import assert_type

from alloy_async import (
    AgilicusDirectory,
    Alloy,
    AlloyDirectory,
    AlsidDirectory,
    AsyncAgilicus,
    AsyncAlloy,
    AsyncAlsid,
    AsyncOpendatasoft,
    AsyncSmooch,
    Directory,
    OpendatasoftDirectory,
    Outcome,
    SmoochDirectory,
    SyncDirectory,
    UserRecord,
)
from alloy_async.directory import Copied, CopyReport, Loss, copy, find_losses


def every_adapter_is_a_directory(
    agilicus: AsyncAgilicus,
    alloy: AsyncAlloy,
    alsid: AsyncAlsid,
    portal: AsyncOpendatasoft,
    smooch: AsyncSmooch,
) -> Sequence[Directory]:
    return [
        AgilicusDirectory(agilicus, org_id="o"),
        AlloyDirectory(alloy),
        AlsidDirectory(alsid),
        OpendatasoftDirectory(portal),
        OpendatasoftDirectory(portal, identity_provider="sso"),
        SmoochDirectory(smooch, app_id="a"),
    ]


async def right_async(directory: Directory) -> None:
    assert_type(await directory.find("ada"), UserRecord | None)
    assert_type(directory.list(), AsyncIterator[UserRecord])
    assert_type(await directory.create([UserRecord(username="ada")]), Sequence[Outcome])
    assert_type(await directory.delete(["ada"]), Sequence[Outcome])
    assert_type(find_losses(UserRecord(username="ada"), directory.capabilities), tuple[Loss, ...])


def right_sync(directory: Directory) -> None:
    users = SyncDirectory(directory)
    assert_type(users.find("ada"), UserRecord | None)
    assert_type(users.list(), Iterator[UserRecord])
    assert_type(users.update([UserRecord(username="ada")]), Sequence[Outcome])


async def right_copies(source: Directory, target: SyncDirectory) -> None:
    assert_type(await copy(source, target), CopyReport)
    assert_type(copy(source, target, change=lambda user: None).run(), CopyReport)
    async for copied in copy(source, target):
        assert_type(copied, Copied)
    for copied in copy(source, target):
        assert_type(copied.outcome, Outcome)


async def wrong(agilicus: AsyncAgilicus, alloy: AsyncAlloy, sync_alloy: Alloy, directory: Directory) -> None:
    AgilicusDirectory(agilicus)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    AlloyDirectory(agilicus)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AlloyDirectory(sync_alloy)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    SyncDirectory(alloy)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await directory.create(["ada"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    copy(directory, alloy)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    UserRecord("ada")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
