/** WGS-84 degrees to pixels and back: a plane that is true to a few metres over a street town. */

const METRES_PER_DEGREE = 111195; // mean earth radius of IUGG

export class Projection {
  /** @param {[number, number][]} outline latitudes and longitudes that shall be in view */
  constructor(outline) {
    const lats = outline.map(([lat]) => lat);
    const lons = outline.map(([, lon]) => lon);
    const [south, north] = [Math.min(...lats), Math.max(...lats)];
    const [west, east] = [Math.min(...lons), Math.max(...lons)];
    this.lat0 = (south + north) / 2;
    this.lon0 = (west + east) / 2;
    this.lonScale = METRES_PER_DEGREE * Math.cos((this.lat0 * Math.PI) / 180);
    this.widthM = (east - west) * this.lonScale;
    this.heightM = (north - south) * METRES_PER_DEGREE;
    this.view = { x: 0, y: 0, pxPerM: 1 };
    this.size = { width: 1, height: 1 };
  }

  /** Metres east and south of the centre. */
  metres(lat, lon) {
    return [(lon - this.lon0) * this.lonScale, (this.lat0 - lat) * METRES_PER_DEGREE];
  }

  /** Latitude and longitude of a place on the surface. */
  degrees(px, py) {
    const [x, y] = this.unplace(px, py);
    return [this.lat0 - y / METRES_PER_DEGREE, this.lon0 + x / this.lonScale];
  }

  /** Pixels on a surface of the present size. */
  pixels(lat, lon) {
    const [x, y] = this.metres(lat, lon);
    return this.place(x, y);
  }

  place(x, y) {
    const { pxPerM } = this.view;
    return [
      (x - this.view.x) * pxPerM + this.size.width / 2,
      (y - this.view.y) * pxPerM + this.size.height / 2,
    ];
  }

  /** The whole district in view; pixels below stay free for a legend. */
  fit(padding = 20, below = 0) {
    const wide = (this.size.width - padding * 2) / this.widthM;
    const high = (this.size.height - padding * 2 - below) / this.heightM;
    const pxPerM = Math.max(1e-6, Math.min(wide, high));
    this.view = { x: 0, y: below / 2 / pxPerM, pxPerM };
  }

  zoomAt(px, py, factor) {
    const before = this.unplace(px, py);
    const least = 0.5 * Math.min(this.size.width / this.widthM, this.size.height / this.heightM);
    this.view.pxPerM = Math.min(2, Math.max(least, this.view.pxPerM * factor));
    const after = this.unplace(px, py);
    this.view.x += before[0] - after[0];
    this.view.y += before[1] - after[1];
  }

  unplace(px, py) {
    const { pxPerM } = this.view;
    return [
      (px - this.size.width / 2) / pxPerM + this.view.x,
      (py - this.size.height / 2) / pxPerM + this.view.y,
    ];
  }
}
