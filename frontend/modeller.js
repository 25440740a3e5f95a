// The modeller: one diagram of a draft, drawn and described, checked while it is drawn, and saved by itself.

import Modeler from "bpmn-js/lib/Modeler";
import { BpmnPropertiesPanelModule } from "bpmn-js-properties-panel";
import TokenSimulationModule from "bpmn-js-token-simulation/lib/modeler";
import MinimapModule from "diagram-js-minimap";
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";
import "bpmn-js/dist/assets/bpmn-font/css/bpmn-codes.css";
import "@bpmn-io/properties-panel/dist/assets/properties-panel.css";
import "bpmn-js-token-simulation/assets/css/bpmn-js-token-simulation.css";
import "diagram-js-minimap/assets/diagram-js-minimap.css";
import "./modeller/modeller.css";
import { headers } from "./forms/server.js";
import { TranslateModule, translateWithin } from "./modeller/chinese.js";
import { elementList } from "./modeller/elements.js";
import { findings } from "./modeller/findings.js";
import { InsertingModule } from "./modeller/inserting.js";
import { panelProvider } from "./modeller/panel.js";
import { comments, keepLists, withComments } from "./modeller/reading.js";
import { reducedModule } from "./modeller/reduced.js";
import { saver } from "./modeller/saving.js";
import spiffworkflow from "./modeller/spiffworkflow.json";
import { look } from "./modeller/viewing.js";

const STEP = 1.25; // of a zoom button
const READABLE = 0.6; // at a smaller scale the words of the steps cannot be read
const PALETTE = 110; // pixels
const PATIENCE = 30; // frames until the panel has drawn what was selected

for (const place of document.querySelectorAll("[data-modeller]")) begin(place).catch((error) => failed(place, error));

async function begin(place) {
  const find = (name) => place.querySelector(`[data-${name}]`);
  const words = await (await fetch(place.dataset.words, { headers: headers() })).json();
  const modeler = new Modeler({
    container: find("canvas"),
    propertiesPanel: { parent: find("panel") },
    moddleExtensions: { spiffworkflow },
    additionalModules: [
      BpmnPropertiesPanelModule,
      InsertingModule,
      TokenSimulationModule,
      MinimapModule,
      TranslateModule,
      reducedModule(words.engine),
      panelProvider(words, JSON.parse(place.dataset.links)),
      QuietModule,
    ],
  });
  let kept = []; // comments of the file
  modeler.on("import.parse.complete", ({ references }) => keepLists(references ?? [], modeler.get("moddle")));
  const open = async (shape) => select(modeler, place, shape);
  const list = elementList(modeler, find("elements"), open);
  const wrong = findings(modeler, {
    list: find("findings-list"),
    count: find("findings-count"),
    others: find("findings-others"),
    address: place.dataset.findings,
    path: place.dataset.path,
    jump: open,
  });
  const load = async (xml) => {
    kept = comments(xml);
    await modeler.importXML(xml);
    fit(modeler);
    list.tell();
    wrong.tell();
  };
  const saving = saver({
    file: place.dataset.file,
    type: "application/xml",
    line: find("state"),
    content: async () => withComments((await modeler.saveXML({ format: true })).xml, kept),
    see: (xml) => look(place, xml),
    load,
    saved: wrong.ask,
  });
  translateWithin(place);
  await load(await saving.begin());
  modeler.on("elements.changed", () => (list.tell(), wrong.later()));
  modeler.on("commandStack.changed", ({ trigger }) => {
    buttons(modeler, place);
    if (trigger !== "clear") saving.changed();
  });
  tools(modeler, place, saving);
  buttons(modeler, place);
  place.dataset.ready = "";
  wrong.ask();
}

// Selected, in view, and the panel ready to be written into.
function select(modeler, place, shape) {
  modeler.get("selection").select(shape);
  modeler.get("canvas").scrollToElement(shape, 80);
  let frames = 0;
  const focus = () => {
    const field = place.querySelector("#bio-properties-panel-name, #bio-properties-panel-annotation");
    if (field) return field.focus();
    if (frames++ < PATIENCE) requestAnimationFrame(focus);
  };
  requestAnimationFrame(() => requestAnimationFrame(focus));
}

function tools(modeler, place, saving) {
  const deeds = {
    undo: () => modeler.get("commandStack").undo(),
    redo: () => modeler.get("commandStack").redo(),
    in: () => modeler.get("canvas").zoom(Math.min(3, modeler.get("canvas").zoom() * STEP)),
    out: () => modeler.get("canvas").zoom(Math.max(0.2, modeler.get("canvas").zoom() / STEP)),
    fit: () => fit(modeler),
    simulate: () => modeler.get("toggleMode").toggleMode(),
    save: () => saving.save(),
  };
  for (const each of place.querySelectorAll("[data-do]")) each.addEventListener("click", deeds[each.dataset.do]);
  modeler.on("tokenSimulation.toggleMode", ({ active }) => {
    place.querySelector('[data-do="simulate"]').setAttribute("aria-pressed", String(active));
    place.classList.toggle("jq-simulating", active);
  });
  place.querySelector("[data-panel]").addEventListener("keydown", ({ key }) => {
    if (key === "Escape") place.querySelector('[data-elements] button[tabindex="0"]')?.focus();
  });
}

function buttons(modeler, place) {
  const stack = modeler.get("commandStack");
  place.querySelector('[data-do="undo"]').disabled = !stack.canUndo();
  place.querySelector('[data-do="redo"]').disabled = !stack.canRedo();
}

// The whole width as far as it can be read, otherwise the beginning; the palette lies over nothing.
function fit(modeler) {
  const canvas = modeler.get("canvas");
  const { inner, outer } = canvas.viewbox();
  const free = outer.width > 600 ? PALETTE : 0;
  const scale = Math.min(1, Math.max(READABLE, Math.min((outer.width - free - 40) / inner.width, (outer.height - 40) / inner.height)));
  canvas.viewbox({ x: inner.x - (free + 20) / scale, y: inner.y - 20 / scale, width: outer.width / scale, height: outer.height / scale });
}

function failed(place, error) {
  console.error(error);
  place.querySelector("[data-state]").textContent = "";
  const told = place.querySelector("[data-failed]");
  told.hidden = false;
  told.focus();
}

// The log of the token simulation repeats what is seen, in words that are not ours.
const QuietModule = {
  log: ["value", { isShown: () => false, toggle() {}, log() {}, toggleLog() {} }],
};
