"""Settings of the map: a site's own tiles under the marks, in place of the drawn base layer."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from server.domain.tiles import TileSource, fault_of

PMTILES = ".pmtiles"


class MapSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    tiles: str = Field(
        "",
        description="Tiles of your own: an address with {z} {x} {y} (or {TileMatrix} {TileCol} "
        "{TileRow}, {-y}, {s}, {key}), or a .pmtiles file of pictures. Empty: the drawn map.",
    )
    overlay: str = Field("", description="A second layer above it, such as names; the same way.")
    key: SecretStr = Field(
        SecretStr(""), description="What {key} stands for; it never leaves this server."
    )
    servers: str = Field("01234567", description="One letter of these stands for {s}.")
    crs: Literal["WGS-84", "GCJ-02"] = Field(
        "WGS-84", description="Datum the tiles are drawn in; CGCS2000 counts as WGS-84."
    )
    grid: Literal["mercator", "geographic"] = Field(
        "mercator", description="How the tiles divide the earth: EPSG:3857, or degrees (EPSG:4490)."
    )
    attribution: str = Field(
        "", description="Whose map it is, and its approval number; shown on every map."
    )
    min_zoom: int = Field(3, ge=0, le=22, description="Coarsest level the tiles have.")
    max_zoom: int = Field(18, ge=0, le=22, description="Finest level the tiles have.")
    darken: bool = Field(True, description="Turn light tiles dark, to fit the wall.")
    cache_mb: int = Field(256, ge=1, le=65_536, description="Fetched tiles kept on disk at most.")
    cache_days: float = Field(30, gt=0, le=365, description="A kept tile is asked for again then.")
    timeout_s: float = Field(4, gt=0, le=30, description="A tile server gets this long to answer.")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        for name, told in (("tiles", self.tiles), ("overlay", self.overlay)):
            fault = "" if not told or told.endswith(PMTILES) else fault_of(told)
            if fault:
                raise ValueError(f"{name} {fault}")
        if self.tiles and not self.attribution:
            raise ValueError("attribution must say whose map it is when tiles are set")
        if self.overlay and not self.tiles:
            raise ValueError("overlay needs tiles below it")
        if self.min_zoom > self.max_zoom:
            raise ValueError("min_zoom must not be above max_zoom")
        return self

    def sources(self) -> tuple[str, ...]:
        """The layers from below: addresses or names of files."""
        return tuple(told for told in (self.tiles, self.overlay) if told)

    def source(self, template: str) -> TileSource:
        return TileSource(template, self.key.get_secret_value(), self.servers)
