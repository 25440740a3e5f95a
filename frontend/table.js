// The editor of one decision table of a draft: its rows, and beside them what their cells may name.

import AddRule from "dmn-js-decision-table/lib/features/add-rule";
import Annotations from "dmn-js-decision-table/lib/features/annotations/editor";
import CellSelection from "dmn-js-decision-table/lib/features/cell-selection";
import ColumnResize from "dmn-js-decision-table/lib/features/column-resize";
import ContextMenu from "dmn-js-decision-table/lib/features/context-menu";
import CopyCutPaste from "dmn-js-decision-table/lib/features/copy-cut-paste";
import CopyKeys from "dmn-js-decision-table/lib/features/copy-cut-paste/key-bindings";
import CreateInputs from "dmn-js-decision-table/lib/features/create-inputs";
import Rules from "dmn-js-decision-table/lib/features/decision-rules/editor";
import Head from "dmn-js-decision-table/lib/features/decision-table-head/editor";
import Properties from "dmn-js-decision-table/lib/features/decision-table-properties/editor";
import DragAndDrop from "dmn-js-decision-table/lib/features/drag-and-drop";
import EditorActions from "dmn-js-decision-table/lib/features/editor-actions";
import HitPolicy from "dmn-js-decision-table/lib/features/hit-policy/editor";
import { HIT_POLICIES } from "dmn-js-decision-table/lib/features/hit-policy/HitPolicies";
import Keyboard from "dmn-js-decision-table/lib/features/keyboard";
import Modeling from "dmn-js-decision-table/lib/features/modeling";
import Viewer from "dmn-js-decision-table/lib/Viewer";
import EditingManager from "dmn-js-shared/lib/base/EditingManager";
import DataTypes from "dmn-js-shared/lib/features/data-types";
import ExpressionLanguages from "dmn-js-shared/lib/features/expression-languages";
import TableContextMenu from "table-js/lib/features/context-menu";
import TableEditorActions from "table-js/lib/features/editor-actions";
import Interaction from "table-js/lib/features/interaction-events";
import Selection from "table-js/lib/features/selection";
import "dmn-js-shared/assets/css/dmn-js-shared.css";
import "dmn-js-decision-table/assets/css/dmn-js-decision-table-controls.css";
import "dmn-js-decision-table/assets/css/dmn-js-decision-table.css";
import "./modeller/modeller.css";
import "./modeller/table.css";
import { button, element } from "./forms/parts.js";
import { headers } from "./forms/server.js";
import { translateWithin } from "./modeller/chinese.js";
import { comments, withComments } from "./modeller/reading.js";
import { saver } from "./modeller/saving.js";
import { DICTIONARY, TranslateModule } from "./modeller/tables.js";

const RUN = ["UNIQUE", "FIRST", "COLLECT"]; // the others are run as FIRST
const SEVERITIES = { error: "错误", warning: "提醒" };
const LANGUAGE = { value: "jiqun", label: "表达式" }; // not FEEL: what engine/expressions.py reads

HIT_POLICIES.splice(0, HIT_POLICIES.length, ...HIT_POLICIES.filter(({ value }) => RUN.includes(value.hitPolicy) && !value.aggregation));

// What the editor of the library has, but for its dialogs that write FEEL.
class Editor extends Viewer {
  getModules() {
    return [
      ...Viewer._getModules(),
      ...[AddRule, Annotations, CellSelection, TableContextMenu, CopyCutPaste, CopyKeys, CreateInputs, DataTypes, ContextMenu],
      ...[EditorActions, Head, ColumnResize, DragAndDrop, ExpressionLanguages, Keyboard, Properties, TableEditorActions],
      ...[HitPolicy, Interaction, Modeling, Rules, Selection],
    ];
  }
}

class Tables extends EditingManager {
  _getViewProviders() {
    return [{ id: "decisionTable", constructor: Editor, opens: (each) => each.$type === "dmn:Decision" && each.decisionLogic?.$type === "dmn:DecisionTable" }];
  }
}

for (const place of document.querySelectorAll("[data-table]")) begin(place).catch((error) => failed(place, error));

async function begin(place) {
  const find = (name) => place.querySelector(`[data-${name}]`);
  const tool = (deed) => place.querySelector(`[data-do="${deed}"]`);
  const words = await (await fetch(place.dataset.words, { headers: headers() })).json();
  const tables = new Tables({
    container: find("canvas"),
    common: {
      dataTypes: ["string", "number", "integer", "boolean", "Any"],
      expressionLanguages: { options: [LANGUAGE], defaults: { editor: LANGUAGE.value } },
    },
    decisionTable: { additionalModules: [TranslateModule] },
  });
  let kept = [];
  const load = async (xml) => {
    kept = comments(xml);
    await tables.importXML(xml);
  };
  const ask = () => findings(place, tables);
  const saving = saver({
    file: place.dataset.file,
    type: "application/xml",
    line: find("state"),
    content: async () => withComments((await tables.saveXML({ format: true })).xml, kept),
    see: (xml) => look(place, xml),
    load,
    saved: ask,
  });
  translateWithin(find("canvas"), DICTIONARY);
  await load(await saving.begin());
  const editor = tables.getActiveViewer();
  const stack = editor.get("commandStack");
  editor.on("commandStack.changed", ({ trigger }) => {
    tool("undo").disabled = !stack.canUndo();
    tool("redo").disabled = !stack.canRedo();
    if (trigger !== "clear") saving.changed();
  });
  tool("undo").addEventListener("click", () => stack.undo());
  tool("redo").addEventListener("click", () => stack.redo());
  tool("add").addEventListener("click", () => editor.get("editorActions").trigger("addRule"));
  tool("save").addEventListener("click", () => saving.save());
  offer(place, editor, words);
  place.dataset.ready = "";
  ask();
}

