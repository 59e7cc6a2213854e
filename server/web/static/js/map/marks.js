/** Marks above the base: mediation points, cases with their clock, units with their age. */

import { shareLeft, spanText } from "../clock.js";
import { Labels, textWidth } from "./labels.js";

const NS = "http://www.w3.org/2000/svg";
const FRESH_S = 60;
const STAGES = { open: "待", assigned: "派", signed: "签", en_route: "途", on_scene: "场" };
const WAITING = { police: "警", joint: "警", review: "研", service: "转" };

export class Marks {
  /** @param {HTMLElement} host */
  constructor(host) {
    this.svg = make("svg", { class: "marks", role: "img", "aria-label": "单元与警情的位置" });
    this.layers = {};
    for (const name of ["lines", "posts", "cases", "units", "labels"]) {
      this.layers[name] = make("g", { class: name });
      this.svg.append(this.layers[name]);
    }
    host.append(this.svg);
    this.known = new Map();
  }

  draw(scene) {
    this.scene = scene;
    this.px = (n) => n * scene.unit;
    this.labels = new Labels();
    this.alive = new Set();
    this.layers.labels.replaceChildren();
    this.layers.lines.replaceChildren();
    const spots = this.unitSpots();
    for (const kase of scene.cases) this.labels.block(...this.at(kase), this.px(20));
    for (const spot of spots) this.labels.block(spot.x, spot.y, this.px(12));
    for (const kase of scene.cases) this.drawCase(kase);
    for (const spot of spots) this.drawUnit(spot);
    for (const post of scene.posts) this.drawPost(post);
    this.drawLines(spots);
    for (const [key, node] of this.known) {
      if (this.alive.has(key)) continue;
      node.remove();
      this.known.delete(key);
    }
  }

  at({ lat, lon }) {
    return this.scene.projection.pixels(lat, lon);
  }

  /** Units on duty and where to draw them; those at the same spot stand around it. */
  unitSpots() {
    const crowd = new Map();
    const spots = [];
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

  /** A unit at the door stands below its case, so that both can be read. */
  besideCase(x, y) {
    const near = this.px(20);
    for (const kase of this.scene.cases) {
      const [cx, cy] = this.at(kase);
      if (Math.hypot(cx - x, cy - y) < near) return [cx - x + this.px(16), cy - y + this.px(22)];
    }
    return [0, 0];
  }

  drawPost(post) {
    const [x, y] = this.scene.projection.pixels(post.at[0], post.at[1]);
    const node = this.node(`post ${post.name}`, "posts", "post", (group) => {
      group.append(make("path", { d: "M-9 9V-3L0-11 9-3V9Z" }));
    });
    move(node, x, y, this.scene.unit);
    this.label(`${post.name}调解点`, x, y, this.px(12), 18, "post");
  }

  drawCase(kase) {
    const [x, y] = this.at(kase);
    const node = this.node(`case ${kase.id}`, "cases", "case", (group) => {
      group.append(
        make("circle", { class: "halo", r: 26 }), make("circle", { class: "disc", r: 15 }),
        make("circle", { class: "ring-back", r: 19 }),
        make("circle", { class: "ring", r: 19, pathLength: 100, transform: "rotate(-90)" }),
        make("text", { y: 6.5, "text-anchor": "middle" }),
      );
    });
    const { now } = this.scene;
    const overdue = kase.due_at && Date.parse(kase.due_at) < now;
    const left = kase.due_at ? shareLeft(kase.start_at, kase.due_at, now) : 0;
    node.setAttribute("class", ["case", `stage-${kase.status}`, `route-${kase.route}`,
      kase.grave ? "grave" : "", overdue ? "overdue" : left <= 0.25 && kase.due_at ? "near" : ""].join(" "));
    node.querySelector(".ring").setAttribute("stroke-dasharray", `${(left * 100).toFixed(1)} 100`);
    const sign = kase.status === "open" ? WAITING[kase.route] ?? STAGES.open : STAGES[kase.status];
    write(node.querySelector("text"), sign ?? "");
    move(node, x, y, this.scene.unit);
    const urgent = kase.grave || overdue || kase.status === "open";
    this.label(kase.name, x, y, this.px(21), urgent ? 20 : 18, urgent ? "case urgent" : "case");
  }

  drawUnit({ unit, age, x, y }) {
    const node = this.node(`unit ${unit.id}`, "units", "unit", (group) => {
      group.append(
        make("circle", { class: "blur", r: 0 }),
        make("path", { class: "heading", d: "M0-18 7-5H-7Z" }),
        make("circle", { class: "disc", r: 9 }), make("circle", { class: "age", r: 13 }),
      );
    });
    const fix = unit.position;
    const stale = age === null || age > FRESH_S;
    const doubted = Boolean(fix?.doubt?.length);
    const busy = unit.status !== "free" && unit.status !== "off";
    node.setAttribute("class", ["unit", busy ? "busy" : "free", stale ? "stale" : "",
      doubted ? "doubt" : "", unit.presence === "offline" ? "offline" : "",
      unit.id === this.scene.focused ? "sos" : ""].join(" "));
    const heading = node.querySelector(".heading");
    const turn = fix?.heading_deg;
    heading.setAttribute("visibility", turn === null || turn === undefined || stale ? "hidden" : "visible");
    if (turn !== null && turn !== undefined) heading.setAttribute("transform", `rotate(${turn})`);
    const blurM = doubted ? Math.max(fix.accuracy_m ?? 0, 80) : 0;
    const blurPx = (blurM * this.scene.projection.view.pxPerM) / this.scene.unit;
    node.querySelector(".blur").setAttribute("r", blurPx.toFixed(1));
    move(node, x, y, this.scene.unit);
    this.label(unitText(unit, age, doubted), x, y, this.px(14), 18, stale ? "unit stale" : "unit");
  }

  /** From a unit on its way to where it is going. */
  drawLines(spots) {
    const goals = new Map(this.scene.cases.filter((c) => c.unit_id).map((c) => [c.unit_id, c]));
    for (const { unit, x, y } of spots) {
      const goal = goals.get(unit.id);
      if (!goal || unit.status === "on_scene") continue;
      const [gx, gy] = this.at(goal);
      this.layers.lines.append(make("line", { x1: x, y1: y, x2: gx, y2: gy }));
    }
  }

  label(text, x, y, radius, size, kind) {
    const px = this.px(size);
    const spot = this.labels.place(x, y, radius, textWidth(text, px), px);
    if (!spot) return;
    const node = make("text", { x: spot.x, y: spot.y, "text-anchor": spot.anchor, class: kind, "font-size": px });
    node.textContent = text;
    this.layers.labels.append(node);
  }

  node(key, layer, kind, build) {
    this.alive.add(key);
    let node = this.known.get(key);
    if (!node) {
      node = make("g", { class: kind });
      build(node);
      this.layers[layer].append(node);
      this.known.set(key, node);
    }
    return node;
  }
}

function unitText(unit, age, doubted) {
  if (age === null) return `${unit.name} 无定位`;
  if (doubted) return `${unit.name} 定位存疑`;
  if (age > FRESH_S) return `${unit.name} 定位${spanText(age)}前`;
  return unit.name;
}

/** The nth place around a spot, in rings of six. */
function around(nth, radius) {
  const ring = Math.ceil(nth / 6);
  const angle = ((nth % 6) / 6) * 2 * Math.PI + ring;
  return [Math.cos(angle) * radius * ring, Math.sin(angle) * radius * ring];
}

function make(name, attributes) {
  const node = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

function move(node, x, y, scale) {
  node.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px) scale(${scale})`;
}

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
