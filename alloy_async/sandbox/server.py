"""The sandbox: one system's service behind a real HTTP server on loopback."""

from __future__ import annotations

import asyncio
import importlib
import random
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Self, cast

from aiohttp import web

from ..systems import SYSTEMS
from .breakable_connection import BreakableConnection, create_request
from .contract.contract import decode_query_pairs, load_contract
from .contract.operation import ContractOperation
from .contract.schema import Misfit
from .emulated_service import Clock, EmulatedService
from .fault_kinds import ConnectionGone
from .faults import Faults
from .ledger import Change, Ledger
from .limits import Limit, LimitEnforcer
from .messages import ApiCall, ApiError, Reply
from .sandbox_thread import SandboxThread


@dataclass
class ReceivedRequest:
    """One request that arrived, as it was on the wire, and what became of it."""

    number: int
    method: str
    raw_path: str
    """Without the query."""
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes
    operation: str | None = None
    status: int | None = None
    """The status sent; None while there is none, or when the connection was ended instead."""
    committed: bool = False
    """Whether the service carried the request out, whatever the client got to see."""


class Sandbox:
    """A system's web API, emulated: `async with Sandbox("alloy") as sandbox`, or plain `with`.

    Plain `with` runs it on a thread of its own.

    Args:
        system: "alloy", "alsid", "opendatasoft", "smooch" or "agilicus".
        port: where to listen; 0 takes a free port.
        host: the address to listen on.
        keys: the credentials that are known; None takes any. Default: "key".
        limit: the rate limit of each credential; `sandbox.limit` changes it while running.
        latency: seconds that every request takes before it is carried out.
        seed: of every generator: the same seed gives the same ids and the same faults.
        clock: seconds since the epoch, for timestamps and the rate limit.
        history: how many requests `sandbox.requests` remembers; None for all.
        service_options: further options of the emulated service, such as `seed_users`; its class explains
            them.

    Raises:
        ValueError: for an unknown system.
    """

    def __init__(
        self,
        system: str,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        keys: Collection[str] | None = ("key",),
        limit: Limit | None = None,
        latency: float = 0.0,
        seed: int = 0,
        clock: Clock = time.time,
        history: int | None = None,
        **service_options: Any,
    ) -> None:
        if system not in SYSTEMS:
            raise ValueError(f"There is no sandbox for {system!r}; there is: {', '.join(SYSTEMS)}.")
        module = importlib.import_module(f".{system}.service", __package__)
        self._service_type = cast(type[EmulatedService], getattr(module, f"Emulated{system.capitalize()}"))
        self._service_options = {"clock": clock, **service_options}
        self._contract = load_contract(system, open_bodies=self._service_type.open_bodies)
        self._address = host, port
        self._initial_limit = limit
        self._history = history
        self._seed = seed
        self._clock = clock
        self.system = system
        self.keys = keys
        self.latency = latency
        self._runner: web.ServerRunner | None = None
        self._thread: SandboxThread | None = None
        self.reset()

    def reset(self) -> None:
        """Back to the start: the seeded service, no faults, the first limit, nothing recorded."""
        self.ledger: Ledger = Ledger(self._contract.operations)
        self.requests: deque[ReceivedRequest] = deque(maxlen=self._history)
        self.faults: Faults = Faults(random.Random(self._seed), self._contract.operations)
        self.limiter: LimitEnforcer = LimitEnforcer(self._initial_limit, self._clock)
        self.service: EmulatedService = self._service_type(
            rng=random.Random(self._seed), **self._service_options
        )
        self._arrived = 0

    @property
    def url(self) -> str:
        """The base URL for a client: with the contract's base path, without a slash at the end."""
        if self._runner is None:
            raise RuntimeError("The sandbox is not running; it has a URL between start() and stop().")
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}{self._contract.base_path}"

    @property
    def credentials(self) -> dict[str, str]:
        """What a client of this system needs besides the URL, as its keyword arguments: AsyncAlloy(**sandbox.credentials).

        Raises:
            RuntimeError: where the sandbox knows no key.
        """
        if self.keys is not None and not self.keys:
            raise RuntimeError("The sandbox was made with keys=[], so that no credential opens it.")
        return self.service.create_credential_arguments("key" if self.keys is None else next(iter(self.keys)))

    @property
    def place(self) -> dict[str, str]:
        """What a directory of this system must know besides the credential, as its keyword arguments: an org_id, say."""
        return self.service.get_place_arguments()

    @property
    def limit(self) -> Limit | None:
        """The rate limit in force; `sandbox.limiter` counts accepted and refused requests."""
        return self.limiter.limit

    @limit.setter
    def limit(self, limit: Limit | None) -> None:
        self.limiter.limit = limit

    async def start(self) -> None:
        """Listen, on the running event loop.

        Raises:
            OSError: when the address cannot be listened on.
            RuntimeError: when the sandbox is running already.
        """
        if self._runner is not None:
            raise RuntimeError("The sandbox is running already.")
        self._stopping = asyncio.Event()
        server = web.Server(self._handle_http, request_factory=create_request, access_log=None)
        runner = web.ServerRunner(server, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, *self._address).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner

    async def stop(self) -> None:
        """Stop listening and end every connection."""
        if self._runner is not None:
            self._stopping.set()
            runner, self._runner = self._runner, None
            await runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    def __enter__(self) -> Self:
        self._thread = SandboxThread(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._thread is not None:
            self._thread.stop()
            self._thread = None

    async def _handle_http(self, http: web.BaseRequest) -> web.StreamResponse:
        try:
            body = await http.read()
        except ConnectionResetError:  # the client gave up in the middle of its request
            return web.Response()
        self._arrived += 1
        raw_path, _, raw_query = http.raw_path.partition("?")
        request = ReceivedRequest(self._arrived, http.method, raw_path, [], http.headers, body)
        self.requests.append(request)
        wire = BreakableConnection(http, self._stopping)
        try:
            answer = await self._answer(request, raw_query, wire)
            request.status = answer.status
            return await wire.send_reply(answer, request.number)
        except ConnectionGone:
            return web.Response()  # aiohttp wants one and finds nowhere to send it

    async def _answer(self, request: ReceivedRequest, raw_query: str, wire: BreakableConnection) -> Reply:
        limit_headers: Mapping[str, str] = {}
        service = self.service
        try:
            request.query = decode_query_pairs(raw_query)
            operation, path = self._contract.find_operation(request.method, request.raw_path)
            request.operation = operation.id
            credential = ""
            if not operation.public:
                credential = service.authenticate(request.headers, request.query, self.keys)
            limit_headers = self.limiter.admit_or_refuse(credential)
            call = _create_checked_call(operation, path, request, credential)
        except ApiError as error:
            answer = service.reply_to_error(error)
        else:
            answer = await self._carry_out(request, call, wire)
        return replace(answer, headers={**limit_headers, **answer.headers})

    async def _carry_out(self, request: ReceivedRequest, call: ApiCall, wire: BreakableConnection) -> Reply:
        if self.latency:
            await wire.pause(self.latency)
        kinds = self.faults.choose_faults(call.operation)
        for kind in kinds:
            if not kind.after_effect:
                instead = await kind.play(wire, None)
                if instead is not None:
                    return instead
        answer = self.service.handle(call)
        request.committed = answer.status < 400
        for what, key in self.service.take_changes():
            self.ledger.add(Change(call.operation, what, key, request.number))
        for kind in kinds:
            if kind.after_effect:
                answer = await kind.play(wire, answer) or answer
        return answer


async def serve(
    system: str,
    *,
    ready: Callable[[Sandbox], None],
    history: int | None = 1000,
    **options: Any,
) -> None:
    """Run a sandbox until cancelled; for the command line.

    Args:
        system: as for Sandbox.
        ready: called once with the sandbox when it listens.
        history: as for Sandbox; bounded here, for a server that runs long.
        options: the others of Sandbox.
    """
    async with Sandbox(system, history=history, **options) as sandbox:
        ready(sandbox)
        await asyncio.Event().wait()


def _create_checked_call(
    operation: ContractOperation, path: dict[str, str], request: ReceivedRequest, credential: str
) -> ApiCall:
    try:
        return ApiCall(
            operation=operation.id,
            path=operation.parse_path_parameters(path),
            query=operation.read_query(request.query),
            body=operation.read_body(request.body, request.headers.get("Content-Type", "")),
            headers=request.headers,
            credential=credential,
        )
    except Misfit as misfit:
        raise ApiError(400, f"{operation.id}: {misfit}.") from None
