"""Read the options of a client from a profile, only when a client is made from one: other programs load nothing of profiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..options import Service


def read_client_options(service: Service, name: str | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """Read from a profile the arguments that a client of a service is made with.

    Args:
        service: whom the client is for.
        name: of the profile; None for the one that ALLOY_ASYNC_PROFILE names.
        given: arguments that come before what the profile says.

    Raises:
        ConfigurationError: there is no such profile, it is for another system, or it is wrong.
    """
    from .profile_file import load_profile

    profile = load_profile(name)
    profile.check_system(service.name)
    return {**profile.get_client_options(service.credential), **given}
