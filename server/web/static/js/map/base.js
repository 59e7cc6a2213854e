/** The base layer on a canvas: land, water, green, communities, roads by class, names. */

const ROADS = [
  { kind: "lane", width: 0.8, least: 0.02 },
  { kind: "street", width: 1.3, least: 0 },
  { kind: "main", width: 2.6, least: 0 },
  { kind: "trunk", width: 4.2, least: 0 },
];

/** @param {CanvasRenderingContext2D} pen @param {(name: string) => string} colour */
export function drawBase(pen, projection, district, colour, unit) {
  const path = (line, closed) => tracePath(pen, projection, line, closed);
  pen.lineJoin = pen.lineCap = "round";
  pen.fillStyle = colour("land");
  path(district.outline, true);
  pen.fill();
  pen.save();
  path(district.outline, true);
  pen.clip();
  drawShapes(pen, projection, district.shapes, colour, path);
  drawCommunities(pen, district.communities, colour, path, unit);
  drawRoads(pen, projection, district.roads, colour, path, unit);
  pen.restore();
  pen.strokeStyle = colour("edge");
  pen.lineWidth = 2 * unit;
  path(district.outline, true);
  pen.stroke();
  drawNames(pen, projection, district.communities, colour, unit);
}

/** What tiles do not know: the district and its communities. */
export function drawBorders(pen, projection, district, colour, unit) {
  const path = (line, closed) => tracePath(pen, projection, line, closed);
  drawCommunities(pen, district.communities, colour, path, unit);
  pen.strokeStyle = colour("edge");
  pen.lineWidth = 2 * unit;
  path(district.outline, true);
  pen.stroke();
}

function tracePath(pen, projection, line, closed) {
  pen.beginPath();
  line.forEach(([lat, lon], index) => {
    const [x, y] = projection.pixels(lat, lon);
    if (index) pen.lineTo(x, y);
    else pen.moveTo(x, y);
  });
  if (closed) pen.closePath();
}

function drawShapes(pen, projection, shapes, colour, path) {
  const order = { park: 0, lake: 1, river: 2 };
  for (const shape of [...shapes].sort((a, b) => order[a.kind] - order[b.kind])) {
    path(shape.line, shape.kind !== "river");
    if (shape.kind === "river") {
      pen.strokeStyle = colour("water");
      pen.lineWidth = Math.max(2, shape.width_m * 1.6 * projection.view.pxPerM);
      pen.stroke();
    } else {
      pen.fillStyle = colour(shape.kind === "park" ? "park" : "water");
      pen.fill();
    }
  }
}

function drawCommunities(pen, communities, colour, path, unit) {
  pen.strokeStyle = colour("border");
  pen.lineWidth = unit;
  pen.setLineDash([4 * unit, 5 * unit]);
  for (const community of communities) {
    path(community.outline, true);
    pen.stroke();
  }
  pen.setLineDash([]);
}

function drawRoads(pen, projection, roads, colour, path, unit) {
  for (const { kind, width, least } of ROADS) {
    if (projection.view.pxPerM < least) continue;
    pen.strokeStyle = colour(`road-${kind}`);
    pen.lineWidth = width * unit;
    for (const road of roads) {
      if (road.class !== kind) continue;
      path(road.line, false);
      pen.stroke();
    }
  }
}

function drawNames(pen, projection, communities, colour, unit) {
  const size = 15 * unit;
  pen.font = `${size}px "PingFang SC","Microsoft YaHei","Noto Sans CJK SC","Noto Sans SC",sans-serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillStyle = colour("name");
  const taken = [];
  for (const { name, at } of communities) {
    const [x, y] = projection.pixels(at[0], at[1]);
    const box = [x - (name.length * size) / 2, y - size / 2, x + (name.length * size) / 2, y + size / 2];
    if (taken.some((b) => box[0] < b[2] && box[2] > b[0] && box[1] < b[3] && box[3] > b[1])) continue;
    taken.push(box);
    pen.fillText(name, x, y);
  }
}

/** Soft spots where disputes came back; the more often, the larger and brighter. */
export function drawHeat(pen, projection, places, unit) {
  for (const [lat, lon, times] of places) {
    const [x, y] = projection.pixels(lat, lon);
    const radius = (14 + 6 * Math.min(times, 8)) * unit;
    const glow = pen.createRadialGradient(x, y, 0, x, y, radius);
    glow.addColorStop(0, `rgba(255, 157, 77, ${Math.min(0.2 + times * 0.07, 0.6)})`);
    glow.addColorStop(1, "rgba(255, 157, 77, 0)");
    pen.fillStyle = glow;
    pen.fillRect(x - radius, y - radius, radius * 2, radius * 2);
  }
}
