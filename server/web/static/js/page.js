/**
 * What every live page does: fetch its own address again and take over the parts marked
 * data-live; send forms without leaving the page; say plainly whether it is live.
 */

import { clockText, serverNow, setServerTime, tick } from "./clock.js";
import { morph } from "./morph.js";
import { word } from "./words.js";

const GAP_MS = 700;
const TRIES = 8;
const HEADERS = { Accept: "text/html" };

let running = null;
let again = false;
let lastStart = 0;
const listeners = [];

/** Called after each take-over with the fetched document. */
export const afterRefresh = (listener) => listeners.push(listener);

/**
 * Refresh soon; calls that come close together become one.
 * @param {(url: URL) => void} [narrow] may ask for a part of the page only
 */
export function refresh(narrow) {
  if (running) {
    again = true;
    return running;
  }
  const wait = Math.max(0, lastStart + GAP_MS - Date.now());
  running = new Promise((resolve) => setTimeout(resolve, wait))
    .then(() => fetchHere(narrow))
    .catch(() => setLive(false))
    .finally(() => {
      running = null;
      if (again) {
        again = false;
        refresh(narrow);
      }
    });
  return running;
}

async function fetchHere(narrow) {
  lastStart = Date.now();
  const url = new URL(location.href);
  url.hash = "";
  narrow?.(url);
  const here = location.href;
  const answer = await fetch(url, { headers: HEADERS });
  if (here !== location.href) return; // the person has gone on meanwhile
  if (leftForLogin(answer)) return;
  if (answer.ok) takeOver(await answer.text(), narrow ? url.searchParams.get("part") : null);
}

function leftForLogin(answer) {
  const there = new URL(answer.url);
  if (there.pathname !== "/login") return false;
  location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
  return true;
}

/** @param {string} html @param {string | null} only name of the one region to take over */
export function takeOver(html, only = null) {
  const next = new DOMParser().parseFromString(html, "text/html");
  const stamp = next.querySelector('meta[name="server-now"]')?.content;
  if (stamp) setServerTime(stamp);
  for (const region of document.querySelectorAll("[data-live]")) {
    const name = region.dataset.live;
    if (only && name !== only) continue;
    const fresh = next.querySelector(`[data-live="${name}"]`);
    const silent = name === "notices" && fresh && !fresh.children.length;
    if (fresh && !silent) morph(region, fresh);
  }
  markUpdated();
  tick();
  for (const listener of listeners) listener(next);
}

/** Go to another address of the same page without loading it anew. */
export async function visit(address, { push = true } = {}) {
  const answer = await fetch(address, { headers: HEADERS });
  if (leftForLogin(answer)) return;
  if (!answer.ok) {
    location.assign(address);
    return;
  }
  if (push) history.pushState(null, "", address);
  takeOver(await answer.text());
}

export function setLive(live) {
  for (const node of document.querySelectorAll("[data-live-state]")) {
    node.dataset.liveState = live ? "live" : "broken";
    node.querySelector("[data-live-word]").textContent = live ? word("实时") : word("连接中断，正在重连");
  }
  if (live) markUpdated();
}

/** Note that what is shown is as of now. */
export function markUpdated() {
  for (const node of document.querySelectorAll("[data-updated]")) {
    node.textContent = clockText(serverNow());
  }
}

/** Forms keep what was typed through refreshes, and are sent without leaving the page. */
export function enhanceForms() {
  document.addEventListener("input", ({ target }) => {
    target.closest?.("form[method=post]")?.setAttribute("data-dirty", "");
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.getAttribute("action") === "/logout" || form.hasAttribute("data-plain")) return;
    event.preventDefault();
    send(form, event.submitter);
  });
}

async function send(form, submitter) {
  if (form.hasAttribute("data-sending")) return;
  form.setAttribute("data-sending", "");
  const body = new FormData(form, submitter);
  body.set("csrf_token", document.querySelector('meta[name="csrf-token"]').content);
  try {
    const answer = await post(form, body);
    form.removeAttribute("data-dirty");
    if (leftForLogin(answer)) return;
    const text = await answer.text();
    const path = new URL(answer.url).pathname;
    if (path !== location.pathname || !answer.ok) {
      location.assign(answer.ok ? answer.url : location.href);
      return;
    }
    takeOver(text);
  } catch {
    say(word("没有送达，请检查网络后再试。"));
  } finally {
    form.removeAttribute("data-sending");
  }
}

/** A form marked data-retry carries a key, so it may be sent again until it arrives. */
async function post(form, body) {
  const tries = form.hasAttribute("data-retry") ? TRIES : 1;
  const touched = new Date(serverNow()).toISOString();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await fetch(form.action, { method: "POST", body: new URLSearchParams(body), headers: HEADERS });
    } catch (error) {
      if (attempt >= tries) throw error;
      body.set("at", touched);
      const sign = form.querySelector(".sending");
      if (sign) sign.hidden = false;
      await new Promise((resolve) => setTimeout(resolve, Math.min(1000 * 2 ** attempt, 15000)));
    }
  }
}

/** Say something where the page's notices are. @param {"bad" | "good"} tone */
export function say(text, tone = "bad") {
  const place = document.querySelector(".notices");
  const line = document.createElement("p");
  line.className = `notice ${tone}`;
  line.textContent = `${tone === "good" ? "✓" : "！"} ${text}`;
  place?.replaceChildren(line);
}
