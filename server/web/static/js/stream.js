/**
 * Follows the office's events. The browser resumes by Last-Event-ID itself; when the server
 * refuses (full, restarting) we come back with growing pauses from the last number we saw.
 */

const PATH = "/api/v1/stream";
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 20000;

/**
 * @param {{event: (event: object) => void, units?: (units: object[]) => void,
 *          state: (live: boolean) => void}} told
 */
export function follow(told) {
  const kinds = document.querySelector('meta[name="event-kinds"]').content.split(" ");
  let last = null;
  let pauseMs = FIRST_PAUSE_MS;

  const hear = (message) => {
    if (message.lastEventId) last = message.lastEventId;
    told.event(JSON.parse(message.data));
  };

  const open = () => {
    const source = new EventSource(last === null ? PATH : `${PATH}?after=${last}`);
    source.onopen = () => {
      pauseMs = FIRST_PAUSE_MS;
      told.state(true);
    };
    source.onerror = () => {
      told.state(false);
      if (source.readyState !== EventSource.CLOSED) return;
      setTimeout(open, pauseMs * (0.75 + Math.random() / 2));
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    };
    for (const kind of kinds) source.addEventListener(kind, hear);
    source.addEventListener("units", (message) => told.units?.(JSON.parse(message.data)));
    addEventListener("pagehide", () => source.close(), { once: true });
  };
  open();
}
