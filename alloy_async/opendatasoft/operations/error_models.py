"""What several operations share."""

from __future__ import annotations

from ...core.operation.operation import ErrorModels
from .. import models

ERRORS: ErrorModels = {
    429: models.QuotaError,
    "default": models.Error,
}
