/** The phone's own choices, the list of what waits, and being woken by push. */

import { say } from "../page.js";
import { ring } from "./alert.js";
import { choose, chosen, lowData } from "./options.js";
import { dismiss, onChange, waiting } from "./outbox.js";
import { nameOf, timeOf } from "./overlay.js";
import { followPosition, possible } from "./position.js";
import { chinese, word } from "../words.js";

export function startSettings() {
  const page = document.querySelector("[data-phone-settings]");
  if (!page) return;
  const now = { sound: chosen("sound", true), position: chosen("position"), low: lowData() };
  for (const box of page.querySelectorAll("input[data-option]")) startOption(box, now[box.dataset.option]);
  page.querySelector("[data-test-ring]").addEventListener("click", () => ring(1));
  page.querySelector("[data-push]")?.addEventListener("click", ({ target }) => subscribe(target.dataset.push));
  onChange(() => list(page));
  list(page);
}

function startOption(box, on) {
  box.checked = on;
  box.disabled = box.dataset.option === "position" && !possible();
  box.addEventListener("change", () => {
    choose(box.dataset.option, box.checked);
    if (box.dataset.option === "position") followPosition();
  });
}

async function list(page) {
  const acts = await waiting();
  const place = page.querySelector("[data-waiting]");
  page.querySelector("[data-nothing-waits]").hidden = acts.length > 0;
  place.replaceChildren(...acts.map(line));
}

function line(act) {
  const item = document.createElement("li");
  const said = document.createElement("span");
  said.textContent = `${timeOf(act)} ${nameOf(act)}${chinese ? "：" : ": "}${word(act.refused || "待发送")}`;
  item.append(said);
  if (act.refused) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button";
    button.textContent = word("知道了");
    button.addEventListener("click", () => dismiss(act.id));
    item.append(button);
  }
  return item;
}

async function subscribe(key) {
  try {
    if ((await Notification.requestPermission()) !== "granted") throw new Error("denied");
    const worker = await navigator.serviceWorker.ready;
    const made = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    const { endpoint, keys } = made.toJSON();
    const token = document.querySelector('meta[name="csrf-token"]').content;
    const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token };
    const body = JSON.stringify({ endpoint, p256dh: keys.p256dh, auth: keys.auth });
    const answer = await fetch("/api/v1/phone/push", { method: "POST", headers, body });
    if (!answer.ok) throw new Error("refused");
    say(word("推送已开通。"), "good");
  } catch {
    say(word("没有开通：此网络没有推送服务，或浏览器不允许。页面开着时仍会响铃。"));
  }
}
