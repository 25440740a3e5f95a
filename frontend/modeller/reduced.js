// Palette, pads and menus with what the engine runs, and nothing else.

import ReplaceMenuProvider from "bpmn-js/lib/features/popup-menu/ReplaceMenuProvider";
import { translate } from "./chinese.js";

const HIDDEN_ENTRIES = ["append.compensation-activity", "append.condition-intermediate-event", "append.receive-task"];
const HIDDEN_MARKS = ["toggle-loop", "toggle-is-collection", "toggle-participant-multiplicity"];
const EVENT_SUB_PROCESS = /event-subprocess|ad-hoc|transaction/;
const EVENTS = { StartEvent: "startEvent", EndEvent: "endEvent", IntermediateCatchEvent: "intermediateCatchEvent", IntermediateThrowEvent: "intermediateThrowEvent", BoundaryEvent: "boundaryEvent" };

// `engine`: {refused: kinds of elements, events: what each kind of event may be}
export function reducedModule(engine) {
  const runs = ({ type, eventDefinitionType, triggeredByEvent }) => {
    const kind = type.replace("bpmn:", "");
    if (triggeredByEvent || engine.refused.includes(kind[0].toLowerCase() + kind.slice(1))) return false;
    const allowed = engine.events[EVENTS[kind]];
    return !allowed || allowed.includes((eventDefinitionType ?? "").replace("bpmn:", "").replace("EventDefinition", "").toLowerCase());
  };

  class Menu extends ReplaceMenuProvider {
    _createEntries(target, options) {
      return super._createEntries(
        target,
        options.filter(({ target: to, actionName }) => !to || (runs(typeof to === "function" ? to() : to) && !EVENT_SUB_PROCESS.test(actionName))),
      );
    }

    getPopupMenuHeaderEntries(target) {
      const entries = super.getPopupMenuHeaderEntries(target);
      return Object.fromEntries(Object.entries(entries).filter(([name]) => !HIDDEN_MARKS.includes(name)));
    }
  }
  Menu.$inject = ReplaceMenuProvider.$inject;

  return {
    __init__: ["jiqunPad"],
    paletteProvider: ["type", Palette],
    replaceMenuProvider: ["type", Menu],
    jiqunPad: ["type", Pad],
  };
}

function Palette(palette, create, elementFactory, spaceTool, lassoTool, handTool, globalConnect) {
  const make = (attributes) => (event) => create.start(event, elementFactory.createShape(attributes));
  const tool = (className, title, click) => ({ group: "tools", className, title: translate(title), action: { click } });
  const shape = (section, className, title, attributes) => {
    const begin = make(attributes);
    return { group: section, className, title: translate(title), action: { click: begin, dragstart: begin } };
  };
  const subProcess = (event) => {
    const whole = elementFactory.createShape({ type: "bpmn:SubProcess", x: 0, y: 0, isExpanded: true });
    const start = elementFactory.createShape({ type: "bpmn:StartEvent", x: 40, y: 82, parent: whole });
    create.start(event, [whole, start], { hints: { autoSelect: [whole] } });
  };
  this.getPaletteEntries = () => ({
    "hand-tool": tool("bpmn-icon-hand-tool", "Activate hand tool", (event) => handTool.activateHand(event)),
    "lasso-tool": tool("bpmn-icon-lasso-tool", "Activate lasso tool", (event) => lassoTool.activateSelection(event)),
    "space-tool": tool("bpmn-icon-space-tool", "Activate create/remove space tool", (event) => spaceTool.activateSelection(event)),
    "global-connect-tool": tool("bpmn-icon-connection-multi", "Activate global connect tool", (event) => globalConnect.start(event)),
    "tool-separator": { group: "tools", separator: true },
    "create.start-event": shape("event", "bpmn-icon-start-event-none", "Create start event", { type: "bpmn:StartEvent" }),
    "create.timer": shape("event", "bpmn-icon-intermediate-event-catch-timer", "Timer intermediate catch event", { type: "bpmn:IntermediateCatchEvent", eventDefinitionType: "bpmn:TimerEventDefinition" }),
    "create.end-event": shape("event", "bpmn-icon-end-event-none", "Create end event", { type: "bpmn:EndEvent" }),
    "create.exclusive-gateway": shape("gateway", "bpmn-icon-gateway-xor", "Exclusive gateway", { type: "bpmn:ExclusiveGateway" }),
    "create.parallel-gateway": shape("gateway", "bpmn-icon-gateway-parallel", "Parallel gateway", { type: "bpmn:ParallelGateway" }),
    "create.user-task": shape("activity", "bpmn-icon-user-task", "User task", { type: "bpmn:UserTask" }),
    "create.service-task": shape("activity", "bpmn-icon-service-task", "Service task", { type: "bpmn:ServiceTask" }),
    "create.business-rule-task": shape("activity", "bpmn-icon-business-rule-task", "Business rule task", { type: "bpmn:BusinessRuleTask" }),
    "create.call-activity": shape("activity", "bpmn-icon-call-activity", "Call activity", { type: "bpmn:CallActivity" }),
    "create.subprocess-expanded": { group: "activity", className: "bpmn-icon-subprocess-expanded", title: translate("Create expanded sub-process"), action: { click: subProcess, dragstart: subProcess } },
  });
  palette.registerProvider(this);
}
Palette.$inject = ["palette", "create", "elementFactory", "spaceTool", "lassoTool", "handTool", "globalConnect"];

// Behind the pad's own provider: what it appends is of a kind that somebody does.
function Pad(contextPad, autoPlace, create, elementFactory) {
  const userTask = () => elementFactory.createShape({ type: "bpmn:UserTask" });
  const gateway = () => elementFactory.createShape({ type: "bpmn:ExclusiveGateway" });
  contextPad.registerProvider(500, {
    getContextPadEntries: (element) => (entries) => {
      const kept = Object.entries(entries).filter(([name]) => !HIDDEN_ENTRIES.includes(name));
      const given = Object.fromEntries(kept);
      if (given["append.append-task"]) {
        given["append.append-task"] = appending("bpmn-icon-user-task", "User task", userTask);
      }
      if (given["append.gateway"]) given["append.gateway"] = appending("bpmn-icon-gateway-xor", "Exclusive gateway", gateway);
      return given;

      function appending(className, title, make) {
        return {
          group: "model",
          className,
          title: `接${translate(title)}`,
          action: {
            click: () => autoPlace.append(element, make()),
            dragstart: (event) => create.start(event, make(), { source: element }),
          },
        };
      }
    },
  });
}
Pad.$inject = ["contextPad", "autoPlace", "create", "elementFactory"];
