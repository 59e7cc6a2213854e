"""The WSGI server: waitress, with threads for requests and for streams, and a quiet end.

A stop refuses new connections, ends the streams, lets requests in flight finish for up to
``DRAIN_S`` and then closes.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import structlog
from flask import Flask
from waitress import wasyncore  # type: ignore[import-untyped]
from waitress.server import create_server  # type: ignore[import-untyped]

from server.office import Office
from server.web.flask_app import create_web, hub_of

DRAIN_S = 5.0
LOOK_S = 0.02
CONNECTIONS = 1000
WRITE_BUFFER_BYTES = 1_048_576

log = structlog.get_logger()


class WebServer:
    """Bound when made; ``serve`` blocks until ``stop`` was called from anywhere."""

    def __init__(
        self, app: Flask, office: Office, *, host: str | None = None, port: int | None = None
    ) -> None:
        http = office.settings.http
        self._hub = hub_of(app)
        self._stopping = threading.Lock()
        self._server: Any = create_server(
            app,
            host=http.host if host is None else host,
            port=http.port if port is None else port,
            threads=http.threads + http.streams,
            connection_limit=CONNECTIONS,
            # Flask answers 413 as a problem document; this is only the last line of defence.
            max_request_body_size=http.max_body_bytes * 16,
            outbuf_high_watermark=WRITE_BUFFER_BYTES,
            channel_request_lookahead=1,  # so that a reader's leaving is noticed
            clear_untrusted_proxy_headers=False,  # ProxyFix decides, see http.trusted_proxies
            ident="xiaonao",
        )

    @property
    def host(self) -> str:
        return str(self._server.effective_host)

    @property
    def port(self) -> int:
        return int(self._server.effective_port)

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def serve(self) -> None:
        try:
            self._server.run()
        finally:
            self._hub.stop()
            self._server.task_dispatcher.shutdown(timeout=1)

    def stop(self) -> None:
        """Begin to end; returns at once and may be called twice."""
        if self._stopping.acquire(blocking=False):
            threading.Thread(target=self._drain, name="web-drain", daemon=True).start()

    def _drain(self) -> None:
        self._server.accepting = False
        self._hub.stop()
        end = time.monotonic() + DRAIN_S
        while self._busy() and time.monotonic() < end:
            time.sleep(LOOK_S)
        if self._busy():
            log.warning("requests_cut", seconds=DRAIN_S)
        sockets = self._server._map
        self._server.trigger.pull_trigger(lambda: wasyncore.close_all(sockets))

    def _busy(self) -> bool:
        channels = list(self._server.active_channels.values())
        return any(channel.requests or channel.total_outbufs_len for channel in channels)


def run(
    office: Office,
    *,
    host: str | None = None,
    port: int | None = None,
    app: Flask | None = None,
    on_ready: Callable[[WebServer], None] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT. ``on_ready`` learns the bound address before it serves."""
    server = WebServer(app or create_web(office), office, host=host, port=port)
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: server.stop())
    if on_ready is not None:
        on_ready(server)
    server.serve()
