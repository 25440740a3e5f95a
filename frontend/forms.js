// What the forms of the desk do beyond their HTML. Every one of them works without: this only saves time and text.

import { autosave } from "./forms/saving.js";
import { count } from "./forms/counting.js";
import { pasteBlocks } from "./forms/pasting.js";
import { sendOnce } from "./forms/submitting.js";
import { showWhenAsked } from "./forms/showing.js";
import { Table } from "./forms/tables.js";
import { refuseStrayFiles, uploads } from "./forms/uploads.js";

for (const form of document.querySelectorAll('form[method="post"]')) {
  const roots = [...form.querySelectorAll("[data-table], [data-cells]")].map((one) => one.closest(".jq-field"));
  const tables = roots.map((root) => new Table(root));
  tables.forEach(pasteBlocks);
  count(form);
  showWhenAsked(form);
  form.querySelectorAll("[data-upload]").forEach(uploads);
  if (form.dataset.autosave) autosave(form, { makeRows: (names) => tables.forEach((table) => grow(table, names)) });
  sendOnce(form); // after the draft, which may ask a submission to wait for it
}
if (document.querySelector("[data-upload]")) refuseStrayFiles();

// As many rows as the names ask for: "enterprises[11].name" asks for twelve.
function grow(table, names) {
  const numbers = names.filter((name) => name.startsWith(`${table.name}[`)).map((name) => parseInt(name.slice(table.name.length + 1)));
  const wanted = Math.max(0, ...numbers.map((number) => number + 1));
  if (wanted > table.rows.length) table.add(wanted - table.rows.length);
}
