/**
 * Small pictures of marks, drawn once for each look and then only copied: five hundred marks
 * cost a canvas as many copies a frame, and no layout.
 */

const FONT = '"PingFang SC","Microsoft YaHei","Noto Sans CJK SC","Noto Sans SC",sans-serif';
const MOST = 1500;
const LABELS = {
  unit: ["#dfeae9", 500], "unit stale": ["#9fb2b3", 500], post: ["#cfe3e0", 500],
  case: ["#b9dcd7", 500], "case urgent": ["#ffffff", 700],
};

export class Sprites {
  constructor() {
    this.kept = new Map();
    this.scale = 0;
  }

  /** Colours are tokens of the page; a new size or screen begins anew. */
  begin(colour, scale) {
    this.colour = colour;
    if (scale !== this.scale || this.kept.size > MOST) this.kept.clear();
    this.scale = scale;
  }

  /** The picture under a key; its middle is the mark's place. */
  get(key, width, height, draw) {
    let made = this.kept.get(key);
    if (!made) {
      made = document.createElement("canvas");
      made.width = Math.ceil(width * this.scale);
      made.height = Math.ceil(height * this.scale);
      const pen = made.getContext("2d");
      pen.scale(this.scale, this.scale);
      pen.translate(width / 2, height / 2);
      draw(pen, this.colour);
      this.kept.set(key, made);
    }
    return made;
  }

  case({ status, route, sign, grave, overdue, near, left }) {
    const share = Math.round(left * 20) / 20;
    const key = `case ${status} ${route} ${sign} ${grave} ${overdue} ${near} ${share}`;
    return this.get(key, 68, 68, (pen, colour) => {
      const [fill, edge, ink] = caseColours(status, route, colour);
      if (grave) ring(pen, 29, colour("police"), 2.5, [3, 3]);
      disc(pen, 15, fill, edge, 1.5);
      if (overdue) ring(pen, 19, colour("bad"), 4, [5, 3.5]);
      else if (share > 0) {
        ring(pen, 19, colour("line"), 4);
        arc(pen, 19, share, near ? colour("warn") : colour("accent"));
      }
      letter(pen, sign, ink);
    });
  }

  unit({ busy, stale, doubted, offline, sos }) {
    return this.get(`unit ${busy} ${stale} ${doubted} ${offline} ${sos}`, 40, 40, (pen, colour) => {
      const fill = sos ? colour("bad") : offline ? "#222d30" : stale ? "#4c5c60" : busy ? colour("accent") : "#eafff9";
      disc(pen, 9, fill, sos ? "#fff" : stale || offline ? "#c4d1d1" : "#04211d", stale ? 1 : 2);
      if (stale) ring(pen, 13, "#c4d1d1", 1.6, [3.5, 3]);
      if (doubted) ring(pen, 14, "#ffc861", 2, [2, 3]);
    });
  }

  heading(busy) {
    return this.get(`heading ${busy}`, 40, 40, (pen, colour) => {
      pen.fillStyle = busy ? colour("accent") : "#eafff9";
      pen.fill(new Path2D("M0-18 7-5H-7Z"));
    });
  }

  post() {
    return this.get("post", 26, 26, (pen) => {
      const house = new Path2D("M-9 9V-3L0-11 9-3V9Z");
      pen.fillStyle = "#0c1316";
      pen.fill(house);
      pen.strokeStyle = "#cfe3e0";
      pen.lineWidth = 2;
      pen.stroke(house);
    });
  }

  /** A word with a dark edge, so that it reads on any ground. */
  label(text, kind, size, width) {
    return this.get(`label ${kind} ${size} ${text}`, width + 10, size * 1.6, (pen) => {
      const [ink, weight] = LABELS[kind] ?? LABELS.unit;
      pen.font = `${weight} ${size}px ${FONT}`;
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      pen.lineJoin = "round";
      pen.lineWidth = size * 0.28;
      pen.strokeStyle = "#0c1316";
      pen.strokeText(text, 0, 0);
      pen.fillStyle = ink;
      pen.fillText(text, 0, 0);
    });
  }
}

function caseColours(status, route, colour) {
  if (status === "on_scene") return [colour("accent"), colour("accent"), colour("accent-ink")];
  const name = { police: "police", joint: "police", review: "review", service: "service" }[route];
  if (status === "open" && name) return [colour(`${name}-soft`), colour(name), colour(name)];
  if (status === "open") return [colour("sunk"), colour("soft"), colour("ink")];
  return [colour("mediate-soft"), colour("mediate"), colour("ink")];
}

function disc(pen, radius, fill, edge, width) {
  pen.beginPath();
  pen.arc(0, 0, radius, 0, 2 * Math.PI);
  pen.fillStyle = fill;
  pen.fill();
  pen.strokeStyle = edge;
  pen.lineWidth = width;
  pen.stroke();
}

function ring(pen, radius, colour, width, dash = []) {
  pen.beginPath();
  pen.arc(0, 0, radius, 0, 2 * Math.PI);
  pen.setLineDash(dash);
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.stroke();
  pen.setLineDash([]);
}

function arc(pen, radius, share, colour) {
  pen.beginPath();
  pen.arc(0, 0, radius, -Math.PI / 2, -Math.PI / 2 + share * 2 * Math.PI);
  pen.strokeStyle = colour;
  pen.lineWidth = 4;
  pen.stroke();
}

function letter(pen, sign, ink) {
  pen.font = `700 17px ${FONT}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillStyle = ink;
  pen.fillText(sign, 0, 1);
}
