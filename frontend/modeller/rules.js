// What the drawing itself shows to be wrong, at once. Everything else the server finds; the names of the rules are its.

import { is } from "bpmn-js/lib/util/ModelUtil";
import { definition, extension, fact } from "./facts.js";
import { asks } from "./flows.js";

export const RULES = ["property-missing", "no-default", "condition-missing", "several-flows-out", "dead-end", "unreachable", "unnamed", "operator-missing", "unknown-process", "unknown-decision", "timer", "no-lane"];

export function flaws(process) {
  const found = [];
  const laned = new Set((process.laneSets ?? []).flatMap(({ lanes }) => lanes ?? []).flatMap((lane) => lane.flowNodeRef ?? []));
  within(process, found, (node) => laned.has(node));
  return found;
}

function within(scope, found, hasLane) {
  const all = scope.flowElements ?? [];
  const nodes = all.filter((each) => is(each, "bpmn:FlowNode"));
  const reached = reachable(nodes);
  for (const node of nodes) {
    const tell = (rule, severity, message) => found.push({ element: node.id, rule, severity, message });
    const ways = node.outgoing ?? [];
    if (!reached.has(node)) tell("unreachable", "error", "从开始事件到不了这里；请连上，或删除这一环节");
    else if (!is(node, "bpmn:EndEvent") && !ways.length) tell("dead-end", "error", "流程到这里就断了；请连到下一环节或结束事件");
    if (!is(node, "bpmn:Gateway") && !is(node, "bpmn:EndEvent") && ways.length > 1) {
      tell("several-flows-out", "error", `有 ${ways.length} 条连线离开这一环节；请在后面加一个网关，再从网关分出`);
    }
    if (asks(node)) gateway(node, ways, found, tell);
    if (is(node, "bpmn:UserTask")) person(node, tell, hasLane(node));
    automatic(node, tell);
    if (is(node, "bpmn:SubProcess")) within(node, found, () => hasLane(node));
  }
}

function gateway(node, ways, found, tell) {
  const conditions = ways.filter(({ conditionExpression }) => conditionExpression);
  if (!node.default && (ways.length > 1 || conditions.length)) tell("no-default", "error", "没有默认连线：所有条件都不成立时办件会卡住；请把其中一条设为默认连线");
  for (const flow of ways) {
    if (ways.length > 1 && flow !== node.default && !flow.conditionExpression) {
      found.push({ element: flow.id, rule: "condition-missing", severity: "error", message: "从网关分出的连线没有条件；请写明条件，或设为默认连线" });
    }
  }
  if (ways.length > 1 && !node.name) tell("unnamed", "warning", "没有中文名称，办理人员看不懂；请在图上写明");
}

function person(node, tell, hasLane) {
  const missing = [["form", "表单"], ["role", "由谁办理"], ["at", "哪个单位"]].filter(([name]) => !fact(node, name)).map(([, title]) => title);
  if (missing.length) tell("property-missing", "error", `没有写明${missing.join("、")}`);
  if (!node.name) tell("unnamed", "warning", "没有中文名称，办理人员看不懂；请在图上写明");
  if (!hasLane) tell("no-lane", "error", "不在任何泳道里，看不出由哪个单位办理；请移进泳道");
}

function automatic(node, tell) {
  if (is(node, "bpmn:ServiceTask") && !extension(node, "spiffworkflow:ServiceTaskOperator")) tell("operator-missing", "error", "服务任务没有说明做什么；请选择一种操作");
  if (is(node, "bpmn:CallActivity") && !node.calledElement) tell("unknown-process", "error", "没有写明调用哪个流程");
  if (is(node, "bpmn:BusinessRuleTask") && !extension(node, "spiffworkflow:CalledDecisionId")) tell("unknown-decision", "error", "没有写明用哪张决策表");
  const timer = definition(node, "bpmn:TimerEventDefinition");
  if (timer && !["timeDate", "timeDuration", "timeCycle"].some((part) => timer.get(part)?.body)) tell("timer", "error", "没有写明等到什么时候");
}

function reachable(nodes) {
  const seen = new Set(nodes.filter((each) => is(each, "bpmn:StartEvent")));
  if (!seen.size) return new Set(nodes);
  const queue = [...seen];
  while (queue.length) {
    const node = queue.shift();
    const boundary = nodes.filter((each) => each.attachedToRef === node);
    for (const next of [...(node.outgoing ?? []).map(({ targetRef }) => targetRef), ...boundary]) {
      if (!next || seen.has(next)) continue;
      seen.add(next);
      queue.push(next);
    }
  }
  return seen;
}
