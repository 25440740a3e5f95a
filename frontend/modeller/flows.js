// The flows that leave a gateway: their conditions, chosen or written, and the one that is taken when none holds.

import { is } from "bpmn-js/lib/util/ModelUtil";
import { choice, group, line, remark, several, text, tick } from "./entries.js";
import { objectOf } from "./facts.js";
import { deciding, parsed, written } from "./ways.js";

const HOW = [
  { id: "==", title: "是" },
  { id: "!=", title: "不是" },
  { id: "in", title: "是其中之一" },
];

export function asks(object) {
  return is(object, "bpmn:ExclusiveGateway") || is(object, "bpmn:InclusiveGateway");
}

export function flowGroup(element, changes, words) {
  const flow = objectOf(element);
  const gateway = flow.sourceRef;
  const isDefault = gateway.default === flow;
  const body = flow.conditionExpression?.body ?? "";
  const asked = parsed(body) ?? (body ? null : { name: "", how: "==", values: [] });
  const known = deciding(element.source, words);
  const variable = known.find(({ id }) => id === asked?.name);
  const put = (condition) => {
    const expression = condition ? changes.create("bpmn:FormalExpression", { body: condition }, flow) : undefined;
    changes.apply(element, [flow, { conditionExpression: expression }]);
  };
  const say = (part) => put(written({ ...asked, ...part }));
  const values = { get: () => asked.values, set: (chosen) => say({ values: chosen }) };
  return group("condition", "什么时候走这条线", [
    tick("default-flow", "其他条件都不成立时走这条（默认连线）", {
      get: () => isDefault,
      set: (on) => changes.apply(element, [gateway, { default: on ? flow : undefined }], ...(on && body ? [[flow, { conditionExpression: undefined }]] : [])),
    }),
    !isDefault && asked && choice("condition-name", "看什么", { get: () => asked.name, set: (name) => say({ name, values: asked.values.filter(() => name === asked.name) }), options: known }),
    !isDefault && asked?.name && choice("condition-how", "怎样", { get: () => asked.how, set: (how) => say({ how, values: how === "in" ? asked.values : asked.values.slice(0, 1) }), options: HOW, none: null }),
    !isDefault && asked?.name && (asked.how === "in"
      ? several("condition-values", "哪些", { ...values, options: variable?.values ?? [] })
      : variable?.values.length
        ? choice("condition-value", "什么", { get: () => asked.values[0], set: (value) => say({ values: [value] }), options: variable.values })
        : line("condition-value", "什么", { get: () => asked.values[0], set: (value) => say({ values: [value] }) })),
    !isDefault && text("condition", "条件（表达式）", {
      get: () => body,
      set: put,
      monospace: true,
      description: "可用变量、and、or、not、比较，以及词汇表中的词。",
    }),
  ]);
}

export function gatewayGroup(element, changes) {
  const gateway = objectOf(element);
  const ways = gateway.outgoing ?? [];
  if (ways.length < 2) return null;
  return group("ways", "从这里分出的路", [
    choice("default", "条件都不成立时走", {
      get: () => gateway.default?.id,
      set: (id) => {
        const flow = ways.find((each) => each.id === id);
        changes.apply(element, [gateway, { default: flow }], ...(flow?.conditionExpression ? [[flow, { conditionExpression: undefined }]] : []));
      },
      options: ways.map((flow) => ({ id: flow.id, title: flow.name || `到“${flow.targetRef?.name ?? flow.targetRef?.id}”` })),
    }),
    remark("ways-said", ways.map((flow) => ({ title: flow.name || flow.targetRef?.name || flow.id, text: flow === gateway.default ? "默认" : flow.conditionExpression?.body || "没有条件" }))),
  ]);
}
