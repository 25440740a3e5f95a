// The parts of which the panel is made: a choice by names, several choices, a line, a text, a remark, a tick.

import { Group, CheckboxEntry, SelectEntry, TextAreaEntry, TextFieldEntry } from "@bpmn-io/properties-panel";
import { h } from "@bpmn-io/properties-panel/preact";
import { useState } from "@bpmn-io/properties-panel/preact/hooks";
import { useService } from "bpmn-js-properties-panel";
import { translate } from "./chinese.js";

export function group(id, label, entries, options = {}) {
  return { id, label, entries: entries.filter(Boolean), component: Group, shouldOpen: true, translate, ...options };
}

// `options`: [{id, title}] or a function; what the diagram says and nobody offers stays visible.
export function choice(id, label, { get, set, options, none = "（未选）", description }) {
  const known = () => (typeof options === "function" ? options() : options);
  return entry(id, SelectEntry, (element) => ({
    label,
    description,
    getValue: () => get() ?? "",
    setValue: (value) => set(value ?? ""),
    getOptions: () => {
      const found = known().map((each) => ({ value: each.id, label: titled(each) }));
      const now = get();
      if (now && !found.some(({ value }) => value === now)) found.push({ value: now, label: `${now}（流程包中没有）` });
      return none === null ? found : [{ value: "", label: none }, ...found];
    },
    element,
  }), (node) => Boolean(node?.value));
}

export function line(id, label, { get, set, description, validate, disabled, placeholder }) {
  return entry(id, TextFieldEntry, (element, debounce) => ({
    label,
    description,
    validate,
    disabled,
    placeholder,
    getValue: () => get() ?? "",
    setValue: (value, error) => !error && set(value ?? ""),
    debounce,
    element,
  }), (node) => Boolean(node?.value));
}

export function text(id, label, { get, set, description, rows = 3, monospace, validate }) {
  return entry(id, TextAreaEntry, (element, debounce) => ({
    label,
    description,
    rows,
    monospace,
    validate,
    autoResize: true,
    translate,
    getValue: () => get() ?? "",
    setValue: (value) => set(value ?? ""),
    debounce,
    element,
  }), (node) => Boolean(node?.value));
}

export function tick(id, label, { get, set, description }) {
  return entry(id, CheckboxEntry, (element) => ({ label, description, getValue: get, setValue: set, element }), (node) => Boolean(node?.checked));
}

// Several of `options`, in an order of their own, kept as a comma-separated text.
export function several(id, label, { get, set, options, description }) {
  return { id, component: Several, isEdited: () => false, label, get, set, options, description };
}

// A name that is made by pressing the button: while it is being typed it is none yet.
export function maker(id, label, { make, validate, placeholder }) {
  return { id, component: Maker, isEdited: () => false, label, make, validate, placeholder };
}

// Something to do.
export function press(id, label, deed) {
  return { id, component: Press, isEdited: () => false, label, deed };
}

// Words, and where to go: [{text, href?, title?}]
export function remark(id, parts) {
  return { id, component: Remark, isEdited: () => false, parts };
}

// A variable by both: its id stands in expressions.
function titled({ id, title, variable }) {
  return title && title !== id ? (variable ? `${title}（${id}）` : title) : id;
}

function entry(id, component, props, isEdited) {
  function Entry({ element }) {
    const debounce = useService("debounceInput");
    return h(component, { id, ...props(element, debounce) });
  }
  return { id, component: Entry, isEdited };
}

function Several({ id, label, get, set, options, description }) {
  const known = typeof options === "function" ? options() : options;
  const chosen = get();
  const named = (value) => titled(known.find((each) => each.id === value) ?? { id: value });
  const rest = known.filter((each) => !chosen.includes(each.id));
  const field = `bio-properties-panel-${id}`;
  return h("div", { class: "bio-properties-panel-entry jq-several", "data-entry-id": id }, [
    h("label", { class: "bio-properties-panel-label", for: field }, label),
    chosen.length > 0 &&
      h("ul", { class: "jq-chosen" }, chosen.map((value) =>
        h("li", { key: value }, [
          h("span", {}, named(value)),
          h("button", {
            type: "button",
            "aria-label": `去掉 ${named(value)}`,
            onClick: () => set(chosen.filter((each) => each !== value)),
          }, "×"),
        ]),
      )),
    h("select", {
      id: field,
      class: "bio-properties-panel-input",
      value: "",
      onChange: (event) => {
        const { value } = event.target;
        event.target.value = "";
        if (value) set([...chosen, value]);
      },
    }, [h("option", { value: "" }, chosen.length ? "再加一个…" : "请选择…"), ...rest.map((each) => h("option", { value: each.id }, titled(each)))]),
    description && h("div", { class: "bio-properties-panel-description" }, description),
  ]);
}

function Maker({ id, label, make, validate, placeholder }) {
  const [wrong, setWrong] = useState(null);
  const field = `bio-properties-panel-${id}`;
  const press = (event) => {
    const input = event.currentTarget.parentElement.querySelector("input");
    const why = validate(input.value.trim());
    setWrong(why);
    if (why) return input.focus();
    make(input.value.trim());
    input.value = "";
  };
  return h("div", { class: "bio-properties-panel-entry jq-maker", "data-entry-id": id }, [
    h("label", { class: "bio-properties-panel-label", for: field }, label),
    h("div", {}, [
      h("input", { id: field, class: "bio-properties-panel-input", type: "text", placeholder, "aria-describedby": `${field}-wrong` }),
      h("button", { type: "button", class: "jq-button jq-button-small", onClick: press }, "新建"),
    ]),
    h("p", { id: `${field}-wrong`, class: "jq-maker-wrong", role: "status" }, wrong),
  ]);
}

function Press({ id, label, deed }) {
  return h("div", { class: "bio-properties-panel-entry", "data-entry-id": id }, h("button", { type: "button", class: "jq-button jq-button-small", onClick: deed }, label));
}

function Remark({ id, parts }) {
  return h("div", { class: "bio-properties-panel-entry jq-said-here", "data-entry-id": id }, parts.map(({ text: words, href, title }) =>
    h("p", {}, [title && h("strong", {}, `${title} `), href ? h("a", { href }, words) : words]),
  ));
}
