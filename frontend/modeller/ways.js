// Where a condition's values come from: the steps before a gateway, the forms they ask, the ends of what they call.

import { is } from "bpmn-js/lib/util/ModelUtil";
import { fact, listed, objectOf } from "./facts.js";

const COMPARED = /^\s*([a-z_][a-z0-9_]*)\s*(==|!=)\s*"([^"\\]*)"\s*$/;
const AMONG = /^\s*([a-z_][a-z0-9_]*)\s+in\s+\[((?:\s*"[^"\\]*"\s*,?)*)\]\s*$/;

// A condition that people can choose instead of writing it: {name, how, values}; null for any other.
export function parsed(text) {
  const compared = text.match(COMPARED);
  if (compared) return { name: compared[1], how: compared[2], values: [compared[3]] };
  const among = text.match(AMONG);
  return among && { name: among[1], how: "in", values: [...among[2].matchAll(/"([^"]*)"/g)].map(([, value]) => value) };
}

export function written({ name, how, values }) {
  if (!name) return "";
  if (how === "in" || values.length > 1) return `${name} in [${values.map((value) => `"${value}"`).join(", ")}]`;
  return `${name} ${how} "${values[0] ?? ""}"`;
}

// The variables that may decide here, those of the nearest steps first, each with the values it can have.
export function deciding(gateway, words) {
  const found = new Map();
  for (const object of before(gateway)) {
    if (is(object, "bpmn:UserTask")) {
      const form = words.forms.find(({ id }) => id === fact(object, "form"));
      for (const name of listed(fact(object, "variables"))) {
        const field = form?.fields.find(({ id }) => id === name);
        if (!found.has(name)) found.set(name, { id: name, title: `${field?.title ?? name} · ${object.name ?? ""}`, values: field?.choices ?? [], variable: true });
      }
    } else if (is(object, "bpmn:CallActivity") && !found.has("outcome")) {
      const called = words.processes.find(({ id }) => id === object.calledElement);
      found.set("outcome", { id: "outcome", title: `${called?.title ?? "所调用的流程"} 的结果`, values: called?.ends ?? [] });
    }
  }
  for (const { id, title } of words.names) if (!found.has(id)) found.set(id, { id, title, values: [], variable: true });
  return [...found.values()];
}

// The steps from which flows lead here, the nearest first.
function before(element) {
  const seen = new Set();
  const queue = [objectOf(element)];
  const steps = [];
  while (queue.length) {
    const object = queue.shift();
    for (const flow of object.get("incoming") ?? []) {
      if (!flow.sourceRef || seen.has(flow.sourceRef)) continue;
      seen.add(flow.sourceRef);
      steps.push(flow.sourceRef);
      queue.push(flow.sourceRef);
    }
  }
  return steps;
}
