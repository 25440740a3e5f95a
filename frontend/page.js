// What every page does beyond its HTML: it leads the reader to what is wrong, and prints.

document.querySelector("[data-summary]")?.focus();

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
