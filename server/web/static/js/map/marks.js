/**
 * Marks above the base: mediation points, cases with their clock, units with their age. Laid out
 * once a second, copied from sprites every frame while something moves. Beside the canvas stands
 * a list that says the same in words, for those who cannot see it.
 */

import { shareLeft, spanText } from "../clock.js";
import { Labels, textWidth } from "./labels.js";
import { word } from "../words.js";
import { Sprites } from "./sprites.js";

const FRESH_S = 60;
const GLIDE_MS = 1000;
/** On a 4K wall marks are drawn at two thirds of its pixels: at six metres nobody sees it, and
 * machines without a graphics card keep their frames. */
const WIDEST_PX = 2560;
const STAGES = { open: "待", assigned: "派", signed: "签", en_route: "途", on_scene: "场" };
const WAITING = { police: "警", joint: "警", review: "研", service: "转" };

export class Marks {
  /** @param {HTMLElement} host */
  constructor(host) {
    this.host = host;
    this.canvas = document.createElement("canvas");
    this.canvas.className = "marks-canvas";
    this.canvas.setAttribute("aria-hidden", "true");
    this.list = document.createElement("ul");
    this.list.className = "marks";
    this.list.setAttribute("aria-label", word("单元与警情的位置"));
    host.append(this.canvas, this.list);
    this.sprites = new Sprites();
    this.known = new Map();
    this.places = new Map();
    this.frames = 0;
  }

  draw(scene) {
    const style = getComputedStyle(this.host);
    this.ratio = Math.min(devicePixelRatio || 1, 2, WIDEST_PX / scene.projection.size.width);
    this.scene = scene;
    this.px = (n) => n * scene.unit;
    this.sprites.begin((name) => style.getPropertyValue(`--${name}`).trim(), scene.unit * this.ratio);
    this.labels = new Labels(scene.projection.size);
    this.told = new Map();
    this.marks = [];
    const spots = this.unitSpots();
    for (const kase of scene.cases) this.labels.block(...this.at(kase), this.px(20));
    for (const spot of spots) this.labels.block(spot.x, spot.y, this.px(12));
    for (const kase of scene.cases) this.addCase(kase);
    for (const spot of spots) this.addUnit(spot);
    for (const post of scene.posts) this.addPost(post);
    this.lines = this.goalsOf(spots);
    this.say();
    this.glide();
  }

  at({ lat, lon }) {
    return this.scene.projection.pixels(lat, lon);
  }

  /** Units on duty and where to draw them; those at the same spot stand around it. */
  unitSpots() {
    const crowd = new Map();
    const spots = [];
    this.cells = this.casesByCell();
    for (const unit of this.scene.units) {
      if (!unit.duty && unit.status === "off" && unit.id !== this.scene.focused) continue;
      const age = unit.position ? unit.position.age_s + Math.max(0, this.scene.sinceTold) : null;
      const [x, y] = this.at(unit.position ?? unit.point_location);
      const cell = `${Math.round(x / this.px(26))} ${Math.round(y / this.px(26))}`;
      const nth = crowd.get(cell) ?? 0;
      crowd.set(cell, nth + 1);
      const [dx, dy] = nth ? around(nth, this.px(30)) : this.besideCase(x, y);
      spots.push({ unit, age, x: x + dx, y: y + dy });
    }
    return spots;
  }

  casesByCell() {
    const cells = new Map();
    for (const kase of this.scene.cases) {
      const [x, y] = this.at(kase);
      const key = `${Math.floor(x / this.px(40))} ${Math.floor(y / this.px(40))}`;
      cells.set(key, [...(cells.get(key) ?? []), [x, y]]);
    }
    return cells;
  }

  /** A unit at the door stands below its case, so that both can be read. */
  besideCase(x, y) {
    const near = this.px(20);
    const [col, row] = [Math.floor(x / this.px(40)), Math.floor(y / this.px(40))];
    for (const dc of [0, -1, 1]) for (const dr of [0, -1, 1]) {
      for (const [cx, cy] of this.cells.get(`${col + dc} ${row + dr}`) ?? []) {
        if (Math.hypot(cx - x, cy - y) < near) return [cx - x + this.px(16), cy - y + this.px(22)];
      }
    }
    return [0, 0];
  }

