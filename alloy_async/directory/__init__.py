"""One interface over user directories: the record, what a system can do, the outcome, and copying between them.

Each system brings its adapter: `alloy_async.agilicus.directory.AgilicusDirectory`, also `alloy_async.AgilicusDirectory`.

Each name is loaded on first use (PEP 562).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy_loading import attach_lazy

if TYPE_CHECKING:  # "as" makes each name public to the checkers
    from .creation_exactly_once import create_once as create_once
    from .interface import (
        Ability as Ability,
        AmbiguousKey as AmbiguousKey,
        Capabilities as Capabilities,
        Directory as Directory,
        EncodingDirectory as EncodingDirectory,
        EntryRule as EntryRule,
    )
    from .record import (
        FIELDS as FIELDS,
        BatchOutcome as BatchOutcome,
        Outcome as Outcome,
        Status as Status,
        UserRecord as UserRecord,
    )
    from .record_columns import RecordColumns as RecordColumns
    from .record_fit import Loss as Loss, find_losses as find_losses, fit_record as fit_record
    from .sync import SyncDirectory as SyncDirectory
    from .transfer import Copied as Copied, Copy as Copy, CopyReport as CopyReport, copy as copy
else:  # hidden from the checkers, which would take any name for one of the package
    _HOMES = {
        "interface": (
            "Ability",
            "AmbiguousKey",
            "Capabilities",
            "Directory",
            "EncodingDirectory",
            "EntryRule",
        ),
        "creation_exactly_once": ("create_once",),
        "record": (
            "FIELDS",
            "BatchOutcome",
            "Outcome",
            "Status",
            "UserRecord",
        ),
        "record_columns": ("RecordColumns",),
        "record_fit": (
            "Loss",
            "find_losses",
            "fit_record",
        ),
        "sync": ("SyncDirectory",),
        "transfer": (
            "Copied",
            "Copy",
            "CopyReport",
            "copy",
        ),
    }
    __getattr__, __dir__, __all__ = attach_lazy(__name__, _HOMES)
