/** Photos made small before they wait for a network, and voice notes. */

import { lowData } from "./options.js";

const LONGEST_VOICE_MS = 180000;

/** A JPEG of at most 1600 px (1024 in low-data mode); the camera's place and time stay behind. */
export async function shrink(file) {
  const most = lowData() ? 1024 : 1600;
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, most / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  return new Promise((resolve, reject) => {
    const take = (blob) => (blob ? resolve(blob) : reject(new Error("no picture")));
    canvas.toBlob(take, "image/jpeg", lowData() ? 0.5 : 0.7);
  });
}

export const canRecord = () => window.isSecureContext && "MediaRecorder" in window && Boolean(navigator.mediaDevices);

/** Starts recording. @returns {Promise<{stop: () => void, made: Promise<Blob>}>} */
export async function record() {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const recorder = new MediaRecorder(stream, { audioBitsPerSecond: 24000 });
  const parts = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  const made = new Promise((resolve) => {
    recorder.onstop = () => {
      for (const track of stream.getTracks()) track.stop();
      resolve(new Blob(parts, { type: recorder.mimeType }));
    };
  });
  const stop = () => recorder.state === "recording" && recorder.stop();
  setTimeout(stop, LONGEST_VOICE_MS);
  recorder.start();
  return { stop, made };
}
