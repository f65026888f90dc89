"""One interface over user directories: the record, what a system can do, and the outcome."""

from __future__ import annotations

from .interface import Capabilities, Directory
from .record import FIELDS, Outcome, Status, UserRecord

__all__ = ["FIELDS", "Capabilities", "Directory", "Outcome", "Status", "UserRecord"]
