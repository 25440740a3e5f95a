// Sending a form: once, however often the button is pressed, and it says that it is at it.

import { announce } from "./parts.js";
import { say } from "./words.js";

export function sendOnce(form) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sending) return event.preventDefault();
    form.dataset.sending = "1";
    form.setAttribute("aria-busy", "true");
    announce(say(form.elements._sheet ? "importing" : "sending"));
    // They look disabled and are not: the pressed one has to be sent along, and keeps the focus while the page waits.
    for (const one of buttons(form)) one.setAttribute("aria-disabled", "true");
  });
  addEventListener("pageshow", () => {
    if (!form.dataset.sending) return;
    delete form.dataset.sending;
    form.removeAttribute("aria-busy");
    for (const one of buttons(form)) one.removeAttribute("aria-disabled");
  });
}

function buttons(form) {
  return [...form.elements].filter((one) => one.type === "submit");
}
