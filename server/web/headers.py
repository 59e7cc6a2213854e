"""Headers every answer carries: what the browser may load, and what it must not remember."""

from __future__ import annotations

import uuid

from flask import Flask, Response, g, request

CONTENT_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data: blob:",
        "style-src 'self'",
        "script-src 'self'",
        "worker-src 'self'",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    )
)
_ALWAYS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(self), camera=(), microphone=(self), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_HSTS = "max-age=31536000"


def register(app: Flask, *, secure: bool) -> None:
    """``secure``: the site is reached by HTTPS only."""

    @app.before_request
    def _number() -> None:
        g.request_id = str(uuid.uuid4())

    @app.after_request
    def _dress(answer: Response) -> Response:
        for name, value in _ALWAYS.items():
            answer.headers.setdefault(name, value)
        answer.headers["X-Request-Id"] = g.get("request_id", "")
        if secure:
            answer.headers["Strict-Transport-Security"] = _HSTS
        if request.endpoint is None or not request.endpoint.endswith("static"):
            answer.headers.setdefault("Cache-Control", "no-store")
        return answer
