// What the editors of a draft do beyond their HTML: a number is checked as it is typed, a blank is put in where the
// cursor stands, and one more line is offered when the last one is filled.

const form = document.querySelector("form[data-checked]");
if (form) form.addEventListener("change", (event) => event.target.matches("[data-knob]") && check(event.target));

async function check(input) {
  const asked = new URLSearchParams({ name: input.name, text: input.value });
  const answer = await fetch(`${form.dataset.checked}?${asked}`, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok) return; // whatever is wrong is told when it is saved
  const { message } = await answer.json();
  const line = document.getElementById(`${input.id}-error`);
  line.textContent = message;
  line.hidden = !message;
  input.toggleAttribute("aria-invalid", Boolean(message));
  if (message) input.setAttribute("aria-invalid", "true");
  input.closest(".jq-knob").classList.toggle("jq-field-wrong", Boolean(message));
}

// Blanks of a letter: each button puts one in where somebody was writing last.
let written = document.querySelector("[data-blanks-into]");
for (const box of document.querySelectorAll("[data-blanks-into]")) box.addEventListener("focus", () => (written = box));
for (const button of document.querySelectorAll("[data-blank]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    written.setRangeText(button.dataset.blank, written.selectionStart, written.selectionEnd, "end");
    written.focus();
  });
}

// Of the fields that may decide whether this one is shown, the answers of the chosen one alone.
const decides = document.getElementById("show_field");
const answersOf = () => {
  for (const line of document.querySelectorAll("[data-shown-for]")) line.hidden = line.dataset.shownFor !== decides.value;
};
if (decides) {
  answersOf();
  decides.addEventListener("change", () => {
    answersOf();
    decides.parentElement.querySelector("details").open = Boolean(decides.value);
  });
}
