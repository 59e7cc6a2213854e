/** Where the case is and who could go, on the console: the wall's map, small and for one case. */

import { DistrictMap } from "./map/map.js";
import { word } from "./words.js";

let district = null;
let shown = null;

function load(address) {
  district ??= fetch(address).then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error("no map"))));
  return district;
}

/** Make or renew the map of the case in hand; none when the page shows no case. */
export async function showCaseMap() {
  const host = document.querySelector("[data-casemap]");
  const data = document.querySelector("#case-map");
  if (!host || !data) return;
  if (shown?.host !== host) {
    host.replaceChildren();
    shown = new DistrictMap(host);
    const mine = shown;
    try {
      mine.setDistrict(await load(host.dataset.casemap));
    } catch {
      mine.fail(word("地图暂时无法载入，派单不受影响。"));
      return;
    }
    if (shown !== mine) return;
  }
  const told = JSON.parse(data.textContent);
  shown.setCases(told.cases);
  shown.setUnits(told.units, Date.parse(told.now));
  shown.frame([...told.cases, ...told.units.map((unit) => unit.position ?? unit.point_location)]);
}
