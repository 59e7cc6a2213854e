/**
 * A site's own tiles on the base canvas. Points stay true in WGS-84; tiles of another datum are
 * moved, corner by corner. What has not come (yet) leaves the drawn map to be seen.
 */

import { fromGcj02, toGcj02 } from "./datum.js";

const TILE_PX = 256;
const EARTH_M = 40075016.686; // along the equator of EPSG:3857
const MOST_IN_VIEW = 160;
const MOST_KEPT = 400;
const MOST_COMING = 8;
const RETRY_MS = 30000;

export class TileLayer {
  /** @param {object} told what the server says of the tiles @param {() => void} changed */
  constructor(told, changed) {
    this.told = told;
    this.changed = changed;
    this.kept = new Map();
    this.coming = 0;
    this.waiting = [];
  }

  /** How many tiles of the last view were drawn, and how many are not to be had. */
  get state() {
    return { drawn: this.drawn ?? 0, broken: this.broken ?? 0 };
  }

  /** @param {CanvasRenderingContext2D} pen @param {number} ratio device pixels per pixel */
  draw(pen, projection, ratio, dark) {
    const range = this.rangeOf(projection, ratio);
    this.waiting = [];
    this.drawn = this.broken = 0;
    pen.save();
    if (dark && this.told.darken) pen.filter = "invert(1) hue-rotate(180deg) brightness(0.75) saturate(0.7)";
    for (let layer = 0; layer < this.told.layers; layer += 1) this.drawLayer(pen, projection, layer, range, ratio);
    pen.restore();
    this.fetchMore();
  }

  drawLayer(pen, projection, layer, range, ratio) {
    for (let x = range.west; x <= range.east; x += 1) {
      for (let y = range.north; y <= range.south; y += 1) {
        const tile = this.tile(layer, range.z, x, y);
        if (tile.state === "broken" && layer === 0) this.broken += 1;
        if (tile.state !== "here") continue;
        if (layer === 0) this.drawn += 1;
        const [left, top] = this.cornerPx(projection, range.z, x, y, ratio);
        const [right, bottom] = this.cornerPx(projection, range.z, x + 1, y + 1, ratio);
        pen.drawImage(tile.image, left, top, right - left, bottom - top);
      }
    }
  }

  /** On whole device pixels, so that neighbours meet without a seam. */
  cornerPx(projection, z, x, y, ratio) {
    const [px, py] = projection.pixels(...this.corner(z, x, y));
    return [Math.round(px * ratio) / ratio, Math.round(py * ratio) / ratio];
  }

  /** The north-west corner of a tile in WGS-84 degrees. */
  corner(z, x, y) {
    const side = 360 / 2 ** z;
    const lon = x * side - 180;
    const lat = this.told.grid === "geographic" ? 90 - y * side : latOf(y / 2 ** z);
    return this.told.crs === "GCJ-02" ? fromGcj02(lat, lon) : [lat, lon];
  }

  /** Column and row, with fractions, of a WGS-84 place. */
  place(z, lat, lon) {
    const [y, x] = this.told.crs === "GCJ-02" ? toGcj02(lat, lon) : [lat, lon];
    const row = this.told.grid === "geographic" ? ((90 - y) / 360) * 2 ** z : rowOf(y) * 2 ** z;
    return [((x + 180) / 360) * 2 ** z, row];
  }

  rangeOf(projection, ratio) {
    const { width, height } = projection.size;
    const alongLat = this.told.grid === "geographic" ? 1 : Math.cos((projection.lat0 * Math.PI) / 180);
    const wanted = Math.log2((projection.view.pxPerM * ratio * EARTH_M * alongLat) / TILE_PX);
    let z = Math.min(this.told.max, Math.max(this.told.min, Math.round(wanted)));
    for (; ; z -= 1) {
      const [west, north] = this.place(z, ...projection.degrees(0, 0)).map(Math.floor);
      const [east, south] = this.place(z, ...projection.degrees(width, height)).map(Math.floor);
      const last = 2 ** z - 1;
      const rows = this.told.grid === "geographic" ? Math.max(0, 2 ** (z - 1) - 1) : last;
      const range = { z, west: Math.max(0, west), east: Math.min(last, east), north: Math.max(0, north), south: Math.min(rows, south) };
      if (z <= this.told.min || (east - west + 1) * (south - north + 1) <= MOST_IN_VIEW) return range;
    }
  }

  tile(layer, z, x, y) {
    const key = `${layer}/${z}/${x}/${y}`;
    let tile = this.kept.get(key);
    if (tile) this.kept.delete(key);
    else tile = { key, state: "new" };
    this.kept.set(key, tile); // the newest used stand last
    if (this.kept.size > MOST_KEPT) this.kept.delete(this.kept.keys().next().value);
    if (tile.state === "broken" && performance.now() - tile.at > RETRY_MS) tile.retry = true;
    if (tile.state === "new" || tile.retry) this.waiting.push(tile);
    return tile;
  }

  /** A few at a time: a page's other requests pass between. */
  fetchMore() {
    while (this.coming < MOST_COMING && this.waiting.length) {
      const tile = this.waiting.shift();
      if (tile.state === "coming") continue;
      this.coming += 1;
      this.fetchOne(tile).finally(() => {
        this.coming -= 1;
        this.redrawSoon();
        this.fetchMore();
      });
    }
  }

  async fetchOne(tile) {
    if (tile.state === "new") tile.state = "coming";
    tile.retry = false;
    tile.at = performance.now();
    try {
      const answer = await fetch(`/tiles/${tile.key}?v=${this.told.version}`);
      if (answer.status === 404) return void (tile.state = "none");
      if (!answer.ok) throw new Error(`tile ${answer.status}`);
      tile.image = await createImageBitmap(await answer.blob());
      tile.state = "here";
    } catch {
      tile.state = "broken";
    }
  }

  /** One drawing for all tiles that come within a moment. */
  redrawSoon() {
    this.soon ??= setTimeout(() => {
      this.soon = null;
      this.changed();
    }, 120);
  }

  /** Broken tiles are asked for again now and then, also when nobody moves the map. */
  watch() {
    setInterval(() => this.broken && this.changed(), RETRY_MS + 1000);
  }
}

const rowOf = (lat) => (1 - Math.asinh(Math.tan((lat * Math.PI) / 180)) / Math.PI) / 2;
const latOf = (row) => (Math.atan(Math.sinh(Math.PI * (1 - 2 * row))) * 180) / Math.PI;
