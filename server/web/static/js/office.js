/** Console pages other than the queue: clocks, menus that close, forms sent once. */

import { startClocks } from "./clock.js";
import { startMenus } from "./menu.js";
import { refresh } from "./page.js";

startClocks();
startMenus();

/** A form is sent once, however often an impatient finger presses. */
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.hasAttribute("data-sending")) event.preventDefault();
  else form.setAttribute("data-sending", "");
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sending]")) form.removeAttribute("data-sending");
});

/** A part that is busy is looked at again until it is not. */
const BUSY_MS = 2000;
setInterval(() => {
  if (!document.hidden && document.querySelector("[data-live][data-busy]")) refresh();
}, BUSY_MS);
