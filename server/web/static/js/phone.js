/** The phone: shows a new case by itself, buzzes, and sends steps until they arrive. */

import { startClocks } from "./clock.js";
import { afterRefresh, enhanceForms, refresh, setLive } from "./page.js";
import { follow } from "./stream.js";

const POLL_MS = 60000;

const shownCase = () => document.querySelector("article.case")?.dataset.key ?? null;
let before = shownCase();

startClocks();
enhanceForms();
follow({
  event: () => refresh(),
  state: (live) => {
    setLive(live);
    if (live) refresh();
  },
});
setInterval(refresh, POLL_MS);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") refresh();
});
afterRefresh(() => {
  const now = shownCase();
  if (now && now !== before) {
    navigator.vibrate?.([300, 150, 300, 150, 300]);
    scrollTo({ top: 0 });
  }
  before = now;
});
document.addEventListener("click", ({ target }) => {
  const link = target.closest?.('a[href="#close"]');
  if (link) document.querySelector("#close").open = true;
});
