/** Low data: asks a few bytes whether anything happened, and fetches the page only then. */

const EVERY_MS = 20000;
const HIDDEN_MS = 60000;

/** @param {{changed: () => void, state: (live: boolean) => void}} told */
export function pulse(told) {
  let last = null;
  const beat = async () => {
    const answer = await fetch("/api/v1/phone/pulse", { headers: { Accept: "application/json" } }).catch(() => null);
    told.state(Boolean(answer?.ok));
    if (answer?.ok) {
      const { event } = await answer.json();
      if (last !== event) told.changed();
      last = event;
    }
    setTimeout(beat, document.visibilityState === "visible" ? EVERY_MS : HIDDEN_MS);
  };
  beat();
}
