// The panel beside the drawing: which questions are asked of which kind of element.

import { is } from "bpmn-js/lib/util/ModelUtil";
import { anId, callGroup, decisionGroup, itemsGroup, messageGroup, serviceGroup } from "./automatic.js";
import { group, line, press, remark, text } from "./entries.js";
import { Changes, definition, objectOf } from "./facts.js";
import { asks, flowGroup, gatewayGroup } from "./flows.js";
import { insertStep } from "./inserting.js";
import { scriptGroup } from "./scripts.js";
import { startGroup, taskGroups } from "./steps.js";
import { timerGroup } from "./timers.js";

const RESERVED = ["Start", "End", "Root"];
const NOTHING = "点选图上的元素，或者在图下的列表中选择，在这里填写它的设定。";
const DOCUMENTED = ["bpmn:Activity", "bpmn:Process", "bpmn:Event"];

// A provider of groups; `words` is what the bundle offers, `links` where its parts are edited.
export function panelProvider(words, links) {
  function Provider(propertiesPanel, injector, modeling) {
    const changes = new Changes({
      get: (name) => injector.get(name),
      getDefinitions: () => injector.get("bpmnjs").getDefinitions(),
    });
    propertiesPanel.registerProvider(500, {
      getGroups: (element) => () => groups(element.labelTarget ?? element, changes, modeling, words, links).filter(Boolean),
    });
  }
  Provider.$inject = ["propertiesPanel", "injector", "modeling"];
  return { __init__: ["jiqunPanel"], jiqunPanel: ["type", Provider] };
}

function groups(element, changes, modeling, words, links) {
  const object = objectOf(element);
  const kind = (...types) => types.some((type) => is(object, type));
  if (!object || kind("bpmn:Collaboration")) return [group("nothing", "设定", [remark("nothing-said", [{ text: NOTHING }])])];
  const message = definition(object, "bpmn:MessageEventDefinition") || kind("bpmn:SendTask", "bpmn:ReceiveTask");
  return [
    general(element, object, changes, modeling),
    ...(kind("bpmn:UserTask") ? taskGroups(element, changes, words, links) : []),
    kind("bpmn:ServiceTask") && serviceGroup(element, changes, words),
    kind("bpmn:BusinessRuleTask") && decisionGroup(element, changes, words, links),
    kind("bpmn:CallActivity") && callGroup(element, changes, words, links),
    kind("bpmn:StartEvent") && is(object.$parent, "bpmn:Process") && !object.eventDefinitions?.length && startGroup(element, changes, words),
    definition(object, "bpmn:TimerEventDefinition") && timerGroup(element, changes, words),
    message && messageGroup(element, changes, words),
    object.loopCharacteristics && is(object.loopCharacteristics, "bpmn:MultiInstanceLoopCharacteristics") && itemsGroup(element, changes, words),
    kind("bpmn:SequenceFlow") && insertGroup(element, changes),
    kind("bpmn:SequenceFlow") && asks(object.sourceRef) && flowGroup(element, changes, words),
    asks(object) && gatewayGroup(element, changes),
    scriptGroup(element, changes),
    DOCUMENTED.some((type) => is(object, type)) && documentation(element, object, changes),
  ];
}

function insertGroup(flow, changes) {
  const insert = () => {
    changes.modeler.get("selection").select(insertStep(changes.modeler.get, flow));
    setTimeout(() => document.getElementById("bio-properties-panel-name")?.focus(), 100); // the panel has been drawn by then
  };
  return group("insert", "在这条线上", [press("insert-step", "插入一个用户任务", insert)]);
}

function general(element, object, changes, modeling) {
  const named = !is(object, "bpmn:TextAnnotation");
  const isProcess = is(object, "bpmn:Process");
  return group("general", "基本", [
    named
      ? line("name", "名称", {
          get: () => object.name,
          set: (name) => (is(element, "bpmn:Participant") ? renamed(element, object, name, changes) : modeling.updateLabel(element, name)),
        })
      : text("annotation", "注释", { get: () => object.text, set: (words) => modeling.updateLabel(element, words) }),
    line("id", "编号", {
      get: () => object.id,
      set: (id) => modeling.updateProperties(element, { id }),
      validate: (id) => (id === object.id ? null : wrongId(id, changes)),
      disabled: isProcess,
      description: isProcess
        ? "流程的编号与文件名相同。"
        : is(object, "bpmn:FlowNode")
          ? "表达式、条款对照和办理记录用这个编号；改动后，条款对照也要改。"
          : undefined,
    }),
  ]);
}

function renamed(pool, process, name, changes) {
  changes.apply(pool, [pool.businessObject, { name }], [process, { name }]);
}

function documentation(element, object, changes) {
  return group("documentation", "说明", [
    text("documentation", is(object, "bpmn:UserTask") ? "给办理人的说明（显示在表单上方）" : "说明", {
      get: () => object.get("documentation")[0]?.text,
      set: (words) =>
        changes.apply(element, [object, { documentation: words ? [changes.create("bpmn:Documentation", { text: words }, object)] : [] }]),
    }),
  ]);
}

function wrongId(id, changes) {
  if (anId(id)) return anId(id);
  if (RESERVED.includes(id)) return "这个编号是引擎的内部名称，请换一个";
  return changes.modeler.get("moddle").ids.assigned(id) ? "图中已有这个编号" : null;
}
