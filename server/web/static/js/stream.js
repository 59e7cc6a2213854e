/**
 * Follows the office's events with one connection for a whole browser: the tab that holds the
 * lock listens and passes everything on to its siblings; when it goes, the next one takes over
 * from the last number anybody saw, so nothing is missed. Browsers without Web Locks (plain HTTP
 * on an intranet name) give every tab its own stream. When no stream can be had, pages poll, the
 * more seldom the longer it lasts.
 */

const PATH = "/api/v1/stream";
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 20000;
/** One lock for each person: after signing in as somebody else nothing old is passed on. */
const LOCK = `xiaonao-stream-${document.querySelector('meta[name="who"]')?.content ?? ""}`;
const SILENT_MS = 40000;
const SHORTEST_POLL_MS = 5000;
const LONGEST_POLL_MS = 30000;

/**
 * @param {{event: (event: object) => void, units?: (units: object[]) => void,
 *          state: (live: boolean) => void, poll?: () => void}} told
 */
export function follow(told) {
  const tab = new Tab(told);
  if (navigator.locks && window.BroadcastChannel) shareStream(tab);
  else new Source(tab, () => {}).open();
}

/** What one tab knows: the last number it told, whether it is live. */
class Tab {
  constructor(told) {
    this.told = told;
    this.last = null;
    this.live = null;
    this.pollMs = SHORTEST_POLL_MS;
    this.heard = Date.now();
  }

  /** @param {{kind: string, id?: number, data?: string, live?: boolean}} word */
  hear(word) {
    this.heard = Date.now();
    if (word.kind === "state") return this.setLive(word.live);
    if (word.kind === "units") return this.told.units?.(JSON.parse(word.data));
    if (word.kind === "place") return this.forward(word.id);
    if (word.kind !== "event" || (this.last !== null && word.id <= this.last)) return undefined;
    this.forward(word.id);
    return this.told.event(JSON.parse(word.data));
  }

  forward(id) {
    if (Number.isFinite(id)) this.last = Math.max(this.last ?? 0, id);
  }

  setLive(live) {
    if (live === this.live) return;
    this.live = live;
    this.told.state(live);
    clearTimeout(this.polling);
    this.pollMs = SHORTEST_POLL_MS;
    if (!live) this.pollLater();
  }

  /** While there is no stream the page asks by itself, with growing pauses. */
  pollLater() {
    this.polling = setTimeout(() => {
      this.told.poll?.();
      this.pollMs = Math.min(this.pollMs * 1.5, LONGEST_POLL_MS);
      this.pollLater();
    }, this.pollMs);
  }
}

/** One EventSource that comes back by itself from the last number. */
class Source {
  constructor(tab, pass) {
    this.tab = tab;
    this.pass = pass;
    this.pauseMs = FIRST_PAUSE_MS;
  }

  say(word) {
    this.tab.hear(word);
    this.pass(word);
  }

  open() {
    const kinds = document.querySelector('meta[name="event-kinds"]').content.split(" ");
    const { last } = this.tab;
    const source = new EventSource(last === null ? PATH : `${PATH}?after=${last}`);
    this.source = source;
    source.onopen = () => {
      this.pauseMs = FIRST_PAUSE_MS;
      this.say({ kind: "state", live: true });
    };
    source.onerror = () => {
      this.say({ kind: "state", live: false });
      if (source.readyState !== EventSource.CLOSED) return;
      this.again = setTimeout(() => this.open(), this.pauseMs * (0.75 + Math.random() / 2));
      this.pauseMs = Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS);
    };
    const event = ({ lastEventId, data }) => this.say({ kind: "event", id: Number(lastEventId), data });
    for (const kind of kinds) source.addEventListener(kind, event);
    source.addEventListener("units", ({ data }) => this.say({ kind: "units", data }));
    source.addEventListener("hello", ({ data }) => this.say({ kind: "place", id: Number(data) }));
    source.addEventListener("version", ({ data }) => checkVersion(data));
    addEventListener("pagehide", () => this.close(), { once: true });
  }

  close() {
    clearTimeout(this.again);
    this.source?.close();
  }
}

function shareStream(tab) {
  const channel = new BroadcastChannel(LOCK);
  let source = null;
  channel.onmessage = ({ data }) => {
    if (data.kind === "ask" && source) return channel.postMessage({ kind: "state", live: Boolean(tab.live) });
    if (data.kind === "version") return checkVersion(data.version);
    return source ? undefined : tab.hear(data);
  };
  channel.postMessage({ kind: "ask" });
  navigator.locks.request(LOCK, () => {
    source = new Source(tab, (word) => channel.postMessage(word));
    source.open();
    const beat = setInterval(() => channel.postMessage({ kind: "state", live: Boolean(tab.live) }), SILENT_MS / 4);
    return new Promise((release) => {
      addEventListener("pagehide", () => {
        clearInterval(beat);
        source.close();
        channel.close();
        release();
      }, { once: true });
    });
  });
  setInterval(() => {
    if (!source && Date.now() - tab.heard > SILENT_MS) tab.setLive(false);
  }, SILENT_MS / 4);
  addEventListener("pageshow", (event) => event.persisted && location.reload());
}

/** The server runs another version than made this page: take the new one, unless somebody writes or
 * something touched waits to be sent. */
function checkVersion(version) {
  const mine = document.querySelector('meta[name="app-version"]')?.content;
  if (!mine || mine === version) return;
  if (!document.querySelector("form[data-dirty], body[data-unsent]")) location.reload();
  else setTimeout(() => checkVersion(version), 10000);
}
