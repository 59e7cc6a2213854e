/**
 * Draws what the phone has done but the server has not heard yet over the server's page: a step
 * counts for the person as soon as it was touched, and looks unsent until it has arrived.
 */

import { clockText } from "../clock.js";
import { chinese, word } from "../words.js";

const STEPS = ["signed", "departed", "contacted", "arrived"];
const NAMES = { signed: "签收", departed: "出发", contacted: "联系", arrived: "到场" };
const KINDS = { note: "说明", photo: "照片", voice: "录音" };

/** What an act is called, in the page's language. */
export function nameOf(act) {
  if (act.kind !== "hand") return word(chineseName(act));
  return word("{device} 交{to}", { device: act.deviceId, to: act.fields.member ?? word("本单元") });
}

function chineseName(act) {
  if (act.kind === "step") return NAMES[act.fields.step];
  if (act.kind === "attachment") return KINDS[act.fields.kind];
  if (act.kind === "dial") return "拨打电话";
  if (act.kind === "recall") return "报告危险";
  if (act.kind === "sos") return act.fields.active ? "紧急求助" : "报平安";
  return act.fields.disposition === "to_police" ? "转公安" : "办结";
}

export const timeOf = (act) => clockText(Date.parse(act.at)).slice(0, 5);

/** @param {object[]} acts this user's unsent acts */
export function overlay(acts) {
  const article = document.querySelector("article.case");
  const mine = acts.filter((act) => act.caseId === article?.dataset.key && !act.refused);
  drawSteps(article, mine.filter((act) => act.kind === "step"));
  const recalled = mine.some((act) => act.kind === "recall");
  const leave = article?.querySelector("[data-recall-here]");
  if (leave) leave.hidden = !recalled;
  article?.classList.toggle("recalled", recalled);
  const ending = recalled || mine.some((act) => act.kind === "close");
  for (const node of document.querySelectorAll("[data-until-closed]")) node.hidden = ending;
  drawBar(acts);
}

function drawSteps(article, steps) {
  if (!article) return;
  const made = new Map(steps.map((act) => [act.fields.step, act]));
  for (const line of article.querySelectorAll("li[data-step]")) drawStep(line, made.get(line.dataset.step));
  const done = (step) => made.has(step) || article.querySelector(`li[data-step="${step}"].done`);
  const next = STEPS.find((step) => !done(step));
  for (const form of document.querySelectorAll("form[data-step]")) form.hidden = form.dataset.step !== next;
  const last = document.querySelector("[data-thumb-close]");
  if (last) last.hidden = Boolean(next);
  const ends = document.querySelector("#close");
  if (ends) ends.hidden = !done("signed");
}

function drawStep(line, act) {
  line.classList.toggle("unsent", Boolean(act));
  const sign = line.querySelector(".unsent-word");
  sign.textContent = act ? `${timeOf(act)} ${word("待发送")}` : "";
  sign.hidden = !act;
}

function drawBar(acts) {
  const bar = document.querySelector("[data-outbox]");
  if (!bar) return;
  const refused = acts.filter((act) => act.refused).length;
  const unsent = acts.length - refused;
  bar.hidden = !acts.length;
  bar.classList.toggle("bad", refused > 0);
  const said = [unsent ? word("{n} 条待发送", { n: unsent }) : "", refused ? word("{n} 条未被接受", { n: refused }) : ""].filter(Boolean);
  bar.querySelector("span").textContent = said.join(chinese ? "，" : ", ");
}
