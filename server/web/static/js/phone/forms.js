/**
 * Forms marked data-queue are kept on the phone and sent from there. A touch can be taken back
 * for some seconds; what calls for help goes at once.
 */

import { say } from "../page.js";
import { canRecord, record, shrink } from "./capture.js";
import { add, newKey, touchedAt, undo, UNDO_MS, waiting } from "./outbox.js";
import { nameOf, timeOf } from "./overlay.js";
import { lastFix } from "./position.js";
import { word } from "../words.js";

const AT_ONCE = new Set(["sos", "recall"]);

let shown = null;
let hideTimer = null;

export function queueForms() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset.queue) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    take(form);
  }, { capture: true });
  document.addEventListener("click", ({ target }) => {
    if (target.closest?.("[data-undo]")) takeBack();
    const dial = target.closest?.("[data-dial]");
    if (dial) noteDial(dial);
    const voice = target.closest?.("[data-voice]");
    if (voice) toggleVoice(voice);
  });
  document.addEventListener("change", ({ target }) => {
    if (target.matches?.("input[type=file][data-now]") && target.files.length) target.form.requestSubmit();
  });
}

async function take(form) {
  const button = form.querySelector("button:not([type=button])");
  if (button?.disabled) return;
  if (button) button.disabled = true;
  const at = touchedAt(); // making a photo small takes its time
  try {
    const act = await read(form);
    if (act) await keepAct({ ...act, at }, AT_ONCE.has(form.dataset.queue) ? 0 : UNDO_MS);
    form.removeAttribute("data-dirty");
    if (form.dataset.queue === "attachment") form.reset(); // the next note is likely to follow
    else form.closest("details")?.removeAttribute("open");
  } catch (error) {
    say(word(error.message === "full" ? "手机里待发送的太多，请先连上网络发出去。" : "没有记下来，请再试一次。"));
  } finally {
    if (button) button.disabled = false;
  }
}

async function keepAct(act, undoMs) {
  const kept = await add(act, { undoMs });
  if (undoMs) offerUndo(kept);
  else if (!navigator.onLine) say(word("没有网络！还没有发出，请直接拨打110或用对讲机。"));
}

/** @returns {Promise<object | null>} the act a form stands for */
async function read(form) {
  const data = new FormData(form);
  const base = { kind: form.dataset.queue, caseId: form.dataset.case, key: data.get("key") || newKey() };
  if (base.kind === "step") return { ...base, fields: { step: data.get("step") } };
  if (base.kind === "sos") return sosAct(base, data.get("active") !== "no");
  if (base.kind === "recall") return { ...base, fields: {} };
  if (base.kind === "hand") return { ...base, deviceId: data.get("device_id"), fields: { member: data.get("member") || null } };
  if (base.kind === "close") return { ...base, fields: closing(data) };
  return attachment(base, data);
}

function sosAct(base, active) {
  const fix = lastFix();
  return { ...base, key: newKey(), fields: { active, ...(fix ? { fix } : {}) } };
}

function closing(data) {
  const amount = Number.parseFloat((data.get("amount_yuan") ?? "").replace(/[,，]/g, ""));
  const fields = { disposition: data.get("disposition") };
  if (Number.isFinite(amount) && amount >= 0) fields.amount_yuan = amount;
  if (data.get("note")?.trim()) fields.note = data.get("note").trim();
  return fields;
}

async function attachment(base, data) {
  const kind = data.get("kind");
  const act = { ...base, key: newKey(), fields: { kind } };
  if (kind === "note") {
    const text = data.get("text")?.trim();
    return text ? { ...act, fields: { kind, text } } : null;
  }
  const file = data.get("file");
  if (!file?.size) return null;
  return { ...act, blob: kind === "photo" ? await shrink(file) : file };
}

function offerUndo(act) {
  const bar = document.querySelector("[data-undo-bar]");
  if (!bar) return;
  shown = act;
  bar.querySelector("span").textContent = word("已记下 {act} {at}", { act: nameOf(act), at: timeOf(act) });
  bar.hidden = false;
  clearTimeout(hideTimer);
  hideTimer = setTimeout(hideWhenSent, UNDO_MS);
}

/** Without a network nothing is sent yet, so it can still be taken back. */
async function hideWhenSent() {
  const bar = document.querySelector("[data-undo-bar]");
  const unsent = (await waiting()).some((act) => act.id === shown?.id && !act.refused);
  if (unsent && !navigator.onLine) hideTimer = setTimeout(hideWhenSent, UNDO_MS);
  else if (bar) bar.hidden = true;
}

async function takeBack() {
  const bar = document.querySelector("[data-undo-bar]");
  bar.hidden = true;
  if (!shown) return;
  const inTime = await undo(shown.id);
  say(word(inTime ? "已撤销 {act}" : "{act}已经发出，不能撤销。", { act: nameOf(shown) }), inTime ? "good" : "bad");
  shown = null;
}

/** The link dials by itself, with or without a network; that it was touched is the proof. */
function noteDial(link) {
  add({ kind: "dial", caseId: link.dataset.case, key: newKey(), fields: {} }, { undoMs: 0 }).catch(() => {});
}

let recording = null;

async function toggleVoice(button) {
  if (!canRecord()) {
    say(word("此处不能录音：须用HTTPS打开并允许麦克风。请改用文字说明。"));
    return;
  }
  if (recording) {
    recording.stop();
    return;
  }
  try {
    recording = await record();
  } catch {
    say(word("没有拿到麦克风，请在手机设置里允许。"));
    return;
  }
  button.setAttribute("aria-pressed", "true");
  const blob = await recording.made;
  recording = null;
  button.setAttribute("aria-pressed", "false");
  await keepAct({ kind: "attachment", caseId: button.dataset.case, key: newKey(), fields: { kind: "voice" }, blob }, UNDO_MS);
}
