/**
 * What the phone keeps on itself until the server has it: acts in the order they were made, and
 * positions. IndexedDB, so that it survives a closed page and an empty battery.
 */

const NAME = "xiaonao-phone";
export const MOST_ENTRIES = 200;
export const MOST_FIXES = 500;

let opened = null;

const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

function open() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("acts", { keyPath: "id", autoIncrement: true });
      request.result.createObjectStore("fixes", { keyPath: "id", autoIncrement: true });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

async function on(store, mode, work) {
  const database = await open();
  return done(work(database.transaction(store, mode).objectStore(store)));
}

/** Keep an act; throws when the phone holds as many as it may. @returns {Promise<number>} its id */
export async function keep(act) {
  if ((await on("acts", "readonly", (s) => s.count())) >= MOST_ENTRIES) {
    throw new Error("full");
  }
  return on("acts", "readwrite", (s) => s.add(act));
}

export const change = (act) => on("acts", "readwrite", (s) => s.put(act));
export const drop = (id) => on("acts", "readwrite", (s) => s.delete(id));
export const acts = () => on("acts", "readonly", (s) => s.getAll());

/** Keep a position; the oldest go when there are too many. */
export async function keepFix(fix) {
  await on("fixes", "readwrite", (s) => s.add(fix));
  const keys = await on("fixes", "readonly", (s) => s.getAllKeys());
  for (const key of keys.slice(0, Math.max(0, keys.length - MOST_FIXES))) await dropFix(key);
}

export const fixes = (most) => on("fixes", "readonly", (s) => s.getAll(null, most));
export const dropFix = (id) => on("fixes", "readwrite", (s) => s.delete(id));
