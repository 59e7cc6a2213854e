/** The operator's console: live queue, keys, and moving between cases without loading. */

import { showCaseMap } from "./casemap.js";
import { startClocks } from "./clock.js";
import { startMenus } from "./menu.js";
import { afterRefresh, enhanceForms, refresh, setLive, visit } from "./page.js";
import { follow } from "./stream.js";

const POLL_MS = 30000;
const onlyQueue = (url) => url.searchParams.set("part", "queue");

/** Set while this page itself changes something: its answer already shows the new state. */
let wantsDetail = false;
let timer = 0;

const selected = () => document.querySelector("[data-live=middle]")?.dataset.case ?? "";
const shownReports = () => [...document.querySelectorAll("article.report")].map((n) => n.dataset.key);

function touchesDetail(event) {
  const here = selected();
  return Boolean(here) && (event.case_id === here || shownReports().includes(event.report_id));
}

/** Clear data of a caller is fetched only when its case changed: every view leaves a trace. */
function refreshSoon() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    const whole = wantsDetail || !document.querySelector("[data-live=queue]");
    wantsDetail = false;
    refresh(whole ? undefined : onlyQueue);
  }, 150);
}

startClocks();
startMenus();
enhanceForms();
afterRefresh(showCaseMap);
showCaseMap();
follow({
  event: (event) => {
    const single = !document.querySelector("[data-live=queue]");
    if (touchesDetail(event)) wantsDetail = true;
    else if (single) return;
    refreshSoon();
  },
  state: (live) => {
    setLive(live);
    if (live) refreshSoon();
  },
  poll: refreshSoon,
});
setInterval(() => {
  if (document.querySelector("[data-live=queue]")) refresh(onlyQueue);
}, POLL_MS);

/* -- moving between cases ------------------------------------------------------------- */

const links = () => [...document.querySelectorAll("a[data-case]")];

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-case]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  show(link);
});
addEventListener("popstate", () => visit(location.href, { push: false }));

async function show(link) {
  for (const other of links()) other.closest("li").classList.toggle("selected", other === link);
  link.scrollIntoView({ block: "nearest" });
  await visit(link.href);
  for (const pane of document.querySelectorAll(".pane.middle, .pane.right")) pane.scrollTop = 0;
}

function step(by) {
  const all = links();
  if (!all.length) return;
  const at = all.findIndex((link) => link.closest("li").classList.contains("selected"));
  const next = all[Math.min(all.length - 1, Math.max(0, at + by))];
  if (next && next !== all[at]) show(next);
}

/* -- keys, as printed on the buttons -------------------------------------------------- */

const TYPING = "input, textarea, select, [contenteditable]";

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") document.activeElement?.blur?.();
  if (event.target.closest?.(TYPING)) return;
  if (event.key === "?") {
    const help = document.querySelector("#keys");
    if (help?.open) help.close();
    else help?.showModal();
    return;
  }
  if (document.querySelector("#keys")?.open) return;
  if (event.key === "j" || event.key === "k") {
    event.preventDefault();
    step(event.key === "j" ? 1 : -1);
    return;
  }
  const onControl = event.key === "Enter" && event.target.closest?.("a, button, summary");
  if (onControl && !event.target.closest("a[data-case]")) return;
  const target = document.querySelector(`[data-shortcut="${CSS.escape(event.key)}"]`);
  if (!target || target.disabled) return;
  event.preventDefault();
  if (target.matches("input")) target.focus();
  else target.click();
});
