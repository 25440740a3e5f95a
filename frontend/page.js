// What every page does beyond its HTML: it leads the reader to what is wrong, or to what came of the last command, and
// prints.

const summary = document.querySelector("[data-summary]");
if (summary) summary.focus();
else if (!location.hash) document.querySelector("[data-said]")?.focus({ preventScroll: true });

// What is under way is looked at again until it has ended; the page that is shown then is another one.
const under_way = document.querySelector("[data-live]");
const look = async () => {
  const answer = await fetch(location.href).catch(() => null);
  const found = answer?.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
  const now = found?.querySelector("[data-live]");
  if (found && !now) return location.reload();
  if (now) under_way.replaceChildren(...now.childNodes);
  setTimeout(look, 3000);
};
if (under_way) setTimeout(look, 3000);

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
