/** Makes itself heard and felt when a case comes. Sound needs one touch of the page before. */

import { chosen } from "./options.js";

const PATTERN = [300, 150, 300, 150, 300];
const NOTES_HZ = [880, 660, 880];
const ROUNDS = 6;
const ROUND_S = 2;

let context = null;
let playing = [];

/** Browsers allow sound only after a touch: take the first one. */
export function listenForFirstTouch() {
  const wake = () => {
    context ??= window.AudioContext ? new AudioContext() : null;
    context?.resume();
    hush();
  };
  addEventListener("pointerdown", wake, { capture: true });
}

/** Whether a sound would be heard now. */
export const audible = () => chosen("sound", true) && context?.state === "running";

/** Ring for some seconds, or until the page is touched. */
export function ring(rounds = ROUNDS) {
  navigator.vibrate?.(PATTERN);
  if (!audible()) return;
  hush();
  for (let round = 0; round < rounds; round += 1) {
    NOTES_HZ.forEach((hz, index) => note(hz, context.currentTime + round * ROUND_S + index * 0.25));
  }
}

function note(hz, at) {
  const tone = context.createOscillator();
  const loudness = context.createGain();
  tone.frequency.value = hz;
  loudness.gain.setValueAtTime(0.0001, at);
  loudness.gain.exponentialRampToValueAtTime(0.6, at + 0.02);
  loudness.gain.exponentialRampToValueAtTime(0.0001, at + 0.22);
  tone.connect(loudness).connect(context.destination);
  tone.start(at);
  tone.stop(at + 0.25);
  playing.push(tone);
}

function hush() {
  for (const tone of playing) tone.stop();
  playing = [];
}