  addPost(post) {
    const [x, y] = this.scene.projection.pixels(post.at[0], post.at[1]);
    const name = word("{name}调解点", { name: post.name });
    this.add(`post ${post.name}`, x, y, [this.sprites.post()], name, "post", 12, 18);
  }

  addCase(kase) {
    const { now } = this.scene;
    const [x, y] = this.at(kase);
    const overdue = Boolean(kase.due_at) && Date.parse(kase.due_at) < now;
    const left = kase.due_at ? shareLeft(kase.start_at, kase.due_at, now) : 0;
    const near = Boolean(kase.due_at) && !overdue && left <= 0.25;
    const sign = word((kase.status === "open" ? WAITING[kase.route] ?? STAGES.open : STAGES[kase.status]) ?? "");
    const picture = this.sprites.case({ ...kase, sign, overdue, near, left });
    const urgent = kase.grave || overdue || kase.status === "open";
    const kind = urgent ? "case urgent" : "case";
    this.add(`case ${kase.id}`, x, y, [picture], kase.name, kind, 21, urgent ? 20 : 18);
    const state = `${kase.grave ? " grave" : ""}${overdue ? " overdue" : ""}${near ? " near" : ""}`;
    this.told.set(`case ${kase.id}`, [`case${state}`, `${sign} ${kase.name}${overdue ? ` ${word("超时")}` : ""}`]);
  }

  addUnit({ unit, age, x, y }) {
    const fix = unit.position;
    const stale = age === null || age > FRESH_S;
    const doubted = Boolean(fix?.doubt?.length);
    const busy = unit.status !== "free" && unit.status !== "off";
    const offline = unit.presence === "offline";
    const sos = unit.id === this.scene.focused;
    const pictures = [this.sprites.unit({ busy, stale, doubted, offline, sos })];
    const turned = typeof fix?.heading_deg === "number" && !stale;
    const mark = this.add(`unit ${unit.id}`, x, y, pictures, unitText(unit, age, doubted), stale ? "unit stale" : "unit", 14, 18);
    if (turned) Object.assign(mark, { heading: this.sprites.heading(busy), turn: (fix.heading_deg * Math.PI) / 180 });
    if (doubted) mark.blur = Math.max(fix.accuracy_m ?? 0, 80) * this.scene.projection.view.pxPerM;
    mark.sos = sos;
    const state = [busy ? "busy" : "free", stale && "stale", doubted && "doubt", offline && "offline", sos && "sos"];
    this.told.set(`unit ${unit.id}`, [`unit ${state.filter(Boolean).join(" ")}`, unitText(unit, age, doubted)]);
  }

  add(key, x, y, pictures, text, kind, radius, size) {
    const px = this.px(size);
    const width = textWidth(text, px);
    const spot = this.labels.place(x, y, this.px(radius), width, px);
    const mark = { key, x, y, pictures };
    if (spot) {
      const shift = { start: width / 2, end: -width / 2, middle: 0 }[spot.anchor];
      mark.label = this.sprites.label(text, kind, size, width / this.scene.unit);
      mark.offset = [spot.x + shift - x, spot.y - px * 0.35 - y];
    }
    this.marks.push(mark);
    return mark;
  }

  /** From a unit on its way to where it is going. */
  goalsOf(spots) {
    const goals = new Map(this.scene.cases.filter((c) => c.unit_id).map((c) => [c.unit_id, c]));
    return spots
      .filter(({ unit }) => goals.has(unit.id) && unit.status !== "on_scene")
      .map(({ unit }) => [`unit ${unit.id}`, this.at(goals.get(unit.id))]);
  }

  /** The list in words: only what changed is written. */
  say() {
    for (const [key, [kind, text]] of this.told) {
      let line = this.known.get(key);
      if (!line) {
        line = document.createElement("li");
        this.known.set(key, line);
        this.list.append(line);
      }
      if (line.className !== kind) line.className = kind;
      if (line.textContent !== text) line.textContent = text;
    }
    for (const [key, line] of this.known) {
      if (this.told.has(key)) continue;
      line.remove();
      this.known.delete(key);
    }
  }