// What a cell may name, a click away: written where the caret stands, or behind what the chosen cell has. A clause goes
// into the remark of its row.
function offer(place, editor, words) {
  const cells = editor.get("cellSelection");
  const told = place.querySelector("[data-offered-told]");
  const canvas = place.querySelector("[data-canvas]");
  const put = (text, into) => () => {
    const writing = document.activeElement;
    if (!into && writing?.isContentEditable && canvas.contains(writing)) return document.execCommand("insertText", false, text);
    const id = cells.getCellSelection() ?? "";
    const known = editor.get("elementRegistry");
    const cell = known.get(id)?.businessObject;
    const rule = known.get(id.replace(/__annotation$/, ""))?.businessObject;
    const row = rule?.$type === "dmn:DecisionRule" ? rule : cell?.$parent?.$type === "dmn:DecisionRule" ? cell.$parent : null;
    told.textContent = row ? "" : "请先点选要写入的单元格";
    if (!row) return;
    const modeling = editor.get("modeling");
    if (into === "remark") return modeling.editAnnotation(row, joined(row.description, text, "；"));
    if (cell === row) return (told.textContent = "请点选条件或结果的单元格");
    modeling.editCell(cell, joined(cell.text, text, " "));
  };
  const fill = (name, rows) => place.querySelector(`[data-offered-${name}]`).replaceChildren(...rows);
  const item = (title, text, into) => {
    const made = button(title, put(text, into), "jq-link");
    made.addEventListener("mousedown", (event) => event.preventDefault()); // who writes in a cell stays there
    return element("li", {}, made);
  };
  fill("numbers", words.thresholds.map(({ id, title, value, unit, clause }) => item(`${title}：${value} ${unit}（${clause}）`, `limit("${id}")`)));
  fill("clauses", words.clauses.map((clause) => item(clause, clause, "remark")));
  fill("words", words.vocabulary.map(({ written, title }) => item(`${written} ${title}`, written)));
}

function joined(before, text, mark) {
  return before && before !== "-" ? `${before.trimEnd()}${mark}${text}` : text;
}

async function findings(place, tables) {
  const answer = await fetch(place.dataset.findings, { headers: headers(), cache: "no-store" }).catch(() => null);
  if (!answer?.ok) return;
  const found = (await answer.json()).filter(({ file }) => file === place.dataset.path);
  const rules = tables.getDefinitions().drgElement.flatMap((each) => each.decisionLogic?.rule ?? []);
  const named = (id) => {
    const at = rules.findIndex((rule) => rule.id === id || [...(rule.inputEntry ?? []), ...(rule.outputEntry ?? [])].some((cell) => cell.id === id));
    return at < 0 ? "全表" : `第 ${at + 1} 行`;
  };
  const errors = found.filter(({ severity }) => severity === "error").length;
  const count = place.querySelector("[data-findings-count]");
  count.dataset.errors = String(errors);
  count.textContent = found.length ? `${errors} 个错误，${found.length - errors} 个提醒` : "没有发现问题";
  place.querySelector("[data-findings-list]").replaceChildren(
    ...found.map(({ severity, element: id, message, way_out: out }) =>
      element("li", { class: `jq-finding jq-finding-${severity}` },
        element("span", { class: "jq-finding-kind" }, SEVERITIES[severity]),
        element("span", {}, named(id)),
        element("span", {}, out ? `${message}；${out}` : message),
      ),
    ),
  );
}

// Somebody else's table, row by row.
function look(place, xml) {
  const tables = new Tables({ container: element("div"), decisionTable: { additionalModules: [TranslateModule] } });
  return tables.importXML(xml, { open: false }).then(() => {
    const rules = tables.getDefinitions().drgElement.flatMap((each) => each.decisionLogic?.rule ?? []);
    const rows = rules.map((rule) =>
      element("tr", {}, ...[...(rule.inputEntry ?? []), ...(rule.outputEntry ?? [])].map(({ text }) => element("td", {}, text ?? "")), element("td", {}, rule.description ?? "")),
    );
    const dialog = element("dialog", { class: "jq-looked", "aria-label": "对方保存的版本" },
      element("div", { class: "jq-looked-head" }, element("strong", {}, "对方保存的版本"), button("关闭", () => dialog.close())),
      element("div", { class: "jq-looked-table" }, element("table", { class: "jq-table" }, element("tbody", {}, ...rows))),
    );
    dialog.addEventListener("close", () => dialog.remove());
    place.append(dialog);
    dialog.showModal();
  });
}

function failed(place, error) {
  console.error(error);
  const told = place.querySelector("[data-failed]");
  told.hidden = false;
  told.focus();
}
