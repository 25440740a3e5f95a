// What a person's step says: its form, who does it, by when, on which clause, and what it does besides.

import { choice, group, remark, several, text, tick } from "./entries.js";
import { fact, listed, objectOf } from "./facts.js";

const MANY = 30; // fields of a form beyond which only those with choices are offered

export function taskGroups(element, changes, words, links) {
  const task = objectOf(element);
  const get = (name) => () => fact(task, name);
  const put = (name) => (value) => changes.state(element, { [name]: value });
  const list = (name) => ({ get: () => listed(fact(task, name)), set: (values) => changes.state(element, { [name]: values.join(",") }) });
  const form = words.forms.find(({ id }) => id === fact(task, "form"));
  const others = words.steps.filter(({ id }) => id !== task.id);
  return [
    group("task", "办理", [
      choice("form", "表单", {
        get: get("form"),
        set: (id) => changes.state(element, formed(task, words.forms.find((each) => each.id === id), id)),
        options: words.forms,
      }),
      form && links.forms && remark("form-link", [{ text: "打开这份表单", href: links.forms.replace("{id}", form.id) }]),
      several("role", "由谁办理（其中任何一人）", { ...list("role"), options: words.roles }),
      choice("at", "哪个单位的", { get: get("at"), set: put("at"), options: words.places }),
      choice("limit", "办理期限", {
        get: () => (fact(task, "limit") ? `limit:${fact(task, "limit")}` : fact(task, "closes_with") && `with:${fact(task, "closes_with")}`),
        set: (value) => changes.state(element, limited(value)),
        options: limits(words),
        none: "不设期限",
      }),
      remark("limit-words", [told(words.limits.find(({ id }) => id === fact(task, "limit")), links)].filter(Boolean)),
      text("consequence", "逾期不办会怎样", { get: get("consequence"), set: put("consequence"), rows: 2 }),
    ]),
    group("basis", "依据", [remark("clause", basis(task, words, links))]),
    group("deeds", "办完之后", [
      choice("does", "系统同时做什么", { get: get("does"), set: put("does"), options: words.acts, none: "只记下所填的内容" }),
      several("variables", "后面的条件要用的字段", {
        ...list("variables"),
        options: offered(form, listed(fact(task, "variables"))),
        description: "只有这里列出的字段可以写在网关的条件里。",
      }),
      form?.returns && remark("returns", [{ text: "这份表单可以退回：图上要用排他网关画出退回的路。" }]),
      choice("prechecks", "再按认定条件核对一次", {
        get: get("prechecks"),
        set: put("prechecks"),
        options: words.forms.filter(({ facts }) => facts),
        none: "不核对",
      }),
      several("tells", "给下一环节看的字段", { ...list("tells"), options: offered(form, listed(fact(task, "tells"))) }),
    ], { shouldOpen: Boolean(fact(task, "does") || fact(task, "variables")) }),
    group("hands", "谁来、谁不能来", [
      choice("assigned_to", "交给曾办理此环节的人", { get: get("assigned_to"), set: put("assigned_to"), options: others, none: "不指定" }),
      several("not_by", "办过这些环节的人回避", { ...list("not_by"), options: others }),
      choice("held_by", "交给席位的持有人", { get: get("held_by"), set: put("held_by"), options: words.names, none: "不按席位" }),
      tick("sealed", "只显示标题和单位，不显示办件内容", {
        get: () => Boolean(fact(task, "sealed")),
        set: (on) => changes.state(element, { sealed: on ? "yes" : "" }),
      }),
    ], { shouldOpen: false }),
  ];
}

export function startGroup(element, changes, words) {
  const start = objectOf(element);
  return group("begin", "谁来开始", [
    choice("start-form", "开始时填写的表单", {
      get: () => fact(start, "form"),
      set: (form) => changes.state(element, { form }),
      options: words.forms,
      none: "不填表单",
    }),
    several("opened_by", "由谁开始", {
      get: () => listed(fact(start, "opened_by")),
      set: (roles) => changes.state(element, { opened_by: roles.join(",") }),
      options: words.roles,
    }),
  ]);
}

// Another form: fields that it does not have decide nothing and tell nothing any more.
function formed(task, form, id) {
  const kept = (name) => listed(fact(task, name)).filter((field) => form?.fields.some((each) => each.id === field)).join(",");
  return { form: id, variables: form ? kept("variables") : "", tells: form ? kept("tells") : "" };
}

function limited(value) {
  const [kind, name] = value.split(":");
  return { limit: kind === "limit" ? name : "", closes_with: kind === "with" ? name : "" };
}

function limits({ limits: known, closings }) {
  return [
    ...known.map((each) => ({ id: `limit:${each.id}`, title: `${each.title}：${each.working_days} 个工作日` })),
    ...closings.map(({ id, title }) => ({ id: `with:${id}`, title })),
  ].map((each) => ({ ...each }));
}

function told(limit, links) {
  return limit && { text: `${limit.working_days} 个工作日，依据：${limit.clause}。`, href: links.numbers };
}

function basis(task, words, links) {
  const found = words.clauses[task.id];
  const edit = links.clauses && { text: "修改依据", href: links.clauses.replace("{step}", `${words.process}.${task.id}`) };
  if (!found) return [{ text: "还没有依据：请列为某一条款的承载，或写明为何不需要。" }, edit].filter(Boolean);
  const clauses = found.clauses.map(({ clause, gist }) => ({ title: clause, text: gist }));
  return [...clauses, found.internal && { title: "本局内部流程", text: found.internal }, edit].filter(Boolean);
}

function offered(form, chosen) {
  const fields = (form?.fields ?? []).map((each) => ({ ...each, variable: true }));
  if (fields.length <= MANY) return fields;
  return fields.filter(({ id, choices }) => choices.length || chosen.includes(id));
}
