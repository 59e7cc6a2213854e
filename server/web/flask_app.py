"""The web application, put together. The order below is the order in which requests pass."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from flask import Flask, Response, jsonify
from werkzeug.middleware.proxy_fix import ProxyFix

from server.office import Office
from server.web import auth, headers, metrics, openapi, ops, problems, sign_in
from server.web.access import OFFICE, Access, needs, undeclared
from server.web.api import frames as frame_routes
from server.web.api.aftercare import aftercare
from server.web.api.cases import cases
from server.web.api.devices import devices
from server.web.api.duty import duty
from server.web.api.edge import edge
from server.web.api.handing import handing
from server.web.api.joint import joint
from server.web.api.live import live
from server.web.api.phone import phone
from server.web.api.reports import reports
from server.web.contract import PREFIX, Operation, mount
from server.web.hub import Hub
from server.web.pages import site
from server.web.sign_in import DemoAccount
from server.web.stream import KEY as STREAMS
from server.web.stream import Streams, stream

MAX_FORM_PARTS = 100


def operations() -> list[Operation]:
    """Every call of the API, in the order of its documentation."""
    return [
        *reports.declared,
        *cases.declared,
        *handing.declared,
        *joint.declared,
        *live.declared,
        *aftercare.declared,
        *duty.declared,
        *edge.declared,
        *devices.declared,
        *phone.declared,
        *stream.declared,
    ]


def create_web(office: Office, *, demo_accounts: Sequence[DemoAccount] = ()) -> Flask:
    """The application for one office. Raises RuntimeError when a route declares no need."""
    app = Flask("server.web")
    app.extensions[OFFICE] = office
    app.config.update(
        MAX_CONTENT_LENGTH=office.settings.http.max_body_bytes,
        MAX_FORM_PARTS=MAX_FORM_PARTS,
        PROVIDE_AUTOMATIC_OPTIONS=False,
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    _trust_proxies(app, office.settings.http.trusted_proxies)
    headers.register(app, secure=office.settings.http.secure_cookies)
    counters = metrics.register(app, office)
    auth.register(app)
    problems.register(app)
    mount(app, operations())
    _publish_description(app)
    app.register_blueprint(frame_routes.blueprint)
    app.register_blueprint(ops.ops)
    sign_in.register(app, office, demo_accounts)
    site.register(app)
    places = threading.BoundedSemaphore(office.settings.http.streams)
    app.extensions[STREAMS] = Streams(Hub(office, counters), places, counters)
    _refuse_undeclared(app)
    return app


def hub_of(app: Flask) -> Hub:
    """The hub whose ``stop`` ends every stream."""
    streams: Streams = app.extensions[STREAMS]
    return streams.hub


def _trust_proxies(app: Flask, count: int) -> None:
    if count:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=count, x_proto=count, x_host=count
        )


def _publish_description(app: Flask) -> None:
    made = openapi.document(operations())

    @app.get(f"{PREFIX}/openapi.json", endpoint="openapi")
    @needs(Access.PUBLIC)
    def _openapi() -> Response:
        """The API's description, OpenAPI 3.1."""
        return jsonify(made)


def _refuse_undeclared(app: Flask) -> None:
    missing = undeclared(app)
    if missing:
        raise RuntimeError(f"These views do not say who may call them: {', '.join(missing)}")
