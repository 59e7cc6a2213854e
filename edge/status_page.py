"""``/healthz`` and ``/metrics`` of the agent, for the supervisor and for Prometheus."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Self

from prometheus_client import CONTENT_TYPE_LATEST

Health = Callable[[], Mapping[str, object]]
Render = Callable[[], bytes]


class StatusPage:
    """A small HTTP server in a thread of its own; one request at a time, five seconds each."""

    def __init__(self, address: str, *, health: Health, metrics: Render) -> None:
        """``address`` is HOST:PORT; port 0 takes any. Raises OSError when it is taken."""
        host, _, port = address.rpartition(":")
        pages = {
            "/healthz": ("application/json", lambda: json.dumps(health()).encode()),
            "/metrics": (CONTENT_TYPE_LATEST, metrics),
        }
        self._server = HTTPServer((host, int(port)), _handler(pages))
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(pages: Mapping[str, tuple[str, Render]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 5

        def do_GET(self) -> None:
            found = pages.get(self.path.partition("?")[0])
            if found is None:
                self.send_error(404)
                return
            kind, render = found
            body = render()
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nobody reads these lines."""

    return Handler
