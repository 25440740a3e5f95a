// A timer chosen in words instead of written as an expression.

import { choice, group, line } from "./entries.js";
import { definition, objectOf } from "./facts.js";

const DAYS = /^\s*working_days\(\s*([0-9]{1,3})\s*\)\s*$/;
const PERIOD = /^\s*deadline\(\s*["']([a-z0-9_]+)["']\s*\)\s*$/;
const MOMENT = /^\s*([a-z_][a-z0-9_]*)\s*$/;
const KINDS = [
  { id: "days", title: "若干个工作日之后" },
  { id: "period", title: "规则中的时限届满时" },
  { id: "moment", title: "办件中的某一时间" },
  { id: "other", title: "自己写表达式" },
];
const AS_BEGUN = { days: "working_days(5)", moment: "closes_at" };
const PARTS = ["timeDate", "timeDuration", "timeCycle"];

export function timerGroup(element, changes, words) {
  const timer = definition(objectOf(element), "bpmn:TimerEventDefinition");
  const part = PARTS.find((name) => timer.get(name)) ?? "timeDate";
  const body = timer.get(part)?.body ?? "";
  const kind = part !== "timeDate" ? "other" : DAYS.test(body) ? "days" : PERIOD.test(body) ? "period" : MOMENT.test(body) ? "moment" : body ? "other" : "";
  const periods = [...words.periods, ...words.limits].map((each) => ({ ...each, title: `${each.title}：${each.working_days} 个工作日（${each.clause}）` }));
  const put = (text, name = "timeDate") => {
    const expression = text && changes.create("bpmn:FormalExpression", { body: text }, timer);
    changes.apply(element, [timer, { ...Object.fromEntries(PARTS.map((each) => [each, undefined])), [name]: expression || undefined }]);
  };
  return group("timer", "等到什么时候", [
    choice("timer-kind", "时间", {
      get: () => kind,
      set: (id) => put(AS_BEGUN[id] ?? (id === "period" ? `deadline("${words.periods[0]?.id ?? words.limits[0]?.id ?? ""}")` : id ? "today()" : "")),
      options: KINDS,
    }),
    kind === "days" &&
      line("timer-days", "几个工作日", {
        get: () => body.match(DAYS)[1],
        set: (days) => put(`working_days(${Number(days)})`),
        validate: (value) => (/^[1-9][0-9]{0,2}$/.test(value ?? "") ? null : "请填 1 到 999 的整数"),
        description: "从次日起算，周末和节假日不算，调休上班日算；到最后一日结束时。",
      }),
    kind === "period" &&
      choice("timer-period", "时限", {
        get: () => body.match(PERIOD)[1],
        set: (name) => put(`deadline("${name}")`),
        options: periods,
        none: null,
        description: "天数在规则体系的数字中修改，图上不用改。",
      }),
    kind === "moment" &&
      choice("timer-moment", "哪一时间", { get: () => body.trim(), set: (name) => put(name), options: words.names, none: null }),
    kind === "other" &&
      line("timer-expression", "表达式", {
        get: () => body,
        set: (text) => put(text, part),
        description: "ISO 8601 时间；时长和周期要加引号，如 \"P7D\"。",
      }),
  ]);
}
