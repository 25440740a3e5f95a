// A table of a form: rows added, removed and moved in the page. Enter moves down, as in a spreadsheet, and never
// presses a row's button.

import { announce, button, element } from "./parts.js";
import { say } from "./words.js";

const NUMBERED = ["name", "id", "for", "aria-label", "aria-labelledby", "aria-describedby", "value", "href"];

export class Table {
  constructor(root) {
    this.root = root;
    this.name = root.dataset.table;
    this.most = Number(root.dataset.most) || Infinity;
    this.body = root.querySelector("tbody");
    this.template = root.querySelector("template");
    this.start = Number(root.dataset.start ?? 0); // rows on the pages before
    this.movable();
    root.addEventListener("click", (event) => this.pressed(event));
    root.addEventListener("keydown", (event) => this.entered(event));
    this.limit();
  }

  get rows() {
    return [...this.body.rows];
  }

  // The control of each column, the first where several make one answer.
  cells(row) {
    const controls = [...row.cells].map((cell) => cell.querySelector("input:not([type=hidden]), select, textarea"));
    return controls.filter(Boolean);
  }

  // The cell at these places; undefined beyond the edge.
  cell(row, column) {
    return this.rows[row] && this.cells(this.rows[row])[column];
  }

  placeOf(control) {
    const row = this.rows.indexOf(control.closest("tr"));
    const cell = control.closest("td");
    return row < 0 ? null : { row, column: this.cells(this.rows[row]).findIndex((one) => one.closest("td") === cell) };
  }

  // As many new rows at the end as fit; how many they were.
  add(count = 1) {
    const fit = Math.min(count, this.most - this.rows.length);
    const first = this.rows.length;
    const fresh = document.createDocumentFragment();
    for (let number = first; number < first + fit; number++) fresh.append(this.blank(number));
    this.body.append(fresh);
    this.limit();
    return fit;
  }

  blank(number) {
    const row = this.template.content.firstElementChild.cloneNode(true);
    this.renumber(row, number);
    return row;
  }

  remove(row) {
    const number = this.rows.indexOf(row);
    const next = this.rows[number + 1] ?? this.rows[number - 1];
    row.remove();
    this.renumberAll();
    const undo = button(say("undo"), () => {
      this.body.insertBefore(row, this.rows[number] ?? null);
      this.renumberAll();
      this.tell("");
      this.cells(row)[0]?.focus();
    });
    this.tell(say("rowRemoved", { row: this.start + number + 1 }), undo);
    (next ? this.cells(next)[0] : this.root.querySelector("[data-row-add]"))?.focus();
  }

  move(row, by, pressed) {
    const number = this.rows.indexOf(row);
    const target = number + by;
    if (target < 0 || target >= this.rows.length) return;
    if (by < 0) this.rows[target].before(row);
    else this.rows[target].after(row);
    this.renumberAll();
    pressed.focus();
    this.tell(say("rowMoved", { row: this.start + target + 1 }));
  }

  renumberAll() {
    // While rows take each other's names, two groups of radio buttons are one, and the browser unchooses half of them.
    const chosen = [...this.body.querySelectorAll("input:checked")];
    this.rows.forEach((row, number) => this.renumber(row, number));
    for (const one of chosen) one.checked = true;
    this.limit();
    this.body.dispatchEvent(new Event("input", { bubbles: true }));
  }

  renumber(row, number) {
    const path = new RegExp(`\\b${this.name}(\\[|-|:)\\d+`, "g");
    for (const one of [row, ...row.querySelectorAll("*")]) {
      for (const attribute of NUMBERED) {
        const before = one.getAttribute(attribute);
        if (!before || (attribute === "value" && one.type !== "submit")) continue;
        const after = before
          .replace(path, (_, mark) => `${this.name}${mark}${number}`)
          .replace(attribute === "aria-label" ? /\d+/ : /$^/, this.start + number + 1);
        if (after !== before) one.setAttribute(attribute, after);
      }
      if ("rowNumber" in one.dataset) one.textContent = this.start + number + 1;
    }
  }

  // Without scripts nobody misses these two: the order of rows says nothing.
  movable() {
    if (!this.template || !this.root.querySelector("[data-row-remove]")) return;
    for (const row of [...this.rows, this.template.content.firstElementChild]) {
      const number = row.querySelector("[data-row-number]").textContent.trim();
      const make = (sign, mark, key) =>
        element("button", { type: "button", class: "jq-button jq-button-plain", [mark]: true, "aria-label": say(key, { row: number }) }, sign);
      row.querySelector("[data-row-remove]").before(make("↑", "data-row-up", "up"), make("↓", "data-row-down", "down"));
    }
  }

  limit() {
    const full = this.rows.length >= this.most;
    for (const add of this.root.querySelectorAll("[data-row-add]")) {
      add.disabled = full;
      add.title = full ? say("rowsFull", { most: this.most }) : "";
    }
  }

  tell(sentence, ...more) {
    this.line ??= this.root.querySelector("[data-table-state]") ?? this.root.appendChild(document.createElement("p"));
    this.line.className = "jq-quiet";
    this.line.replaceChildren(sentence, ...more.flatMap((one) => [" ", one]));
    announce(sentence);
  }

  pressed(event) {
    const pressed = event.target.closest("button");
    if (!pressed) return;
    const row = pressed.closest("tbody tr");
    const { rowAdd, rowRemove, rowUp, rowDown } = pressed.dataset;
    if ([rowAdd, rowRemove, rowUp, rowDown].every((one) => one === undefined)) return;
    event.preventDefault();
    if (rowRemove !== undefined) this.remove(row);
    else if (rowUp !== undefined) this.move(row, -1, pressed);
    else if (rowDown !== undefined) this.move(row, 1, pressed);
    else if (this.add()) {
      this.renumberAll();
      this.cells(this.rows[this.rows.length - 1])[0].focus();
      this.tell(say("rowAdded", { row: this.start + this.rows.length }));
    }
  }

  entered(event) {
    const control = event.target;
    if (event.key !== "Enter" || event.isComposing || event.keyCode === 229) return; // Enter of an input method
    if (!control.matches("tbody input, tbody select")) return;
    event.preventDefault();
    const { row, column } = this.placeOf(control);
    (this.cell(row + 1, column) ?? this.root.querySelector("[data-row-add]"))?.focus();
  }
}
