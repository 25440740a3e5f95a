// Somebody else's drawing, to look at beside one's own.

import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";
import { button, element } from "../forms/parts.js";
import spiffworkflow from "./spiffworkflow.json";

export async function look(place, xml) {
  const canvas = element("div", { class: "jq-canvas jq-looked-canvas" });
  const dialog = element("dialog", { class: "jq-looked", "aria-label": "对方保存的版本" },
    element("div", { class: "jq-looked-head" }, element("strong", {}, "对方保存的版本"), button("关闭", () => dialog.close())),
    canvas,
  );
  place.append(dialog);
  const viewer = new NavigatedViewer({ container: canvas, moddleExtensions: { spiffworkflow }, zoomScroll: { enabled: false } });
  dialog.addEventListener("close", () => (viewer.destroy(), dialog.remove()));
  dialog.showModal?.() ?? dialog.setAttribute("open", "");
  await viewer.importXML(xml);
  viewer.get("canvas").zoom("fit-viewport", "auto");
}
