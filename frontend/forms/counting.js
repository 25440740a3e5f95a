// How long a text is, counted as the server counts: code points, line ends as one. Nothing is ever cut.

import { element } from "./parts.js";
import { say } from "./words.js";

export function count(form) {
  form.querySelectorAll("[data-count]").forEach(update);
  form.addEventListener("input", ({ target }) => update(target)); // rows that are added later are counted too
}

function update(control) {
  const most = Number(control.dataset.count);
  if (!most) return;
  const line = lineOf(control);
  const used = length(control.value);
  const over = used - most;
  line.textContent = over > 0 ? say("over", { over, used, most }) : say("count", { used, most });
  line.classList.toggle("jq-counter-over", over > 0);
  line.setAttribute("aria-live", over > 0 ? "polite" : "off"); // every letter read aloud would be no help
}

export function length(text) {
  return [...text.replace(/\r\n?/g, "\n").trim()].length;
}

function lineOf(control) {
  const known = document.getElementById(`${control.id}-count`);
  if (known) return known;
  const line = element("span", { class: "jq-counter", id: `${control.id}-count` });
  control.after(line);
  control.setAttribute("aria-describedby", [control.getAttribute("aria-describedby"), line.id].filter(Boolean).join(" "));
  return line;
}
