// The answers of a form as the draft keeps them, read from the names of its controls: `output.2024`,
// `enterprises[3].name`. Names that begin with _ belong to the page (the token, the buttons), not to the form.

export function controls(form) {
  return [...form.elements].filter((one) => one.name && !one.name.startsWith("_"));
}

// Everything typed, by name: what is put back after a page was lost.
export function typed(form) {
  return controls(form)
    .filter((one) => !["button", "submit", "file", "fieldset"].includes(one.type))
    .map((one) => [one.name, one.value, ["checkbox", "radio"].includes(one.type) ? one.checked : null]);
}

export function putBack(form, entries) {
  const waiting = new Map();
  for (const one of controls(form)) {
    if (!waiting.has(one.name)) waiting.set(one.name, []);
    waiting.get(one.name).push(one);
  }
  for (const [name, value, checked] of entries) {
    const candidates = waiting.get(name) ?? [];
    const at = checked === null ? 0 : candidates.findIndex((one) => one.value === value);
    const [one] = at < 0 ? [] : candidates.splice(at, 1);
    if (!one) continue;
    if (checked === null) one.value = value;
    else one.checked = checked;
  }
}

export function answers(form) {
  const data = {};
  for (const one of controls(form)) {
    if (one.disabled || ["button", "submit", "reset", "file", "fieldset"].includes(one.type)) continue;
    if (one.type === "radio" && !one.checked) continue;
    const path = one.name.match(/[^.[\]]+|\[\d+\]/g);
    if ("list" in one.dataset) {
      const list = put(data, path, (before) => before ?? []);
      if (one.type !== "checkbox" || one.checked) list.push(one.value);
    } else if (one.type !== "checkbox" || one.checked) {
      put(data, path, () => one.value);
    }
  }
  for (const { dataset } of form.querySelectorAll("[data-table]")) data[dataset.table] ??= []; // all rows removed
  for (const rows of Object.values(data)) {
    if (Array.isArray(rows)) for (let row = 0; row < rows.length; row++) rows[row] ??= {}; // nothing in it is chosen yet
  }
  return data;
}

function put(data, path, value) {
  let place = data;
  path.forEach((step, depth) => {
    const key = step.startsWith("[") ? Number(step.slice(1, -1)) : step;
    const next = path[depth + 1];
    if (next === undefined) place[key] = value(place[key]);
    else place = place[key] ??= next.startsWith("[") ? [] : {};
    if (next === undefined) place = place[key];
  });
  return place;
}
