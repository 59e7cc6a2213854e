/** GCJ-02, the datum of Chinese map vendors, to and from WGS-84; the server's own formulas. */

const SEMI_MAJOR_M = 6378245; // Krasovsky 1940, which the shift is defined on
const ECCENTRICITY_SQUARED = 0.00669342162296594323;
const STEPS = 30;
const CLOSE_DEG = 1e-10;

const wave = (value) => ((20 * Math.sin(6 * value * Math.PI) + 20 * Math.sin(2 * value * Math.PI)) * 2) / 3;

function northM(x, y) {
  const flat = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * Math.sqrt(Math.abs(x));
  const short = ((20 * Math.sin(y * Math.PI) + 40 * Math.sin((y / 3) * Math.PI)) * 2) / 3;
  const long = ((160 * Math.sin((y / 12) * Math.PI) + 320 * Math.sin((y * Math.PI) / 30)) * 2) / 3;
  return flat + wave(x) + short + long;
}

function eastM(x, y) {
  const flat = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * Math.sqrt(Math.abs(x));
  const short = ((20 * Math.sin(x * Math.PI) + 40 * Math.sin((x / 3) * Math.PI)) * 2) / 3;
  const long = ((150 * Math.sin((x / 12) * Math.PI) + 300 * Math.sin((x / 30) * Math.PI)) * 2) / 3;
  return flat + wave(x) + short + long;
}

/** @returns {[number, number]} latitude and longitude */
export function toGcj02(lat, lon) {
  if (lon < 72.004 || lon > 137.8347 || lat < 0.8293 || lat > 55.8271) return [lat, lon];
  const [x, y] = [lon - 105, lat - 35];
  const phi = (lat * Math.PI) / 180;
  const magic = 1 - ECCENTRICITY_SQUARED * Math.sin(phi) ** 2;
  const root = Math.sqrt(magic);
  const meridianM = (SEMI_MAJOR_M * (1 - ECCENTRICITY_SQUARED)) / (magic * root);
  const parallelM = (SEMI_MAJOR_M / root) * Math.cos(phi);
  const degrees = 180 / Math.PI;
  return [lat + (northM(x, y) / meridianM) * degrees, lon + (eastM(x, y) / parallelM) * degrees];
}

/** The point that the shift takes to here, by repetition. */
export function fromGcj02(lat, lon) {
  let guess = [lat, lon];
  for (let step = 0; step < STEPS; step += 1) {
    const [outLat, outLon] = toGcj02(...guess);
    guess = [guess[0] - (outLat - lat), guess[1] - (outLon - lon)];
    if (Math.abs(outLat - lat) < CLOSE_DEG && Math.abs(outLon - lon) < CLOSE_DEG) break;
  }
  return guess;
}
