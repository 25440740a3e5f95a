// A block of cells from a spreadsheet, pasted into a table of the form: into the cell with the cursor, and on to the
// right and down. One cell, and text for a box of several lines, are pasted as everywhere.

import { say } from "./words.js";

export function pasteBlocks(table) {
  table.root.addEventListener("paste", (event) => {
    const control = event.target;
    const place = control.closest("tbody") && table.placeOf(control);
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!place || place.column < 0 || !isBlock(text, control)) return;
    event.preventDefault();
    const block = cells(text);
    const missing = place.row + block.length - table.rows.length;
    if (missing > 0) table.add(missing);
    table.tell(told(table, place, block));
    control.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

function isBlock(text, control) {
  return text.includes("\t") || (control.tagName !== "TEXTAREA" && /[\r\n]./.test(text.trim()));
}

// Rows of cells. A cell with a line end, a tab or a quotation mark stands in quotation marks, the mark doubled.
export function cells(text) {
  let row = [];
  const rows = [row];
  const cell = /("(?:[^"]|"")*"(?=[\t\r\n]|$)|[^\t\r\n]*)(\t|\r\n|\r|\n|$)/y;
  for (let found; cell.lastIndex < text.length && (found = cell.exec(text)); ) {
    const [, raw, end] = found;
    const quoted = raw.length > 1 && raw.startsWith('"') && raw.endsWith('"');
    row.push(quoted ? raw.slice(1, -1).replaceAll('""', '"') : raw);
    const last = cell.lastIndex === text.length;
    if (end === "\t" && last) row.push("");
    if (end && end !== "\t" && !last) rows.push((row = []));
  }
  return rows;
}

// Writes the block and says what came of it.
function told(table, place, block) {
  const targets = table.rows.slice(place.row, place.row + block.length).map((row) => table.cells(row));
  const width = Math.max(...block.map((row) => row.length));
  const room = Math.max(0, ...targets.map((row) => row.length - place.column));
  let count = 0;
  targets.forEach((row, number) => {
    block[number].forEach((text, offset) => {
      const control = row[place.column + offset];
      if (control && !write(control, text.trim())) count++;
    });
  });
  const facts = { rows: targets.length, columns: Math.min(width, room) };
  const lost = { lost: block.length - facts.rows, lostColumns: width - facts.columns };
  const sentence = lost.lost || lost.lostColumns ? say("pastedTooMuch", { ...facts, ...lost }) : say("pasted", facts);
  return sentence + (count ? say("pastedUnknown", { count }) : "");
}

// Whether the text could be taken: a choice must be one of those there are, by its words or its value.
function write(control, text) {
  const means = (one, words) => words.trim() === text || one.value === text;
  if (control.type === "radio" || control.type === "checkbox") {
    const choices = [...control.closest("td").querySelectorAll("input")];
    const chosen = choices.find((one) => means(one, one.closest("label").textContent));
    if (chosen) chosen.checked = true;
    return Boolean(chosen);
  }
  if (control.tagName === "SELECT") {
    const option = [...control.options].find((one) => means(one, one.textContent));
    if (option) control.value = option.value;
    return Boolean(option);
  }
  control.value = control.tagName === "TEXTAREA" ? text : text.replace(/\s*[\r\n]+\s*/g, " ");
  if (control.dataset.count) control.dispatchEvent(new Event("input", { bubbles: true })); // its counter listens
  return true;
}