  /** Move marks from where they are to where they should be, within a second. */
  glide() {
    const start = performance.now();
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const zoomed = this.seenView !== viewKey(this.scene.projection);
    this.seenView = viewKey(this.scene.projection);
    let moving = false;
    for (const mark of this.marks) {
      const from = zoomed || still ? undefined : this.places.get(mark.key);
      mark.from = from ?? [mark.x, mark.y];
      moving ||= Math.hypot(mark.from[0] - mark.x, mark.from[1] - mark.y) > 0.3 || (mark.sos && !still);
    }
    this.places = new Map();
    cancelAnimationFrame(this.coming);
    const beat = (now) => {
      const share = moving ? Math.min(1, Math.max(0, (now - start) / GLIDE_MS)) : 1;
      this.paint(share, now);
      if (share < 1) this.coming = requestAnimationFrame(beat);
    };
    beat(start);
  }

  paint(share, now) {
    this.frames += 1;
    const { width, height } = this.scene.projection.size;
    const [w, h] = [Math.round(width * this.ratio), Math.round(height * this.ratio)];
    if (this.canvas.width !== w || this.canvas.height !== h) Object.assign(this.canvas, { width: w, height: h });
    const pen = this.canvas.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, w, h);
    for (const { key, x, y, from } of this.marks) {
      this.places.set(key, [from[0] + (x - from[0]) * share, from[1] + (y - from[1]) * share]);
    }
    this.paintLines(pen);
    for (const mark of this.marks) this.paintMark(pen, mark, now);
    for (const { key, label, offset } of this.marks) {
      if (!label) continue;
      const [x, y] = this.places.get(key);
      this.stamp(pen, label, x + offset[0], y + offset[1]);
    }
  }

  paintLines(pen) {
    pen.save();
    pen.scale(this.ratio, this.ratio);
    pen.strokeStyle = this.sprites.colour("accent");
    pen.globalAlpha = 0.65;
    pen.lineWidth = this.px(2);
    pen.setLineDash([this.px(6), this.px(5)]);
    pen.beginPath();
    for (const [key, goal] of this.lines) {
      const place = this.places.get(key);
      if (!place) continue;
      pen.moveTo(...place);
      pen.lineTo(...goal);
    }
    pen.stroke();
    pen.restore();
  }

  paintMark(pen, { key, pictures, heading, turn, blur, sos }, now) {
    const [x, y] = this.places.get(key);
    if (blur) this.circle(pen, x, y, blur, "#ffc861", 0.12);
    if (sos) this.circle(pen, x, y, this.px(30 + ((now / 20) % 50)), "#ff7a6e", 0.3);
    if (heading) {
      pen.setTransform(1, 0, 0, 1, x * this.ratio, y * this.ratio);
      pen.rotate(turn);
      pen.drawImage(heading, -heading.width / 2, -heading.height / 2);
      pen.setTransform(1, 0, 0, 1, 0, 0);
    }
    for (const picture of pictures) this.stamp(pen, picture, x, y);
  }

  stamp(pen, picture, x, y) {
    pen.drawImage(picture, Math.round(x * this.ratio - picture.width / 2), Math.round(y * this.ratio - picture.height / 2));
  }

  circle(pen, x, y, radius, colour, fill) {
    pen.beginPath();
    pen.arc(x * this.ratio, y * this.ratio, radius * this.ratio, 0, 2 * Math.PI);
    pen.fillStyle = pen.strokeStyle = colour;
    pen.globalAlpha = fill;
    pen.fill();
    pen.globalAlpha = 1;
    pen.lineWidth = 1.5 * this.ratio;
    pen.stroke();
  }
}

const viewKey = ({ view, size }) => `${view.x} ${view.y} ${view.pxPerM} ${size.width} ${size.height}`;

function unitText(unit, age, doubted) {
  if (age === null) return `${unit.name} ${word("无定位")}`;
  if (doubted) return `${unit.name} ${word("定位存疑")}`;
  if (age > FRESH_S) return `${unit.name} ${word("定位{span}前", { span: spanText(age) })}`;
  return unit.name;
}

/** The nth place around a spot, in rings of six. */
function around(nth, radius) {
  const ring = Math.ceil(nth / 6);
  const angle = ((nth % 6) / 6) * 2 * Math.PI + ring;
  return [Math.cos(angle) * radius * ring, Math.sin(angle) * radius * ring];
}
