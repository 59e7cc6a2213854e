/**
 * The page's clocks: one tick a second for everything that counts, by the server's time.
 * A wrong clock on this machine does not matter.
 */

import { chinese, word } from "./words.js";

let skewMs = 0;

const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? "";

/** @param {string} iso the server's instant when it made the page */
export function setServerTime(iso) {
  const there = Date.parse(iso);
  if (Number.isFinite(there)) skewMs = there - Date.now();
}

export const serverNow = () => Date.now() + skewMs;

const zone = meta("time-zone") || "Asia/Shanghai";
const clockFormat = new Intl.DateTimeFormat("zh-CN", {
  timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});
const dayFormat = new Intl.DateTimeFormat(chinese ? "zh-CN" : "en-GB", {
  timeZone: zone, month: chinese ? "numeric" : "long", day: "numeric", weekday: "long",
});

export const clockText = (ms) => clockFormat.format(ms);

function dayText(ms) {
  const part = Object.fromEntries(dayFormat.formatToParts(ms).map(({ type, value }) => [type, value]));
  return chinese ? `${part.month}月${part.day}日 ${part.weekday}` : `${part.weekday}, ${part.day} ${part.month}`;
}

/** Seconds as 1:05 or 1:02:03. */
export function countText(seconds) {
  const whole = Math.floor(Math.abs(seconds));
  const two = (n) => String(n).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  const head = minutes >= 60 ? `${Math.floor(minutes / 60)}:${two(minutes % 60)}` : `${minutes}`;
  return `${seconds < 0 ? `${word("超时")} ` : ""}${head}:${two(whole % 60)}`;
}

/** Seconds as people say them: 45秒, 3分, 2小时05分. */
export function spanText(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return word("{n}秒", { n: whole });
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return word("{n}分", { n: minutes });
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return word("{n}小时{m}分", { n: hours, m: String(minutes % 60).padStart(2, "0") });
  return word("{n}天", { n: Math.floor(hours / 24) });
}

/** How much of the time between two instants is left, 0 to 1. */
export function shareLeft(startIso, dueIso, now) {
  const start = Date.parse(startIso), due = Date.parse(dueIso);
  return Math.min(1, Math.max(0, (due - now) / Math.max(1000, due - start)));
}

export function tick() {
  const now = serverNow();
  for (const node of document.querySelectorAll("[data-due]")) tickDue(node, now);
  for (const node of document.querySelectorAll("[data-ring]")) {
    const left = shareLeft(node.dataset.start, node.dataset.ring, now) * 100;
    node.setAttribute("stroke-dasharray", `${left.toFixed(1)} 100`);
  }
  for (const node of document.querySelectorAll("[data-since]")) {
    write(node, spanText((now - Date.parse(node.dataset.since)) / 1000));
  }
  for (const node of document.querySelectorAll("[data-clock]")) write(node, clockText(now));
  for (const node of document.querySelectorAll("[data-day]")) {
    write(node, dayText(now));
  }
}

function tickDue(node, now) {
  const left = (Date.parse(node.dataset.due) - now) / 1000;
  const near = left >= 0 && shareLeft(node.dataset.start, node.dataset.due, now) <= 0.25;
  write(node, countText(left));
  for (const target of [node, node.closest("[data-due-host]"), node.closest(".until")]) {
    target?.classList.toggle("overdue", left < 0);
    target?.classList.toggle("near", near);
  }
}

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Begin to tick, on the second. */
export function startClocks() {
  setServerTime(meta("server-now"));
  const beat = () => {
    tick();
    setTimeout(beat, 1000 - (serverNow() % 1000));
  };
  beat();
}
