// Sending a form: once, however often the button is pressed, and it says that it is at it.

import { announce } from "./parts.js";
import { say } from "./words.js";

export function sendOnce(form) {
  let asleep = [];
  form.addEventListener("submit", (event) => {
    if (form.dataset.sending) return event.preventDefault();
    form.dataset.sending = "1";
    form.setAttribute("aria-busy", "true");
    announce(say(form.elements._sheet ? "importing" : "sending"));
    // After this event: a button that is disabled now would not be sent along.
    setTimeout(() => {
      asleep = [...form.elements].filter((one) => one.type === "submit" && !one.disabled);
      asleep.forEach((one) => (one.disabled = true));
    });
  });
  addEventListener("pageshow", () => {
    if (!form.dataset.sending) return;
    delete form.dataset.sending;
    form.removeAttribute("aria-busy");
    asleep.forEach((one) => (one.disabled = false));
  });
}
