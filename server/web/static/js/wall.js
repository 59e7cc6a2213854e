/** The wall: follows the stream, keeps the map moving, lets an SOS take the screen. */

import { watchAlarms } from "./alarm.js";
import { startClocks } from "./clock.js";
import { DistrictMap } from "./map/map.js";
import { afterRefresh, enhanceForms, markUpdated, refresh, setLive } from "./page.js";
import { follow } from "./stream.js";
import { word } from "./words.js";

const POLL_MS = 20000;
const SCENES = ["all", "map", "figures"];
const onlyStage = (url) => url.searchParams.set("part", "stage");

const host = document.querySelector("[data-map]");
const source = () => document.querySelector("#map-data");
const map = new DistrictMap(host);

function showState() {
  const data = source();
  const told = JSON.parse(data.textContent);
  map.setHeat(told.heat);
  map.setCases(told.cases);
  map.setUnits(told.units, Date.parse(told.now));
  map.focus(data.dataset.focus || null);
}

startClocks();
enhanceForms();
watchAlarms();
fetch(host.dataset.district)
  .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error("no map"))))
  .then((district) => {
    map.setDistrict(district);
    showState();
  })
  .catch(() => map.fail(word("地图暂时无法载入，列表不受影响。")));

afterRefresh(showState);
follow({
  event: () => refresh(onlyStage),
  units: (units) => {
    map.setUnits(units);
    markUpdated();
  },
  state: (live) => {
    setLive(live);
    if (live) refresh(onlyStage);
  },
  poll: () => refresh(onlyStage),
});
setInterval(() => refresh(onlyStage), POLL_MS);

/* -- rotating: the overview, the map, the figures; an SOS brings the overview back at once. -- */

const seconds = Number(document.querySelector("#rotate")?.dataset.seconds);
if (seconds) {
  let turn = 0;
  setInterval(() => {
    turn = document.querySelector("[data-alarm]") ? 0 : (turn + 1) % SCENES.length;
    document.documentElement.dataset.scene = SCENES[turn];
  }, seconds * 1000);
}
