"""A server that keeps each request, and answers all alike, whatever their path."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import attrs
from multidict import CIMultiDict


@attrs.frozen
class RecordedRequest:
    """A request as it arrived."""

    method: str
    raw_path: str
    query: list[tuple[str, str]]
    headers: CIMultiDict[str]
    body: bytes


@attrs.define
class Recorder:
    """The server's address, the JSON text it answers with (empty: 204), and what arrived."""

    url: str = ""
    answer: bytes = b""
    requests: list[Any] = attrs.field(factory=list)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one write

    def __init__(self, recorder: Recorder, *args: Any) -> None:
        self.recorder = recorder
        super().__init__(*args)

    def log_message(self, *_: Any) -> None:
        """Tell nobody."""

    def answer(self) -> None:
        path, _, query = self.path.partition("?")
        headers = CIMultiDict(self.headers.items())
        body = self.rfile.read(int(headers.get("Content-Length", 0)))
        query_items = parse_qsl(query, keep_blank_values=True)
        self.recorder.requests.append(RecordedRequest(self.command, path, query_items, headers, body))
        self.send_response(200 if self.recorder.answer else 204)
        if self.recorder.answer:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(self.recorder.answer)))
        self.end_headers()
        self.wfile.write(self.recorder.answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 -- as http.server calls them


@contextmanager
def recording() -> Iterator[Recorder]:
    """Run a Recorder on loopback."""
    recorder = Recorder()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, recorder)) as server:
        server.daemon_threads = True
        recorder.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield recorder
        finally:
            server.shutdown()
            thread.join()
