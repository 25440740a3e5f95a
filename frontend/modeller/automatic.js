// What the system does by itself: services, decision tables, calls of other processes, messages, several items.

import { is } from "bpmn-js/lib/util/ModelUtil";
import { choice, group, line, maker, remark, text, tick } from "./entries.js";
import { definition, extension, fact, objectOf } from "./facts.js";

const OPERATOR = "spiffworkflow:ServiceTaskOperator";
const DECISION = "spiffworkflow:CalledDecisionId";
const PAYLOAD = "spiffworkflow:MessagePayload";
const VARIABLE = "spiffworkflow:MessageVariable";
const QUOTED = /^\s*(?:'([^'\\]*)'|"([^"\\]*)")\s*$/;

export function serviceGroup(element, changes, words) {
  const task = objectOf(element);
  const operator = extension(task, OPERATOR);
  const effect = words.effects.find(({ id }) => id === operator?.id);
  const now = (id) => operator?.parameters?.parameterList?.find((each) => each.id === id)?.value ?? "";
  const put = (id, given) => {
    const asked = words.effects.find((each) => each.id === id);
    const rows = (asked?.parameters ?? []).map(({ id: name }) =>
      changes.create("spiffworkflow:Parameter", { id: name, type: typeOf(operator, name), value: given(name) }),
    );
    const parameters = changes.create("spiffworkflow:Parameters", { parameterList: rows });
    const attributes = { id, parameters, ...(operator?.resultVariable && { resultVariable: operator.resultVariable }) };
    changes.extend(element, task, OPERATOR, asked && attributes);
  };
  const parameter = ({ id, title, choices }) => {
    const set = (value) => put(effect.id, (name) => (name === id ? (choices && value ? `'${value}'` : value) : now(name)));
    if (choices) return choice(`parameter-${id}`, title, { get: () => constant(now(id)), set, options: choices });
    return line(`parameter-${id}`, title, { get: () => now(id), set, description: "填变量的名称，或表达式。" });
  };
  return group("service", "系统做什么", [
    choice("operator", "操作", { get: () => operator?.id, set: (id) => put(id, (name) => (id === effect?.id ? now(name) : usual(name))), options: words.effects }),
    ...(effect?.parameters ?? []).map(parameter),
  ]);
}

export function decisionGroup(element, changes, words, links) {
  const task = objectOf(element);
  const decision = words.decisions.find(({ id }) => id === extension(task, DECISION)?.value);
  return group("decision", "按决策表判断", [
    choice("called-decision", "决策表", {
      get: () => extension(task, DECISION)?.value,
      set: (value) => changes.extend(element, task, DECISION, value && { value }),
      options: words.decisions,
    }),
    decision &&
      remark("decision-link", [
        { text: `结果写入：${decision.gives.join("、")}` },
        links.tables && { text: "打开这张决策表", href: links.tables.replace("{id}", decision.file) },
      ].filter(Boolean)),
  ]);
}

export function callGroup(element, changes, words, links) {
  const call = objectOf(element);
  const called = words.processes.find(({ id }) => id === call.calledElement);
  return group("call", "调用其他流程", [
    choice("called-element", "流程", {
      get: () => call.calledElement,
      set: (value) => changes.apply(element, [call, { calledElement: value || undefined }]),
      options: words.processes,
    }),
    called && remark("call-link", [
      { text: `可能的结果：${called.ends.map(({ title, id }) => title || id).join("、")}` },
      links.diagrams && { text: "打开这张流程图", href: links.diagrams.replace("{id}", called.id) },
    ].filter(Boolean)),
    (called?.office || fact(call, "office")) &&
      choice("office", "由哪一级单位办理", {
        get: () => fact(call, "office"),
        set: (office) => changes.state(element, { office }),
        options: words.offices,
        none: "与调用者相同",
      }),
  ]);
}

