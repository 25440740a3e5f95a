// The drawing as a list, for whoever works with the keyboard: arrows move, Enter selects and opens the panel.

import { is } from "bpmn-js/lib/util/ModelUtil";
import { element } from "../forms/parts.js";
import { DICTIONARY } from "./chinese.js";

const LISTED = ["bpmn:FlowNode", "bpmn:SequenceFlow", "bpmn:Participant", "bpmn:Lane"];

export function elementList(modeler, list, open) {
  const buttons = () => [...list.querySelectorAll("button")];
  let at = null; // id of the one that Tab comes to

  function tell() {
    const held = list.contains(document.activeElement);
    const shapes = modeler.get("elementRegistry").filter((each) => !each.labelTarget && LISTED.some((type) => is(each, type)));
    shapes.sort((one, other) => rank(one) - rank(other) || left(one) - left(other) || top(one) - top(other));
    if (!shapes.some(({ id }) => id === at)) at = shapes[0]?.id;
    list.replaceChildren(...shapes.map(item));
    if (held) current()?.focus();
  }

  function item(shape) {
    const pressed = modeler.get("selection").isSelected(shape);
    const attributes = { type: "button", tabindex: shape.id === at ? "0" : "-1", "data-id": shape.id, "aria-pressed": String(pressed), onclick: () => open(shape) };
    return element("li", {}, element("button", attributes, element("span", { class: "jq-element-kind" }, kind(shape)), " ", name(shape)));
  }

  function current() {
    return buttons().find(({ dataset }) => dataset.id === at);
  }

  function move(step) {
    const all = buttons();
    const next = all[Math.min(all.length - 1, Math.max(0, all.indexOf(document.activeElement) + step))];
    if (!next) return;
    for (const each of all) each.tabIndex = each === next ? 0 : -1;
    at = next.dataset.id;
    next.focus();
  }

  list.addEventListener("keydown", (event) => {
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };
    if (!(event.key in steps)) return;
    event.preventDefault();
    move(steps[event.key]);
  });
  modeler.on("selection.changed", () => {
    for (const each of buttons()) each.setAttribute("aria-pressed", String(modeler.get("selection").get().some(({ id }) => id === each.dataset.id)));
  });
  return { tell, focus: () => current()?.focus() };
}

function kind(shape) {
  const type = shape.type.replace("bpmn:", "").replace(/(\B[A-Z])/g, " $1");
  return DICTIONARY[type] ?? "元素";
}

function name(shape) {
  const object = shape.businessObject;
  if (object.name) return object.name;
  if (is(shape, "bpmn:SequenceFlow")) return `${object.sourceRef?.name ?? object.sourceRef?.id} → ${object.targetRef?.name ?? object.targetRef?.id}`;
  return object.id;
}

// Steps first, as they stand from left to right, then flows, then what lies around them.
function rank(shape) {
  return is(shape, "bpmn:FlowNode") ? 0 : is(shape, "bpmn:SequenceFlow") ? 1 : 2;
}

function left(shape) {
  return shape.x ?? shape.waypoints?.[0].x ?? 0;
}

function top(shape) {
  return shape.y ?? shape.waypoints?.[0].y ?? 0;
}
