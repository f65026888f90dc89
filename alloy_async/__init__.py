"""An async-first client for five user-management web APIs, with the same methods in sync.

    async with AsyncAlloy() as alloy:  # or: with Alloy() as alloy
        user = await alloy.get_a_user("ada@example.com")

Clients: AsyncAlloy, AsyncAlsid, AsyncOpendatasoft, AsyncSmooch and AsyncAgilicus, each without "Async" in sync; help() on one
lists its methods. `alloy_async.SYSTEM.models` has what they take and return, `alloy_async.provisioning` bulk jobs,
`alloy_async.directory` the five systems as one, `alloy_async.testing` what tests need.

Importing this loads neither aiohttp nor a system; each name is loaded on first use (PEP 562).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lazy_loading import attach_lazy
from .systems import SYSTEMS
from .version import __version__

if TYPE_CHECKING:  # "as" makes each name public to the checkers
    from .agilicus.client import Agilicus as Agilicus, AsyncAgilicus as AsyncAgilicus
    from .agilicus.directory import AgilicusDirectory as AgilicusDirectory
    from .alloy.client import Alloy as Alloy, AsyncAlloy as AsyncAlloy
    from .alloy.directory import AlloyDirectory as AlloyDirectory
    from .alsid.client import Alsid as Alsid, AsyncAlsid as AsyncAlsid
    from .alsid.directory import AlsidDirectory as AlsidDirectory
    from .core.auth import Token as Token
    from .core.calls.open_telemetry import OpenTelemetry as OpenTelemetry
    from .core.calls.scope import (
        Explanation as Explanation,
        deadline as deadline,
        explain_time as explain_time,
    )
    from .core.client import AsyncClient as AsyncClient
    from .core.codec.fields import NULL as NULL
    from .core.codec.model import Model as Model
    from .core.codec.typed_json import from_wire as from_wire, to_wire as to_wire
    from .core.errors import (
        AlloyAsyncError as AlloyAsyncError,
        BadRequest as BadRequest,
        ConfigurationError as ConfigurationError,
        Conflict as Conflict,
        ConnectError as ConnectError,
        ConnectionLost as ConnectionLost,
        ContentTooLarge as ContentTooLarge,
        CredentialError as CredentialError,
        DeadlineExceeded as DeadlineExceeded,
        DecodeError as DecodeError,
        Effect as Effect,
        Forbidden as Forbidden,
        InvalidRequest as InvalidRequest,
        NotFound as NotFound,
        PaymentRequired as PaymentRequired,
        RateLimited as RateLimited,
        Redirected as Redirected,
        RequestTimeout as RequestTimeout,
        ServerError as ServerError,
        StatusError as StatusError,
        TransportError as TransportError,
        Unauthorized as Unauthorized,
        UnprocessableContent as UnprocessableContent,
    )
    from .core.hook_events import (
        RateLimitedEvent as RateLimitedEvent,
        RequestEvent as RequestEvent,
        ResponseEvent as ResponseEvent,
        RetryEvent as RetryEvent,
    )
    from .core.http.transport import Timeout as Timeout
    from .core.messages.answer import Answer as Answer
    from .core.messages.custom_request import CustomRequest as CustomRequest
    from .core.messages.upload import Upload as Upload
    from .core.operation.client_method import endpoint as endpoint
    from .core.operation.operation import Operation as Operation
    from .core.operation.paging import Listing as Listing
    from .core.options import Service as Service, System as System
    from .core.profiles.profile import Profile as Profile
    from .core.profiles.profile_file import load_profile as load_profile, load_profiles as load_profiles
    from .core.ratelimit.configured_rate import Rate as Rate
    from .core.retry import Retry as Retry
    from .core.sync import Client as Client
    from .directory.interface import Capabilities as Capabilities, Directory as Directory
    from .directory.record import Outcome as Outcome, UserRecord as UserRecord
    from .directory.sync import SyncDirectory as SyncDirectory
    from .opendatasoft.client import AsyncOpendatasoft as AsyncOpendatasoft, Opendatasoft as Opendatasoft
    from .opendatasoft.directory import OpendatasoftDirectory as OpendatasoftDirectory
    from .smooch.client import AsyncSmooch as AsyncSmooch, Smooch as Smooch
    from .smooch.directory import SmoochDirectory as SmoochDirectory
else:  # hidden from the checkers, which would take any name for one of the package
    _HOMES = {
        **{f"{system}.client": (system.capitalize(), f"Async{system.capitalize()}") for system in SYSTEMS},
        **{f"{system}.directory": (f"{system.capitalize()}Directory",) for system in SYSTEMS},
        "core.auth": ("Token",),
        "core.client": ("AsyncClient",),
        "core.codec.typed_json": ("from_wire", "to_wire"),
        "core.errors": (
            "AlloyAsyncError",
            "BadRequest",
            "ConfigurationError",
            "Conflict",
            "ConnectError",
            "ConnectionLost",
            "ContentTooLarge",
            "CredentialError",
            "DeadlineExceeded",
            "DecodeError",
            "Effect",
            "Forbidden",
            "InvalidRequest",
            "NotFound",
            "PaymentRequired",
            "RateLimited",
            "Redirected",
            "RequestTimeout",
            "ServerError",
            "StatusError",
            "TransportError",
            "Unauthorized",
            "UnprocessableContent",
        ),
        "core.calls.open_telemetry": ("OpenTelemetry",),
        "core.calls.scope": ("Explanation", "deadline", "explain_time"),
        "core.hook_events": ("RateLimitedEvent", "RequestEvent", "ResponseEvent", "RetryEvent"),
        "core.messages.custom_request": ("CustomRequest",),
        "core.messages.answer": ("Answer",),
        "core.profiles.profile": ("Profile",),
        "core.profiles.profile_file": ("load_profile", "load_profiles"),
        "core.sync": ("Client",),
        "core.ratelimit.configured_rate": ("Rate",),
        "core.codec.fields": ("NULL",),
        "core.codec.model": ("Model",),
        "core.operation.client_method": ("endpoint",),
        "core.operation.operation": ("Operation",),
        "core.operation.paging": ("Listing",),
        "core.retry": ("Retry",),
        "core.options": ("Service", "System"),
        "core.http.transport": ("Timeout",),
        "core.messages.upload": ("Upload",),
        "directory.interface": ("Capabilities", "Directory"),
        "directory.record": ("Outcome", "UserRecord"),
        "directory.sync": ("SyncDirectory",),
    }
    __getattr__, __dir__, _names = attach_lazy(__name__, _HOMES)
    __all__ = ["__version__", *_names]
