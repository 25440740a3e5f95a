// A case on its diagram, to look at only: what was passed, where it stands, who has it and how long still. The same is
// told in words below it, so whoever has no script or cannot see the drawing misses nothing.

import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";

const READABLE = 0.6; // at a smaller scale the words of the steps cannot be read
const AT_FIRST = 0.8; // the scale at which a large drawing opens
const STEP = 1.25; // of a zoom button
const STRIDE = 80; // pixels of an arrow key
const HEIGHT = { least: 260, most: 560 };

for (const place of document.querySelectorAll("[data-diagram]")) begin(place);

async function begin(place) {
  const answer = await fetch(place.dataset.diagram, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok) return failed(place);
  const main = await answer.json();
  const drawings = [main, ...main.called];
  place.hidden = false;
  const canvas = place.querySelector("[data-canvas]");
  const viewer = new NavigatedViewer({ container: canvas, zoomScroll: { enabled: false } });
  const show = (number) => draw(viewer, canvas, drawings, number, choose).catch(() => failed(place));
  const which = place.querySelector("[data-which]");
  function choose(number) {
    which.value = String(number);
    show(number);
  }
  which.hidden = drawings.length < 2;
  which.append(...drawings.map(({ name }, number) => new Option(name, String(number))));
  which.addEventListener("change", () => show(Number(which.value)));
  for (const button of place.querySelectorAll("[data-to]")) {
    button.addEventListener("click", () => turn(viewer, button.dataset.to, drawings[Number(which.value)]));
  }
  moveByKeys(viewer, canvas);
  moveByFinger(viewer, canvas);
  await show(0);
  if (!place.hidden) place.parentElement.querySelector("[data-words]")?.removeAttribute("open");
}

function failed(place) {
  place.hidden = false;
  const told = document.createElement("p");
  told.className = "jq-empty";
  told.textContent = place.dataset.failed;
  place.replaceChildren(told);
  place.parentElement.querySelector("[data-words]")?.setAttribute("open", "");
}

async function draw(viewer, container, drawings, number, choose) {
  const drawing = drawings[number];
  await viewer.importXML(drawing.xml);
  const canvas = viewer.get("canvas");
  const known = viewer.get("elementRegistry");
  for (const id of [...Object.keys(drawing.passed.elements), ...Object.keys(drawing.passed.flows)]) {
    if (known.get(id)) canvas.addMarker(id, "jq-passed");
  }
  for (const stop of drawing.current) {
    if (!known.get(stop.element)) continue;
    canvas.removeMarker(stop.element, "jq-passed");
    canvas.addMarker(stop.element, stop.heat ? `jq-heat-${stop.heat}` : stop.level === "late" ? "jq-at-late" : "jq-at");
    if (stop.heat && stop.level === "late") canvas.addMarker(stop.element, "jq-heat-late");
    const inner = drawings.findIndex(({ path }) => path === `${drawing.path}${stop.element}/`);
    const flag = inner > 0 ? opener(drawings[inner], stop, () => choose(inner)) : stop.told ? flagOf(stop) : null;
    // Above the step's upper edge, at its right: its own name stays free. An event is small: wholly above it.
    const top = known.get(stop.element).height < 60 ? -26 : -15;
    if (flag) viewer.get("overlays").add(stop.element, { position: { top, right: 40 }, html: flag });
  }
  for (const [id, times] of Object.entries(drawing.passed.elements)) {
    if (times > 1 && known.get(id) && !known.get(id).type.endsWith("Gateway")) {
      viewer.get("overlays").add(id, { position: { bottom: 10, left: -8 }, html: counter(times) });
    }
  }
  const { inner } = canvas.viewbox();
  const height = Math.min(HEIGHT.most, Math.max(HEIGHT.least, inner.height * 0.8 + 50));
  container.style.height = `${Math.round(height)}px`;
  canvas.resized();
  turn(viewer, "current", drawing);
}

function flagOf(stop) {
  const flag = document.createElement("div");
  flag.className = stop.level === "late" ? "jq-flag jq-flag-late" : "jq-flag";
  flag.textContent = stop.told;
  return flag;
}

function opener(drawing, stop, open) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = stop.level === "late" ? "jq-flag jq-flag-late" : "jq-flag";
  button.textContent = `${stop.told || (drawing.current.find(({ told }) => told)?.told ?? drawing.name)} ›`;
  button.title = drawing.name;
  button.addEventListener("click", open);
  return button;
}

function counter(times) {
  const mark = document.createElement("div");
  mark.className = "jq-times";
  mark.textContent = `×${times}`;
  return mark;
}

function turn(viewer, to, drawing) {
  const canvas = viewer.get("canvas");
  if (to === "fit") canvas.zoom("fit-viewport", "auto");
  else if (to === "in") canvas.zoom(Math.min(3, canvas.zoom() * STEP));
  else if (to === "out") canvas.zoom(Math.max(READABLE, canvas.zoom() / STEP));
  else locate(viewer, drawing);
}

// The place where the case stands, in the middle and large enough to read; the beginning of a drawing it is not in.
function locate(viewer, drawing) {
  const canvas = viewer.get("canvas");
  const { inner, outer } = canvas.viewbox();
  const scale = Math.min(1, Math.max(AT_FIRST, Math.min(outer.width / (inner.width + 40), outer.height / (inner.height + 40))));
  const width = outer.width / scale;
  const height = outer.height / scale;
  const found = viewer.get("elementRegistry").get(drawing.current[0]?.element);
  const middle = found
    ? { x: found.x + found.width / 2, y: found.y + found.height / 2 }
    : { x: inner.x + width / 2 - 20, y: inner.y + inner.height / 2 };
  canvas.viewbox({
    x: within(middle.x - width / 2, inner.x - 20, inner.x + inner.width + 20 - width),
    y: within(middle.y - height / 2, inner.y - 20, inner.y + inner.height + 20 - height),
    width,
    height,
  });
}

// As wanted, but no further than the drawing reaches; a drawing smaller than the window lies in its middle.
function within(wanted, least, most) {
  return most < least ? (least + most) / 2 : Math.min(most, Math.max(least, wanted));
}

function moveByKeys(viewer, container) {
  const strides = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  container.addEventListener("keydown", (event) => {
    const stride = strides[event.key];
    if (!stride || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    viewer.get("canvas").scroll({ dx: stride[0] * STRIDE, dy: stride[1] * STRIDE });
  });
}

// Sideways only: up and down the finger scrolls the page.
function moveByFinger(viewer, container) {
  let last = null;
  container.addEventListener("pointerdown", (event) => {
    last = event.pointerType === "mouse" ? null : event.clientX;
  });
  container.addEventListener("pointermove", (event) => {
    if (last === null) return;
    viewer.get("canvas").scroll({ dx: event.clientX - last, dy: 0 });
    last = event.clientX;
  });
  for (const end of ["pointerup", "pointercancel"]) container.addEventListener(end, () => (last = null));
}
