/**
 * The words that scripts write themselves, in the language of the page. The Chinese in the source
 * is the key; an English page carries the table of every such word.
 */

const told = document.querySelector('meta[name="words"]')?.content;
const table = JSON.parse(told ?? "{}");

export const chinese = told === undefined;

/** A sentence in the page's language, its `{places}` filled in. */
export function word(said, places = {}) {
  return (table[said] ?? said).replace(/\{(\w+)\}/g, (_, name) => places[name] ?? "");
}
