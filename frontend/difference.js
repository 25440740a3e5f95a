// Two versions of a diagram side by side, to look at only: what came, went or is other is coloured and named on it. The
// same is told in words on the page, so whoever has no script or cannot see the drawings misses nothing.

import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";

const READABLE = 0.6; // at a smaller scale the words of the steps cannot be read
const STEP = 1.25; // of a zoom button
const STRIDE = 80; // pixels of an arrow key

for (const place of document.querySelectorAll("[data-difference]")) begin(place);

async function begin(place) {
  const answer = await fetch(place.dataset.difference, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok) return failed(place);
  const found = await answer.json();
  place.hidden = false;
  const sides = [];
  for (const canvas of place.querySelectorAll("[data-side]")) {
    const xml = found[canvas.dataset.side];
    if (xml === null) {
      canvas.textContent = place.dataset.nothing;
      canvas.classList.add("jq-empty");
      continue;
    }
    const viewer = new NavigatedViewer({ container: canvas, zoomScroll: { enabled: false } });
    try {
      await viewer.importXML(xml);
    } catch {
      return failed(place);
    }
    mark(viewer, found);
    viewer.get("canvas").zoom("fit-viewport", "auto");
    moveByKeys(viewer, canvas);
    sides.push(viewer);
  }
  together(sides);
  walk(place, sides, found);
}

function failed(place) {
  place.hidden = false;
  const told = document.createElement("p");
  told.className = "jq-empty";
  told.textContent = place.dataset.failed;
  place.replaceChildren(told);
}

function mark(viewer, { marks, names, words }) {
  const known = viewer.get("elementRegistry");
  for (const [id, deed] of Object.entries(marks)) {
    const element = known.get(id);
    if (!element) continue;
    viewer.get("canvas").addMarker(id, `jq-is-${deed}`);
    if (element.waypoints) continue; // a flow's colour and line say it; a label would hide the steps
    const flag = document.createElement("div");
    flag.className = `jq-flag jq-flag-${deed}`;
    flag.textContent = names[deed];
    flag.title = (words[id] ?? []).join("\n");
    viewer.get("overlays").add(id, { position: { top: element.height < 60 ? -26 : -15, right: 40 }, html: flag });
  }
}

// What is moved on one side is moved on the other.
function together(sides) {
  let moving = false;
  for (const viewer of sides) {
    viewer.on("canvas.viewbox.changed", ({ viewbox }) => {
      if (moving) return;
      moving = true;
      for (const other of sides) {
        if (other === viewer) continue;
        const canvas = other.get("canvas");
        const { outer } = canvas.viewbox();
        canvas.viewbox({ x: viewbox.x, y: viewbox.y, width: outer.width / viewbox.scale, height: outer.height / viewbox.scale });
      }
      moving = false;
    });
  }
}

function walk(place, sides, { marks, words }) {
  const ids = Object.keys(marks);
  const told = place.querySelector("[data-told]");
  let at = -1;
  for (const button of place.querySelectorAll("[data-to]")) {
    button.addEventListener("click", () => {
      const to = button.dataset.to;
      if (to === "next") {
        if (!ids.length) return;
        at = (at + 1) % ids.length;
        const shown = sides.findLast?.((viewer) => viewer.get("elementRegistry").get(ids[at])) ?? sides.find((viewer) => viewer.get("elementRegistry").get(ids[at]));
        if (shown) middle(shown, shown.get("elementRegistry").get(ids[at]));
        told.textContent = (words[ids[at]] ?? []).join("\n");
        return;
      }
      const canvas = sides[0]?.get("canvas");
      if (!canvas) return;
      if (to === "fit") canvas.zoom("fit-viewport", "auto");
      else if (to === "in") canvas.zoom(Math.min(3, canvas.zoom() * STEP));
      else canvas.zoom(canvas.zoom() / STEP);
    });
  }
}

function middle(viewer, element) {
  const canvas = viewer.get("canvas");
  const { outer, scale } = canvas.viewbox();
  const readable = Math.max(READABLE, scale);
  const [first] = element.waypoints ?? [{ x: element.x + element.width / 2, y: element.y + element.height / 2 }];
  const width = outer.width / readable;
  const height = outer.height / readable;
  canvas.viewbox({ x: first.x - width / 2, y: first.y - height / 2, width, height });
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
