// What is wrong, as one list below the drawing and as marks in it: the drawing's own flaws at once, the server's list
// after each save.

import { button, element } from "../forms/parts.js";
import { headers } from "../forms/server.js";
import { flaws, RULES } from "./rules.js";

const SEVERITIES = { error: "错误", warning: "提醒" };
const QUIET = 300; // milliseconds after the last change

export function findings(modeler, { list, count, others, address, path, jump }) {
  let heard = []; // the server's
  let marks = [];
  let timer;

  async function ask() {
    const answer = await fetch(address, { headers: headers(), cache: "no-store" }).catch(() => null);
    if (!answer?.ok) return;
    const found = await answer.json();
    heard = Array.isArray(found) ? found : found.findings;
    tell();
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(tell, QUIET);
  }

  function tell() {
    const known = modeler.get("elementRegistry");
    const processes = modeler.getDefinitions()?.rootElements.filter(({ $type }) => $type === "bpmn:Process") ?? [];
    const own = processes.flatMap(flaws);
    const mine = heard.filter(({ file, rule }) => file === path && !RULES.includes(rule));
    const all = [...own, ...mine].sort((one, other) => (one.severity === other.severity ? 0 : one.severity === "error" ? -1 : 1));
    const errors = all.filter(({ severity }) => severity === "error").length;
    count.textContent = all.length ? `${errors} 个错误，${all.length - errors} 个提醒` : "没有发现问题";
    count.dataset.errors = String(errors);
    list.replaceChildren(...all.map((each) => row(each, known.get(each.element))));
    const elsewhere = heard.filter(({ file }) => file !== path).length;
    others.textContent = elsewhere ? `其他文件还有 ${elsewhere} 条，见草案页。` : "";
    mark(all, known);
  }

  function row({ severity, element: id, message, way_out: out }, shape) {
    const name = shape ? shape.businessObject.name || id : id;
    return element("li", { class: `jq-finding jq-finding-${severity}` },
      element("span", { class: "jq-finding-kind" }, SEVERITIES[severity]),
      shape ? button(name, () => jump(shape), "jq-link") : element("span", {}, name || "本图"),
      element("span", {}, out && !message.includes(out) ? `${message}；${out}` : message),
    );
  }

  function mark(all, known) {
    const canvas = modeler.get("canvas");
    const overlays = modeler.get("overlays");
    for (const id of marks) if (known.get(id)) canvas.removeMarker(id, "jq-wrong");
    overlays.remove({ type: "jq-flaw" });
    marks = [...new Set(all.map(({ element: id }) => id))].filter((id) => known.get(id) && known.get(id) !== canvas.getRootElement());
    for (const id of marks) {
      canvas.addMarker(id, "jq-wrong");
      if (known.get(id).waypoints) continue;
      const told = all.filter((each) => each.element === id);
      const worst = told.some(({ severity }) => severity === "error") ? "error" : "warning";
      const html = element("span", { class: `jq-flaw jq-flaw-${worst}`, title: told.map(({ message }) => message).join("\n") }, "!");
      overlays.add(id, "jq-flaw", { position: { top: -9, left: -9 }, html });
    }
  }

  return { ask, later, tell };
}
