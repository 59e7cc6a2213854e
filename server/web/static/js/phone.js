/** The phone: rings for a new case, keeps what is done without a network, and sends it once. */

import { startClocks } from "./clock.js";
import { afterRefresh, enhanceForms, refresh, say, setLive } from "./page.js";
import { listenForFirstTouch, ring } from "./phone/alert.js";
import { queueForms } from "./phone/forms.js";
import { lowData } from "./phone/options.js";
import { flush, onChange, schedule, waiting } from "./phone/outbox.js";
import { nameOf, overlay } from "./phone/overlay.js";
import { followPosition, sendFixes } from "./phone/position.js";
import { pulse } from "./phone/pulse.js";
import { startSettings } from "./phone/settings.js";
import { follow } from "./stream.js";
import { chinese, word } from "./words.js";

const POLL_MS = 60000;
const VERDICTS = { verified: "已核实", claimed_only: "仅自报", contradicted: "与定位不符", pending: "待核实" };

const shownCase = () => document.querySelector("article.case")?.dataset.key ?? null;
const shownRecall = () => document.querySelector("[data-recall]")?.dataset.recall ?? null;
let before = shownCase();
let recalledBefore = shownRecall();
let ownRecall = null;

const redraw = async () => {
  const kept = await waiting();
  document.body.toggleAttribute("data-unsent", kept.some((act) => !act.refused));
  overlay(kept);
};

startClocks();
listenForFirstTouch();
queueForms();
enhanceForms();
startSettings();
followPosition();
redraw();
schedule();

if (lowData()) {
  pulse({ changed: refresh, state: setLive });
} else {
  follow({
    event: () => refresh(),
    state: (live) => {
      setLive(live);
      if (live) refresh();
    },
  });
  setInterval(refresh, POLL_MS);
}

onChange(({ sent, answer, signIn }) => {
  redraw();
  if (signIn) say(word("请重新登录，待发送的内容不会丢。"));
  if (!sent) return;
  if (sent.kind === "recall") ownRecall = sent.caseId;
  const found = answer.evidence;
  const verdict = found ? `${chinese ? "：" : ": "}${word(VERDICTS[found.verdict] ?? "")}` : "";
  const why = found?.why && chinese ? `，${found.why}` : ""; // the office writes its reasons in Chinese
  say(`${word("{act}已送达", { act: nameOf(sent) })}${verdict}${why}`, "good");
  refresh();
});

afterRefresh(() => {
  redraw();
  const now = shownCase();
  if (now && now !== before) {
    ring();
    scrollTo({ top: 0 });
  }
  before = now;
  noticeRecall();
});

/** Whoever called the police from the scene may need the phone to keep quiet. */
function noticeRecall() {
  const recalled = shownRecall();
  if (recalled && recalled !== recalledBefore) {
    scrollTo({ top: 0 });
    if (recalled !== ownRecall) ring(1);
  }
  recalledBefore = recalled;
}

addEventListener("online", () => {
  flush();
  sendFixes();
  refresh();
});
addEventListener("offline", () => setLive(false));
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "visible") return;
  flush();
  if (!lowData()) refresh();
});
document.addEventListener("click", ({ target }) => {
  if (target.closest?.('a[href="#close"]')) document.querySelector("#close").open = true;
});
navigator.serviceWorker?.register("/sw.js").catch(() => {});
navigator.serviceWorker?.addEventListener("controllerchange", () => refresh()); // and keeps this page
