"""The site's own map tiles, same-origin: pages never learn where they come from."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Blueprint, Response, current_app

from server.domain.roles import Action
from server.domain.tiles import TileKey
from server.office import Office
from server.services.tiles import TileDesk
from server.web.access import current_office, needs
from server.web.metrics import Metrics

blueprint = Blueprint("tiles", __name__)

BROWSER_AGE_S = 86_400
_KEY = "xiaonao_tiles"


def prepare(extensions: dict[str, object], office: Office, counters: Metrics) -> None:
    """One desk per process: its cache, its rests after faults."""

    def outcome(word: str) -> None:
        counters.tiles.labels(word).inc()

    extensions[_KEY] = TileDesk(office.home, office.settings.map, outcome)


@blueprint.get("/tiles/<int:layer>/<int:z>/<int:x>/<int:y>")
@needs(Action.SEE_WALL)
def tile(layer: int, z: int, x: int, y: int) -> Response:
    """One picture of the site's own map; 404 where it has none, 503 while it is not to be had."""
    desk: TileDesk = current_app.extensions[_KEY]
    picture = desk.picture(layer, TileKey(z, x, y))
    answer = Response(picture.content, content_type=picture.kind)
    answer.headers["Cache-Control"] = f"private, max-age={BROWSER_AGE_S}"
    return answer


def told_to_pages() -> dict[str, Any] | None:
    """What a map needs to draw the tiles; None while the site has none of its own."""
    settings = current_office().settings.map
    if not settings.tiles:
        return None
    sources = settings.sources()
    version = hashlib.sha256(f"{sources}{settings.crs}{settings.grid}".encode()).hexdigest()
    return {
        "layers": len(sources),
        "crs": settings.crs,
        "grid": settings.grid,
        "min": settings.min_zoom,
        "max": settings.max_zoom,
        "darken": settings.darken,
        "attribution": settings.attribution,
        "version": version[:8],
    }
