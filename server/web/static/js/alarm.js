/**
 * The sound of an SOS: two tones, as long as nobody has taken note. Browsers play nothing before
 * a person has touched the page once, so a button in the bar says when the sound is still off.
 */

import { afterRefresh } from "./page.js";

const TONES_HZ = [880, 660];
const TONE_S = 0.35;

let context = null;
let timer = 0;

const button = () => document.querySelector("[data-sound]");
const sounding = () => Boolean(document.querySelector("[data-alarm]"));

function beep() {
  TONES_HZ.forEach((pitch, at) => {
    const start = context.currentTime + at * TONE_S;
    const tone = new OscillatorNode(context, { type: "square", frequency: pitch });
    const loud = new GainNode(context, { gain: 0.25 });
    tone.connect(loud).connect(context.destination);
    tone.start(start);
    tone.stop(start + TONE_S * 0.9);
  });
}

function follow() {
  const wanted = sounding() && context?.state === "running";
  if (wanted && !timer) {
    beep();
    timer = setInterval(beep, TONE_S * TONES_HZ.length * 1000 + 300);
  } else if (!wanted && timer) {
    clearInterval(timer);
    timer = 0;
  }
  document.documentElement.dataset.sounding = timer ? "yes" : "no";
}

function show() {
  if (button()) button().hidden = context?.state === "running";
}

export function watchAlarms() {
  context = new AudioContext();
  context.onstatechange = () => {
    show();
    follow();
  };
  for (const touch of ["pointerdown", "keydown"]) {
    addEventListener(touch, () => context.state === "suspended" && context.resume());
  }
  afterRefresh(follow);
  show();
  follow();
}
