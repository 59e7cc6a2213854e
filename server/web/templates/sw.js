/** Keeps the phone usable without a network: its shell, and the page as it was last seen. */

const VERSION = "{{ version }}";
const SHELL = `xn-shell-${VERSION}`;
const PAGES = "xn-pages";
const FILES = {{ shell | tojson }};
const WAIT_MS = 6000;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(forgetOldShells().then(() => self.clients.claim()));
});

async function forgetOldShells() {
  for (const name of await caches.keys()) {
    if (name.startsWith("xn-shell-") && name !== SHELL) await caches.delete(name);
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (url.pathname === "/login") caches.delete(PAGES); // the next person must not see the last one's case
  else if (FILES.includes(url.pathname)) event.respondWith(fromShell(request));
  else if (/^\/m(\/|$)/.test(url.pathname)) event.respondWith(fromOffice(request));
});

async function fromShell(request) {
  const kept = await caches.open(SHELL).then((cache) => cache.match(request));
  return kept ?? fetch(request);
}

/** The office's page; only a person who opens the page is shown the last one instead. */
async function fromOffice(request) {
  const opening = request.mode === "navigate";
  try {
    const answer = await (opening ? inTime(fetch(request)) : fetch(request));
    await remember(request, answer);
    return answer;
  } catch (error) {
    const kept = opening ? await caches.open(PAGES).then((cache) => cache.match(request.url)) : null;
    if (kept) return kept;
    if (opening) return nothing();
    throw error;
  }
}

function inTime(fetching) {
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error("late")), WAIT_MS));
  return Promise.race([fetching, late]);
}

async function remember(request, answer) {
  const cache = await caches.open(PAGES);
  if (answer.redirected && new URL(answer.url).pathname === "/login") await caches.delete(PAGES);
  else if (answer.ok && !answer.redirected) await cache.put(request.url, answer.clone());
}

function nothing() {
  const page = '<!doctype html><html lang="{{ "en" if language == "en" else "zh-CN" }}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">' +
    "<title>没有网络</title><h1>没有网络</h1><p>这一页还没有存在手机里。紧急时请拨打 <a href=\"tel:110\">110</a></p><p><a href=\"/m\">返回</a></p></html>";
  return new Response(page, { status: 503, headers: { "Content-Type": "text/html; charset=utf-8" } });
}

self.addEventListener("push", (event) => {
  const said = event.data?.json() ?? {};
  const shown = { body: said.body, tag: said.tag, renotify: Boolean(said.tag), requireInteraction: true, vibrate: [300, 150, 300], data: "/m" };
  event.waitUntil(self.registration.showNotification(said.title ?? "小脑", shown));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(openPhone());
});

async function openPhone() {
  const open = await self.clients.matchAll({ type: "window" });
  const phone = open.find((client) => new URL(client.url).pathname.startsWith("/m"));
  return phone ? phone.focus() : self.clients.openWindow("/m");
}
