/** The few words that modules write themselves, in the language of the page. */

const table = JSON.parse(document.querySelector('meta[name="words"]')?.content ?? "{}");

/** The word under a key; Chinese where the page gives no other. */
export const word = (key, chinese) => table[key] ?? chinese;
