// Reads diagrams and tables as the editors do and writes them again, unchanged: one JSON line a file, with what came out.
//   node roundtrip.mjs FILE…

import { readFileSync } from "node:fs";
import { BpmnModdle } from "bpmn-moddle";
import { DmnModdle } from "dmn-moddle";
import { comments, keepLists, withComments } from "./modeller/reading.js";

const spiffworkflow = JSON.parse(readFileSync(new URL("modeller/spiffworkflow.json", import.meta.url), "utf8"));

for (const path of process.argv.slice(2)) {
  const bpmn = path.endsWith(".bpmn");
  const moddle = bpmn ? new BpmnModdle({ spiffworkflow }) : new DmnModdle();
  const text = readFileSync(path, "utf8");
  const { rootElement, references } = await moddle.fromXML(text, bpmn ? "bpmn:Definitions" : "dmn:Definitions");
  if (bpmn) keepLists(references, moddle);
  const { xml } = await moddle.toXML(rootElement, { format: true });
  console.log(JSON.stringify({ path, xml: withComments(xml, comments(text)) }));
}
