// What every page does beyond its HTML: it leads the reader to what is wrong, or to what came of the last command, and
// prints.

const summary = document.querySelector("[data-summary]");
if (summary) summary.focus();
else if (!location.hash) document.querySelector("[data-said]")?.focus({ preventScroll: true });

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
