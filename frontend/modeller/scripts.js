// Scripts: of a script task, and those that run before and after another step.

import { is } from "bpmn-js/lib/util/ModelUtil";
import { group, text } from "./entries.js";
import { extension, objectOf } from "./facts.js";

const AROUND = ["bpmn:UserTask", "bpmn:ServiceTask", "bpmn:BusinessRuleTask", "bpmn:CallActivity"];
const LIMITS = "只有经安全管理员授权的流程管理人员才能部署新的脚本；脚本在隔离的进程中运行，限时 0.25 秒。";

export function scriptGroup(element, changes) {
  const object = objectOf(element);
  if (is(object, "bpmn:ScriptTask")) {
    const written = { get: () => object.script, set: (script) => changes.apply(element, [object, { script: script || undefined }]) };
    return group("script", "脚本", [text("script", "做什么", { ...written, monospace: true, description: LIMITS })]);
  }
  if (!AROUND.some((type) => is(object, type)) || object.loopCharacteristics) return null;
  const around = (type) => ({
    get: () => extension(object, type)?.value,
    set: (value) => changes.extend(element, object, type, value && { value }),
    monospace: true,
  });
  const before = text("pre-script", "这一步之前", around("spiffworkflow:PreScript"));
  const after = text("post-script", "这一步之后", { ...around("spiffworkflow:PostScript"), description: LIMITS });
  return group("scripts", "脚本", [before, after], { shouldOpen: Boolean(extension(object, "spiffworkflow:PreScript") || extension(object, "spiffworkflow:PostScript")) });
}
