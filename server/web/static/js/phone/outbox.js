/**
 * Sends what the phone keeps: one after the other in the order of making, an SOS first and then
 * what calls the police, each
 * under the key it was made with, so that it acts once however often it is sent. What the server
 * refuses stays, with the reason, until the person has read it.
 */

import { serverNow } from "../clock.js";
import { acts, change, drop, keep } from "./store.js";

export const UNDO_MS = 5000;
const FIRST_PAUSE_MS = 2000;
const LONGEST_PAUSE_MS = 60000;
const TIMEOUT_MS = 30000;
const UNTAKEN = "内容有误，未被接受";
const AGAIN = new Set([401, 408, 425, 429]);

const listeners = [];
let pauseMs = FIRST_PAUSE_MS;
let timer = null;
let busy = false;

const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? "";
export const owner = () => meta("phone-user");

/** Called with `{sent, answer}` after each act that arrived, and with `{}` after other changes. */
export const onChange = (listener) => listeners.push(listener);
const tell = (what = {}) => listeners.forEach((listener) => listener(what));

export const newKey = () => crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;

/** Now, by the server's clock. */
export const touchedAt = () => new Date(serverNow()).toISOString();

/**
 * Keep an act and send it when its time to be undone has passed.
 * @param {{kind: string, caseId?: string, key: string, fields: object, blob?: Blob}} act
 */
export async function add(act, { undoMs = UNDO_MS } = {}) {
  const kept = { at: touchedAt(), ...act, user: owner(), notBefore: Date.now() + undoMs, refused: "" };
  kept.id = await keep(kept);
  tell();
  schedule(undoMs);
  return kept;
}

/** Take an act back before it was sent. @returns {Promise<boolean>} whether it was in time */
export async function undo(id) {
  return exclusively(async () => {
    const found = (await acts()).find((act) => act.id === id);
    if (!found || found.sending) return false;
    await drop(id);
    tell();
    return true;
  });
}

/** Forget an act that the server refused, once somebody has read why. */
export async function dismiss(id) {
  await drop(id);
  tell();
}

/** This user's acts, oldest first; another user's wait for that user. */
export const waiting = async () => (await acts()).filter((act) => act.user === owner());

export function schedule(ms = 0) {
  clearTimeout(timer);
  timer = setTimeout(flush, ms + 30);
}

/** Two open pages must not send at the same moment. */
function exclusively(work) {
  return navigator.locks ? navigator.locks.request("xiaonao-outbox", work) : work();
}

/** Send what is due; stops at the first that does not get through. */
export async function flush() {
  if (busy) return;
  busy = true;
  try {
    await exclusively(sendDue);
  } finally {
    busy = false;
  }
  await planNext();
}

async function sendDue() {
  for (;;) {
    const due = (await waiting()).filter((act) => !act.refused && act.notBefore <= Date.now());
    const next = due.find((act) => act.kind === "sos") ?? due.find((act) => act.kind === "recall") ?? due[0];
    if (!next) {
      pauseMs = FIRST_PAUSE_MS;
      return;
    }
    if (!(await sendOne(next))) {
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      return;
    }
  }
}

async function planNext() {
  const left = (await waiting()).filter((act) => !act.refused);
  if (!left.length) return;
  const soonest = Math.min(...left.map((act) => act.notBefore)) - Date.now();
  schedule(soonest > 0 ? soonest : pauseMs * (0.75 + Math.random() / 2));
}

/** @returns {Promise<boolean>} false when the way is cut and later acts need not be tried */
async function sendOne(act, tokenIsFresh = false) {
  let answer;
  try {
    answer = await fetch(...request(act));
  } catch {
    return false;
  }
  if (answer.ok) {
    await drop(act.id);
    tell({ sent: act, answer: await answer.json().catch(() => ({})) });
    return true;
  }
  const problem = await answer.json().catch(() => ({}));
  if (answer.status === 403 && /X-CSRFToken/.test(problem.detail ?? "") && !tokenIsFresh) {
    return (await freshToken()) && sendOne(act, true);
  }
  if (answer.status >= 500 || AGAIN.has(answer.status)) {
    if (answer.status === 401) tell({ signIn: true });
    return false;
  }
  await change({ ...act, refused: why(act, answer.status, problem) });
  tell({ refused: act });
  return true;
}

function why(act, status, problem) {
  const told = /[\u4e00-\u9fff].*/.exec(problem.detail ?? "")?.[0];
  if (act.kind === "hand") return handRefused(status) ?? told ?? UNTAKEN;
  if (problem.winner) return "警情已由别的单元接手";
  if (status === 403) return "不再是你单元的警情";
  if (status === 404) return "警情已不存在";
  if (status === 409) return "警情已办结或状态已变";
  if (status === 413) return "文件太大";
  return told ?? UNTAKEN;
}

function handRefused(status) {
  return { 403: "设备不在你单元", 404: "设备已停用", 409: "此后已另有交接" }[status];
}

async function freshToken() {
  const page = await fetch("/m/settings", { headers: { Accept: "text/html" } }).catch(() => null);
  if (!page?.ok) return false;
  const fresh = new DOMParser().parseFromString(await page.text(), "text/html");
  const token = fresh.querySelector('meta[name="csrf-token"]')?.content;
  if (token) document.querySelector('meta[name="csrf-token"]').content = token;
  return Boolean(token);
}

const ADDRESS = {
  step: (act) => `/api/v1/cases/${act.caseId}/steps`,
  close: (act) => `/api/v1/cases/${act.caseId}/close`,
  recall: (act) => `/api/v1/cases/${act.caseId}/recall`,
  hand: (act) => `/api/v1/devices/${encodeURIComponent(act.deviceId)}/hand`,
  dial: (act) => `/api/v1/cases/${act.caseId}/calls`,
  sos: () => "/api/v1/phone/sos",
  attachment: (act) => `/m/cases/${act.caseId}/attachments`,
};

function request(act) {
  const headers = { Accept: "application/json", "X-CSRFToken": meta("csrf-token") };
  const options = { method: "POST", headers, signal: AbortSignal.timeout?.(TIMEOUT_MS) };
  if (act.kind === "attachment") {
    const form = new FormData();
    for (const [name, value] of Object.entries({ ...act.fields, key: act.key, at: act.at })) form.set(name, value);
    if (act.blob) form.set("file", act.blob, "file");
    return [ADDRESS.attachment(act), { ...options, body: form }];
  }
  headers["Content-Type"] = "application/json";
  const told = { ...act.fields };
  if (act.kind !== "hand") told.key = act.key; // device, person and moment say which hand-over it is
  if (act.kind !== "close") told.at = act.at;
  return [ADDRESS[act.kind](act), { ...options, body: JSON.stringify(told) }];
}
