"""What several of Alloy's operations have in common."""

from __future__ import annotations

from .. import models

BAD_REQUEST = {400: models.ErrorMessage}
UNAUTHORIZED = {401: models.ErrorMessage}


def need_workflow(workflow_id: str | None, workflow_name: str | None) -> None:
    if not workflow_id and not workflow_name:
        raise ValueError("give workflow_id or workflow_name: neither was given")
