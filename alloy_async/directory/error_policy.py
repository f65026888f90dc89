"""What an error says about the records that come after: those two facts, for adapters and copies alike."""

from __future__ import annotations

from ..core.errors import ConfigurationError, ConnectError, CredentialError, Redirected, Unauthorized

OF_THE_RECORD = frozenset({400, 404, 409, 413, 422})
"""Statuses that refuse the record that was sent, and say nothing of the others."""
OF_THE_CONNECTION = (Unauthorized, Redirected, CredentialError, ConfigurationError, ConnectError)
"""Errors that every other record would meet too."""
