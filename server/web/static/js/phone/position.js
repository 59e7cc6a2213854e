/**
 * The phone's own position, when its owner allows it and while the page is open: kept first,
 * then sent, so that a hole in the network loses none.
 */

import { serverNow } from "../clock.js";
import { chosen, lowData } from "./options.js";
import { dropFix, fixes, keepFix } from "./store.js";

const EVERY_MS = 15000;
const EVERY_LOW_MS = 60000;
const BATCH = 100;

let watch = null;
let lastKept = 0;
let newest = null;

export const possible = () => window.isSecureContext && "geolocation" in navigator;
export const lastFix = () => newest;

/** Begin or end by what the owner chose. */
export function followPosition() {
  const wanted = possible() && chosen("position");
  if (wanted && watch === null) {
    watch = navigator.geolocation.watchPosition(note, () => {}, { enableHighAccuracy: true, maximumAge: 5000 });
  } else if (!wanted && watch !== null) {
    navigator.geolocation.clearWatch(watch);
    watch = null;
  }
}

async function note({ coords, timestamp }) {
  const late = Date.now() - timestamp;
  newest = {
    at: new Date(serverNow() - Math.max(0, late)).toISOString(),
    lat: coords.latitude,
    lon: coords.longitude,
    accuracy_m: coords.accuracy,
  };
  if (Date.now() - lastKept < (lowData() ? EVERY_LOW_MS : EVERY_MS)) return;
  lastKept = Date.now();
  await keepFix(newest);
  await sendFixes();
}

/** Send what is kept; silently tries again with the next fix. */
export async function sendFixes() {
  const kept = await fixes(BATCH);
  if (!kept.length) return;
  const token = document.querySelector('meta[name="csrf-token"]').content;
  const body = JSON.stringify({ fixes: kept.map(({ id: _, ...fix }) => fix) });
  const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token };
  const answer = await fetch("/api/v1/phone/fixes", { method: "POST", headers, body }).catch(() => null);
  if (answer?.ok || answer?.status === 422) for (const { id } of kept) await dropFix(id);
}
