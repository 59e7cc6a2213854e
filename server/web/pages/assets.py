"""What pages fetch beside themselves: the district's map, the icon, the phone's manifest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from flask import (
    Blueprint,
    Response,
    current_app,
    render_template,
    request,
    send_from_directory,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from edge.district import District, Point
from server.domain.roles import Action
from server.web.access import Access, current_office, needs

blueprint = Blueprint("assets", __name__)

MAP_AGE_S = 3600
SHELL = ("app.css", "phone.css", "icons/signs.svg", "icons/icon.svg")
"""With the modules of ``js`` and ``js/phone``: what a phone keeps to start without a network."""
_KEY = "xiaonao_base_layer"


@blueprint.get("/district.json")
@needs(Action.SEE_WALL)
def district() -> AnyResponse:
    """The base layer: outlines as ``[lat, lon]`` in WGS-84, roads by class."""
    text, tag = current_app.extensions[_KEY]
    answer = Response(text, content_type="application/json")
    answer.headers["Cache-Control"] = f"private, max-age={MAP_AGE_S}"
    answer.set_etag(tag)
    return answer.make_conditional(request)


@blueprint.get("/favicon.ico")
@needs(Access.PUBLIC)
def favicon() -> Response:
    """The small picture browsers ask for."""
    answer = send_from_directory(_static(), "icons/icon.svg", mimetype="image/svg+xml")
    answer.headers["Cache-Control"] = "public, max-age=86400"
    return answer


@blueprint.get("/manifest.webmanifest")
@needs(Access.PUBLIC)
def manifest() -> Response:
    """Lets a phone put the page on its home screen."""
    name = current_office().district.name
    icons = [
        {"src": _icon("icon.svg"), "sizes": "any", "type": "image/svg+xml"},
        {"src": _icon("icon-192.png"), "sizes": "192x192", "type": "image/png"},
        {"src": _icon("icon-512.png"), "sizes": "512x512", "type": "image/png"},
    ]
    told = {
        "name": f"小脑·{name}调解",
        "short_name": "小脑调解",
        "lang": "zh-CN",
        "start_url": "/m",
        "scope": "/",
        "display": "standalone",
        "background_color": "#f5f7f6",
        "theme_color": "#0a4f4a",
        "icons": icons,
    }
    return Response(json.dumps(told, ensure_ascii=False), content_type="application/manifest+json")


@blueprint.get("/sw.js")
@needs(Access.PUBLIC)
def service_worker() -> Response:
    """The service worker; its text changes whenever a file of the shell does."""
    static = Path(_static())
    files = shell_files(static)
    version = hashlib.sha256(b"".join((static / name).read_bytes() for name in files)).hexdigest()
    addresses = [url_for("static", filename=name) for name in files]
    body = render_template("sw.js", version=version[:12], shell=addresses)
    answer = Response(body, content_type="text/javascript; charset=utf-8")
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def shell_files(static: Path) -> list[str]:
    """Names below the static folder that a phone keeps."""
    modules = [*(static / "js").glob("*.js"), *(static / "js/phone").glob("*.js")]
    return [*SHELL, *sorted(str(path.relative_to(static)) for path in modules)]


def prepare(extensions: dict[str, object], district: District) -> None:
    """Make the base layer once: a process knows one district."""
    text = _base_layer(district)
    extensions[_KEY] = (text, hashlib.sha256(text.encode()).hexdigest()[:32])


def _base_layer(district: District) -> str:
    nodes = district.nodes
    told = {
        "name": district.name,
        "bounds": [
            district.bounds.south,
            district.bounds.west,
            district.bounds.north,
            district.bounds.east,
        ],
        "outline": _line(district.outline),
        "communities": [
            {"name": c.name, "kind": c.kind, "at": _pair(c.centroid), "outline": _line(c.outline)}
            for c in district.communities
        ],
        "roads": [
            {"name": r.name, "class": r.road_class, "line": _line(nodes[n] for n in r.nodes)}
            for r in district.roads
        ],
        "shapes": [
            {"name": s.name, "kind": s.kind, "line": _line(s.outline), "width_m": s.width_m}
            for s in district.shapes
        ],
        "points": [{"name": p.name, "at": _pair(p.at)} for p in district.points],
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _line(points: Iterable[Point]) -> list[list[float]]:
    return [_pair(point) for point in points]


def _pair(point: Point) -> list[float]:
    return [round(point.lat, 5), round(point.lon, 5)]


def _icon(name: str) -> str:
    return url_for("static", filename=f"icons/{name}")


def _static() -> str:
    folder = current_app.static_folder
    assert folder is not None, "the application serves static files"
    return folder
