// Questions that depend on an earlier answer: shown when it is given, and without an answer of their own otherwise.

import { controls } from "./answers.js";

export function showWhenAsked(form) {
  const dependent = [...form.querySelectorAll("[data-show-field]")].map((part) => ({
    part,
    field: part.dataset.showField,
    wanted: JSON.parse(part.dataset.showIn).map(String),
  }));
  if (!dependent.length) return;
  const update = () => {
    for (const { part, field, wanted } of dependent) {
      const shown = wanted.includes(value(form, field)); // in the form's order: what a hidden question says, counts not
      if (part.hidden === !shown) continue;
      part.hidden = !shown;
      for (const control of part.querySelectorAll("input, select, textarea, button")) control.disabled = !shown;
    }
  };
  form.addEventListener("input", update);
  form.addEventListener("change", update);
  addEventListener("pageshow", update); // a browser may put answers back after the page was left
  for (const { part } of dependent) part.hidden = false; // one state to start from: enabled and shown
  update();
}

function value(form, field) {
  const given = controls(form).filter((one) => one.name === field && !one.disabled);
  const chosen = given.find((one) => !["radio", "checkbox"].includes(one.type) || one.checked);
  return chosen?.value;
}
