/** The district's map: a drawn base, and marks for units and cases above it. */

import { serverNow } from "../clock.js";
import { word } from "../words.js";
import { drawBase, drawBorders, drawHeat } from "./base.js";
import { Marks } from "./marks.js";
import { Projection } from "./projection.js";
import { TileLayer } from "./tiles.js";

const FOCUS_PX_PER_M = 0.35;

export class DistrictMap {
  /** @param {HTMLElement} host */
  constructor(host) {
    this.host = host;
    this.canvas = document.createElement("canvas");
    this.canvas.setAttribute("aria-hidden", "true");
    host.append(this.canvas);
    this.marks = new Marks(host);
    if (host.dataset.tiles) this.useTiles(JSON.parse(host.dataset.tiles));
    this.units = [];
    this.cases = [];
    this.heat = [];
    this.focused = null;
    this.moved = false;
    this.watchPointer();
    new ResizeObserver(() => this.layout()).observe(host);
    setInterval(() => this.drawMarks(), 1000);
  }

  /** The site's own map, with its maker's name beside it. */
  useTiles(told) {
    this.tiles = new TileLayer(told, () => this.projection && this.drawBase());
    this.tiles.watch();
    this.credit = document.createElement("p");
    this.credit.className = "credit";
    this.host.append(this.credit);
    this.sayCredit();
  }

  /** Whose map is seen; with tiles missing, that the drawn one stands in. */
  sayCredit() {
    const { drawn, broken } = this.tiles.state;
    const state = !broken ? "here" : drawn ? "part" : "none";
    if (this.credit.dataset.state === state) return;
    this.credit.dataset.state = state;
    const instead = { here: "", part: word("部分瓦片暂缺，缺处为离线底图"), none: word("瓦片底图暂不可用，现为离线底图") }[state];
    const source = state === "none" ? "" : this.tiles.told.attribution;
    this.credit.textContent = [instead && `△ ${instead}`, source].filter(Boolean).join(" · ");
  }

  setDistrict(district) {
    this.district = district;
    this.projection = new Projection(district.outline);
    this.layout();
  }

  setCases(cases) {
    this.cases = cases;
    this.drawMarks();
  }

  /** Places that came back, as [lat, lon, disputes]. */
  setHeat(places) {
    if (JSON.stringify(places) === JSON.stringify(this.heat)) return;
    this.heat = places;
    if (this.projection) this.drawBase();
  }

  /** Ages count on from when the server told them; what is older than what is shown is left. */
  setUnits(units, toldAt = serverNow()) {
    if (toldAt < (this.toldAt ?? 0) - 500) return;
    this.units = units;
    this.toldAt = toldAt;
    if (this.focused) this.aim();
    this.drawMarks();
  }

  /** Bring a unit to the middle, or show everything again. */
  focus(unitId) {
    if (unitId === this.focused) return;
    this.focused = unitId;
    this.moved = false;
    this.layout();
  }

  /** Bring some places into view, with room around them; a person's own zoom is left alone. */
  frame(places) {
    if (!this.projection || this.moved || !places.length || this.focused) return;
    const spots = places.map(({ lat, lon }) => this.projection.metres(lat, lon));
    const [xs, ys] = [spots.map(([x]) => x), spots.map(([, y]) => y)];
    const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const { width, height } = this.projection.size;
    const pxPerM = Math.min(width / (right - left + 1200), height / (bottom - top + 900));
    this.projection.view = { x: (left + right) / 2, y: (top + bottom) / 2, pxPerM };
    this.framed = places;
    this.drawAll();
  }

  fail(text) {
    const line = document.createElement("p");
    line.className = "empty";
    line.textContent = text;
    this.host.append(line);
  }

  layout() {
    const { clientWidth: width, clientHeight: height } = this.host;
    if (!this.projection || !width || !height) return;
    this.projection.size = { width, height };
    if (!this.moved) this.projection.fit(20 * this.unit(), 44 * this.unit());
    this.aim();
    if (this.framed) this.frame(this.framed);
    else this.drawAll();
  }

  aim() {
    const unit = this.units.find((other) => other.id === this.focused);
    const at = unit?.position ?? unit?.point_location;
    if (!at || !this.projection || this.moved) return;
    const [x, y] = this.projection.metres(at.lat, at.lon);
    this.projection.view = { x, y, pxPerM: FOCUS_PX_PER_M };
    this.drawBase();
  }

  drawAll() {
    this.drawBase();
    this.drawMarks();
  }

  drawBase() {
    const ratio = Math.min(devicePixelRatio || 1, 2);
    const { width, height } = this.projection.size;
    this.canvas.width = width * ratio;
    this.canvas.height = height * ratio;
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const style = getComputedStyle(this.host);
    const colour = (name) => style.getPropertyValue(`--map-${name}`).trim();
    drawBase(pen, this.projection, this.district, colour, this.unit());
    if (this.tiles) {
      this.tiles.draw(pen, this.projection, ratio, Boolean(this.host.closest(".dark")));
      drawBorders(pen, this.projection, this.district, colour, this.unit());
      this.sayCredit();
    }
    drawHeat(pen, this.projection, this.heat, this.unit());
  }

  /** Pixels per design pixel: 1 on a 1920 wall, 2 at 4K. */
  unit() {
    return parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
  }

  drawMarks() {
    if (!this.projection || !this.toldAt) return;
    const sinceTold = (serverNow() - this.toldAt) / 1000;
    this.marks.draw({
      projection: this.projection,
      posts: this.district.points,
      units: this.units,
      cases: this.cases,
      sinceTold,
      now: serverNow(),
      unit: this.unit(),
      focused: this.focused,
    });
  }

  watchPointer() {
    let from = null;
    this.host.addEventListener("wheel", (event) => {
      if (!this.projection) return;
      event.preventDefault();
      this.moved = true;
      const box = this.host.getBoundingClientRect();
      this.projection.zoomAt(event.clientX - box.left, event.clientY - box.top, event.deltaY < 0 ? 1.2 : 1 / 1.2);
      this.drawAll();
    }, { passive: false });
    this.host.addEventListener("pointerdown", (event) => (from = [event.clientX, event.clientY]));
    this.host.addEventListener("pointermove", (event) => {
      if (!from || !event.buttons || !this.projection) return;
      const { view } = this.projection;
      view.x -= (event.clientX - from[0]) / view.pxPerM;
      view.y -= (event.clientY - from[1]) / view.pxPerM;
      from = [event.clientX, event.clientY];
      this.moved = true;
      this.drawAll();
    });
    this.host.addEventListener("dblclick", () => {
      this.moved = false;
      this.layout();
    });
  }
}
