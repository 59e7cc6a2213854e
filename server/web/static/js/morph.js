/**
 * Turns one element into another while keeping what the person is doing: focus, scroll, open
 * details and half-filled forms stay. Children with data-key (or id) keep their identity.
 */

const KEEP = "data-keep";

/** What the person decides; the server's word does not undo it. */
const MINE = { DETAILS: new Set(["open", "data-opened"]), FORM: new Set(["data-dirty", "data-sending"]) };
const NONE = new Set();

/** @param {Element} node */
const keyOf = (node) =>
  node.nodeType === Node.ELEMENT_NODE ? node.getAttribute("data-key") || node.id || null : null;

/** @param {Element} now @param {Element} next */
export function morph(now, next) {
  if (now.isEqualNode(next)) return;
  syncAttributes(now, next);
  if (now.hasAttribute(KEEP) || isBeingFilled(now)) return;
  syncChildren(now, next);
}

/** A form somebody has typed into is left alone until it is sent. */
function isBeingFilled(node) {
  return node.nodeName === "FORM" && node.hasAttribute("data-dirty");
}

function syncAttributes(now, next) {
  const mine = MINE[now.nodeName] ?? NONE;
  if (now.nodeName === "DETAILS") openOnce(now, next);
  for (const { name, value } of next.attributes) {
    if (!mine.has(name) && now.getAttribute(name) !== value) now.setAttribute(name, value);
  }
  for (const { name } of [...now.attributes]) {
    if (!mine.has(name) && !next.hasAttribute(name)) now.removeAttribute(name);
  }
  if (now.nodeName === "INPUT" && now !== document.activeElement) now.value = next.value;
}

/** The server may open a fold once, when its time has come; closing it again is up to people. */
function openOnce(now, next) {
  if (!next.open || now.hasAttribute("data-opened")) return;
  now.setAttribute("data-opened", "");
  now.open = true;
}

function syncChildren(now, next) {
  const keyed = new Map();
  for (const child of now.children) {
    const key = keyOf(child);
    if (key) keyed.set(key, child);
  }
  let cursor = now.firstChild;
  for (const wanted of [...next.childNodes]) {
    const key = keyOf(wanted);
    const kept = key ? keyed.get(key) : fits(cursor, wanted) ? cursor : null;
    if (!kept || kept.nodeName !== wanted.nodeName) {
      now.insertBefore(document.importNode(wanted, true), cursor);
      continue;
    }
    if (kept === cursor) cursor = cursor.nextSibling;
    else now.insertBefore(kept, cursor);
    if (kept.nodeType === Node.ELEMENT_NODE) morph(kept, wanted);
    else if (kept.nodeValue !== wanted.nodeValue) kept.nodeValue = wanted.nodeValue;
  }
  while (cursor) {
    const rest = cursor.nextSibling;
    cursor.remove();
    cursor = rest;
  }
}

function fits(node, wanted) {
  return node && node.nodeName === wanted.nodeName && !keyOf(node);
}
