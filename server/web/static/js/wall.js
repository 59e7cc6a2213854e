/** The wall: follows the stream, keeps the map moving, lets an SOS take the screen. */

import { startClocks } from "./clock.js";
import { DistrictMap } from "./map/map.js";
import { afterRefresh, markUpdated, refresh, setLive } from "./page.js";
import { follow } from "./stream.js";

const POLL_MS = 20000;

const host = document.querySelector("[data-map]");
const source = () => document.querySelector("#map-data");
const map = new DistrictMap(host);

function showState() {
  const data = source();
  const told = JSON.parse(data.textContent);
  map.setCases(told.cases);
  map.setUnits(told.units, Date.parse(told.now));
  map.focus(data.dataset.focus || null);
}

startClocks();
fetch(host.dataset.district)
  .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error("no map"))))
  .then((district) => {
    map.setDistrict(district);
    showState();
  })
  .catch(() => map.fail("地图暂时无法载入，列表不受影响。"));

afterRefresh(showState);
follow({
  event: () => refresh(),
  units: (units) => {
    map.setUnits(units);
    markUpdated();
  },
  state: (live) => {
    setLive(live);
    if (live) refresh();
  },
});
setInterval(refresh, POLL_MS);
