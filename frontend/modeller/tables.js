// The words of the decision tables' editor.

import { DICTIONARY as COMMON } from "./chinese.js";

export const DICTIONARY = {
  ...COMMON,
  '"value"': "“值”",
  '"value", "value", ...': "“值”、“值”……",
  "Add input": "添加条件列",
  "Add input column left": "在左边添加条件列",
  "Add input column right": "在右边添加条件列",
  "Add output": "添加结果列",
  "Add output column left": "在左边添加结果列",
  "Add output column right": "在右边添加结果列",
  "Add predefined values": "添加可选的值",
  "Add rule": "添加一行",
  "Add rule above": "在上方添加一行",
  "Add rule below": "在下方添加一行",
  "Add values": "添加值",
  And: "且",
  Annotation: "备注：所依条款",
  Annotations: "备注：所依条款",
  "Clear predefined values": "清除可选的值",
  "Copy input column": "复制条件列",
  "Copy output column": "复制结果列",
  "Copy rule": "复制这一行",
  "Cut input column": "剪切条件列",
  "Cut output column": "剪切结果列",
  "Cut rule": "剪切这一行",
  "Decision name": "表名",
  "Decision name: ": "表名：",
  "Edit input": "修改条件列",
  "Edit output": "修改结果列",
  "Enter expression": "填写表达式",
  Expression: "表达式",
  "Expression language": "表达式的写法",
  "Hit policy": "命中规则",
  "Hit policy:": "命中规则：",
  Input: "条件",
  "Input expression": "看什么",
  "Input expression: ": "看什么：",
  "Input label": "列名",
  "Input label: ": "列名：",
  "Input type": "种类",
  "Input values": "可选的值",
  "Move Input": "移动条件列",
  "Move Output": "移动结果列",
  "Move rule": "移动这一行",
  "No values": "没有",
  Output: "结果",
  "Output label": "列名",
  "Output label: ": "列名：",
  "Output name": "写入变量",
  "Output name: ": "写入变量：",
  "Output type": "种类",
  "Output values": "可选的值",
  "Paste input column left": "粘贴到左边",
  "Paste input column right": "粘贴到右边",
  "Paste output column left": "粘贴到左边",
  "Paste output column right": "粘贴到右边",
  "Paste rule above": "粘贴到上方",
  "Paste rule below": "粘贴到下方",
  "Predefined values": "可选的值",
  "Remove input column": "删除条件列",
  "Remove output column": "删除结果列",
  "Remove rule": "删除这一行",
  Resize: "调整列宽",
  "Strings must be in double quotes": "文字要加英文双引号",
  Then: "则",
  Type: "种类",
  When: "当",
  Unique: "唯一：只有一行成立",
  First: "第一：取先成立的一行",
  Collect: "汇集：取所有成立的行",
  "No overlap is possible and all rules are disjoint. Only a single rule can be matched": "各行不得重叠，每次只有一行成立",
  "Rules may overlap. The first matching rule will be chosen": "各行可以重叠，取先成立的一行",
  "Collects the values of all matching rules": "所有成立的行，结果汇成列表",
  string: "文字",
  number: "数字",
  integer: "整数",
  boolean: "是否",
  Any: "不限",
};

const unknown = new Set();

function translate(template, facts = {}) {
  const found = DICTIONARY[template] ?? template;
  if (found === template && /[A-Za-z]{2}/.test(template)) {
    unknown.add(template);
    document.documentElement.dataset.untranslated = [...unknown].join("|");
  }
  return found.replace(/\{\s*([^}\s]+)\s*\}/g, (whole, name) => facts[name] ?? whole);
}

export const TranslateModule = { translate: ["value", translate] };
