/** What the owner of this phone chose; kept on the phone, not with the account. */

const PREFIX = "xn-";

/** @param {"sound" | "position" | "low"} name */
export const chosen = (name, otherwise = false) => {
  const said = localStorage.getItem(PREFIX + name);
  return said === null ? otherwise : said === "1";
};

export const choose = (name, on) => localStorage.setItem(PREFIX + name, on ? "1" : "0");

export const lowData = () => chosen("low", navigator.connection?.saveData === true);