export function messageGroup(element, changes, words) {
  const event = objectOf(element);
  const task = is(event, "bpmn:SendTask") || is(event, "bpmn:ReceiveTask");
  const holder = task ? event : definition(event, "bpmn:MessageEventDefinition");
  const throwing = is(event, "bpmn:ThrowEvent") || is(event, "bpmn:SendTask");
  const root = changes.modeler.getDefinitions();
  const known = root.rootElements.filter((each) => is(each, "bpmn:Message"));
  const name = (value) => {
    if (!value) return changes.apply(element, [holder, { messageRef: undefined }]);
    const found = known.find((each) => each.name === value);
    const message = found ?? changes.create("bpmn:Message", { id: value, name: value }, root);
    const added = found ? [] : [[root, { rootElements: [message, ...root.rootElements] }]];
    changes.apply(element, ...added, [holder, { messageRef: message }]);
  };
  const names = [...new Set([...words.messages, ...known.map((each) => each.name)])].map((id) => ({ id, title: id }));
  return group("message", throwing ? "发出消息" : "等待消息", [
    choice("message", "消息", { get: () => holder.messageRef?.name, set: name, options: names }),
    maker("message-new", "另起一个消息名", { make: name, validate: anId, placeholder: "小写英文和下划线" }),
    throwing && choice("to", "发给", { get: () => fact(event, "to"), set: (to) => changes.state(element, { to }), options: words.audiences }),
    throwing
      ? text("payload", "消息内容", { get: () => extension(holder, PAYLOAD)?.value, set: (value) => changes.extend(element, holder, PAYLOAD, value && { value }), monospace: true, description: "如 {\"cases\": sampled}" })
      : line("message-variable", "内容写入变量", { get: () => extension(holder, VARIABLE)?.value, set: (value) => changes.extend(element, holder, VARIABLE, value && { value }), validate: (value) => (value ? anId(value) : null) }),
  ]);
}

export function itemsGroup(element, changes, words) {
  const activity = objectOf(element);
  const marks = activity.loopCharacteristics;
  const reference = (name) => (id) =>
    changes.apply(element, [marks, { [name]: id ? changes.create("bpmn:ItemAwareElement", { id }) : undefined }]);
  const item = (name, type) => (id) => changes.apply(element, [marks, { [name]: id ? changes.create(type, { id, name: id }, marks) : undefined }]);
  const valid = (value) => (value ? anId(value) : null);
  return group("items", "逐项办理", [
    choice("items-list", "逐项办理的列表", { get: () => marks.loopDataInputRef?.id, set: reference("loopDataInputRef"), options: words.names }),
    line("items-item", "每一项的名称", { get: () => marks.inputDataItem?.id, set: item("inputDataItem", "bpmn:DataInput"), validate: valid }),
    line("items-results", "汇总到列表", { get: () => marks.loopDataOutputRef?.id, set: reference("loopDataOutputRef"), validate: valid, description: "可以就用逐项办理的列表。" }),
    line("items-result", "每项结果的名称", { get: () => marks.outputDataItem?.id, set: item("outputDataItem", "bpmn:DataOutput"), validate: valid }),
    tick("items-sequential", "一项办完再办下一项", { get: () => Boolean(marks.isSequential), set: (on) => changes.apply(element, [marks, { isSequential: on }]) }),
  ]);
}

export function anId(value) {
  return /^[a-z][a-z0-9_]*$/.test(value ?? "") ? null : "应为小写英文、数字和下划线，以字母开头";
}

function constant(value) {
  const found = value.match(QUOTED);
  return found ? (found[1] ?? found[2]) : value;
}

function typeOf(operator, name) {
  return operator?.parameters?.parameterList?.find((each) => each.id === name)?.type ?? (name === "cases" ? "list" : "str");
}

// What most diagrams give.
function usual(name) {
  return { cases: "cases", cluster: "cluster_id", closes_at: "closes_at" }[name] ?? "";
}
