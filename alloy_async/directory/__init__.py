"""One interface over user directories: the record, what a system can do, the outcome, and copying between them.

Each system brings its adapter: `alloy_async.agilicus.directory.AgilicusDirectory`, also `alloy_async.AgilicusDirectory`.
"""

from __future__ import annotations

from .interface import Ability, AmbiguousKey, Capabilities, Directory, EncodingDirectory, EntryForm
from .lost_creation import create_or_find
from .record import FIELDS, BatchOutcome, Outcome, Status, UserRecord
from .record_columns import RecordColumns
from .record_fit import Loss, find_losses, fit_record
from .sync import SyncDirectory
from .transfer import Copied, Copy, CopyReport, copy

__all__ = [
    "FIELDS",
    "Ability",
    "AmbiguousKey",
    "BatchOutcome",
    "Capabilities",
    "Copied",
    "Copy",
    "CopyReport",
    "Directory",
    "EncodingDirectory",
    "EntryForm",
    "Loss",
    "Outcome",
    "RecordColumns",
    "Status",
    "SyncDirectory",
    "UserRecord",
    "copy",
    "create_or_find",
    "find_losses",
    "fit_record",
]
