// Every word of the editors in Chinese. What the libraries say and no line here translates is collected on the page
// (data-untranslated), and a test asks that there be none.

const KINDS = {
  Task: "任务",
  "User task": "用户任务",
  "Service task": "服务任务",
  "Send task": "发送任务",
  "Receive task": "接收任务",
  "Business rule task": "决策任务",
  "Script task": "脚本任务",
  "Call activity": "调用其他流程",
  Transaction: "事务",
  "Sub-process": "子流程",
  "Sub-process (collapsed)": "子流程（收起）",
  "Sub-process (expanded)": "子流程（展开）",
  "Exclusive gateway": "排他网关（择一）",
  "Parallel gateway": "并行网关（同时）",
  "Inclusive gateway": "包容网关（可多选）",
  "Event-based gateway": "事件网关（先到者）",
  "Start event": "开始事件",
  "Intermediate throw event": "中间事件",
  "Boundary event": "边界事件",
  "End event": "结束事件",
  "Message start event": "收到消息时开始",
  "Timer start event": "定时开始",
  "Signal start event": "收到信号时开始",
  "Message intermediate catch event": "等待消息",
  "Message intermediate throw event": "发出消息",
  "Timer intermediate catch event": "等到时间",
  "Escalation intermediate throw event": "上报",
  "Signal intermediate catch event": "等待信号",
  "Signal intermediate throw event": "发出信号",
  "Message boundary event": "收到消息时中止",
  "Timer boundary event": "到时中止",
  "Escalation boundary event": "上报时中止",
  "Error boundary event": "出错时中止",
  "Cancel boundary event": "取消时中止",
  "Signal boundary event": "收到信号时中止",
  "Message boundary event (non-interrupting)": "收到消息时另行（不中止）",
  "Timer boundary event (non-interrupting)": "到时另行（不中止）",
  "Escalation boundary event (non-interrupting)": "上报时另行（不中止）",
  "Signal boundary event (non-interrupting)": "收到信号时另行（不中止）",
  "Message end event": "发出消息并结束",
  "Escalation end event": "上报并结束",
  "Error end event": "以出错结束",
  "Cancel end event": "取消并结束",
  "Terminate end event": "全部终止",
  "Sequence flow": "连线",
  "Default flow": "默认连线",
  "Conditional flow": "有条件的连线",
  "Empty pool/participant": "收起的泳池",
  "Expanded pool/participant": "泳池",
  "Empty pool/participant (removes content)": "收起的泳池（删除内容）",
};

const HEADS = {
  "Business Rule Task": "决策任务",
  "Call Activity": "调用其他流程",
  Collaboration: "协作",
  "End Event": "结束事件",
  "Event Based Gateway": "事件网关",
  "Exclusive Gateway": "排他网关",
  "Inclusive Gateway": "包容网关",
  "Parallel Gateway": "并行网关",
  "Intermediate Throw Event": "中间事件",
  "Intermediate Catch Event": "中间事件",
  "Boundary Event": "边界事件",
  Lane: "泳道",
  Participant: "泳池",
  Process: "流程",
  "Receive Task": "接收任务",
  "Script Task": "脚本任务",
  "Send Task": "发送任务",
  "Service Task": "服务任务",
  "User Task": "用户任务",
  "Manual Task": "手工任务",
  "Sequence Flow": "连线",
  "Default Flow": "默认连线",
  "Conditional Flow": "有条件的连线",
  "Start Event": "开始事件",
  "Sub Process": "子流程",
  "Sub Process Collapsed": "子流程",
  "Sub Process Expanded": "子流程",
  "Text Annotation": "注释",
  Association: "关联",
  Group: "分组",
  "Message Flow": "消息流",
  "Message Start Event": "收到消息时开始",
  "Timer Start Event": "定时开始",
  "Signal Start Event": "收到信号时开始",
  "Message Intermediate Catch Event": "等待消息",
  "Message Intermediate Throw Event": "发出消息",
  "Timer Intermediate Catch Event": "等到时间",
  "Signal Intermediate Catch Event": "等待信号",
  "Signal Intermediate Throw Event": "发出信号",
  "Escalation Intermediate Throw Event": "上报",
  "Message Boundary Event": "收到消息时",
  "Timer Boundary Event": "到时",
  "Signal Boundary Event": "收到信号时",
  "Error Boundary Event": "出错时",
  "Escalation Boundary Event": "上报时",
  "Cancel Boundary Event": "取消时",
  "Message Boundary Event (Non Interrupting)": "收到消息时（不中止）",
  "Timer Boundary Event (Non Interrupting)": "到时（不中止）",
  "Signal Boundary Event (Non Interrupting)": "收到信号时（不中止）",
  "Escalation Boundary Event (Non Interrupting)": "上报时（不中止）",
  "Message End Event": "发出消息并结束",
  "Error End Event": "以出错结束",
  "Escalation End Event": "上报并结束",
  "Cancel End Event": "取消并结束",
  "Terminate End Event": "全部终止",
};

const DEEDS = {
  "Activate hand tool": "移动画布",
  "Activate lasso tool": "框选多个元素",
  "Activate create/remove space tool": "腾出或收回空间",
  "Activate global connect tool": "连线",
  "Create start event": "开始事件",
  "Create end event": "结束事件",
  "Create gateway": "网关",
  "Create expanded sub-process": "子流程",
  "Add lane above": "在上方添加泳道",
  "Add lane below": "在下方添加泳道",
  "Divide into two lanes": "分成两条泳道",
  "Divide into three lanes": "分成三条泳道",
  "Add text annotation": "添加注释",
  "Align elements": "对齐",
  "Align elements left": "左对齐",
  "Align elements center": "左右居中",
  "Align elements right": "右对齐",
  "Align elements top": "上对齐",
  "Align elements middle": "上下居中",
  "Align elements bottom": "下对齐",
  "Distribute elements horizontally": "左右均匀分布",
  "Distribute elements vertically": "上下均匀分布",
  "Append task": "接一个任务",
  "Append end event": "接结束事件",
  "Append gateway": "接网关",
  "Append intermediate/boundary event": "接中间事件",
  "Append message intermediate catch event": "接“等待消息”",
  "Append timer intermediate catch event": "接“等到时间”",
  "Append signal intermediate catch event": "接“等待信号”",
  "Append conditional intermediate catch event": "接“等待条件”",
  "Append receive task": "接接收任务",
  "Append compensation activity": "接补偿",
  "Change element": "改变种类",
  "Connect to other element": "连到其他元素",
  "Connect using association": "关联",
  "Connect using data input association": "连数据",
  Delete: "删除",
  Collection: "集合",
  Loop: "循环",
  "Parallel multi-instance": "逐项办理（同时）",
  "Sequential multi-instance": "逐项办理（依次）",
  "Participant multiplicity": "多个参与者",
  "Toggle non-interrupting": "是否中止原来的环节",
  "Open {element}": "打开“{element}”",
  "Search in diagram": "在图中查找",
  "Open minimap": "打开缩略图",
  "Close minimap": "收起缩略图",
  "Select an element to edit its properties.": "选中一个元素，在此填写它的设定。",
  "Multiple elements are selected. Select a single element to edit its properties.": "选中了多个元素；只选一个时才能填写设定。",
  "Toggle section": "展开或收起",
  "Section contains an error": "其中有错误",
  "Section contains edits": "其中已有内容",
  "Open pop-up editor": "在大窗口中填写",
  "<empty>": "（空）",
  Back: "返回",
  "Powered by bpmn.io": "由 bpmn.io 提供",
  Search: "查找",
  "Open entry documentation": "说明",
  element: "元素",
};

const SIMULATION = {
  "Token Simulation": "模拟运行",
  "Reset Simulation": "从头开始",
  "Play/Pause Simulation": "继续或暂停",
  "Play Simulation": "继续",
  "Pause Simulation": "暂停",
  "Toggle Simulation Log": "运行记录",
  "Simulation Log": "运行记录",
  "Set Sequence Flow": "换一条连线走",
  "Add pause point": "在此暂停",
  "Remove pause point": "不再暂停",
  "Trigger Event": "继续往下走",
  "No Entries": "没有记录",
  "Not supported": "不能模拟",
  "Found unsupported elements": "图中有不能模拟的元素",
  Finished: "已结束",
  "Process started": "流程开始",
  "Process finished": "流程结束",
  "Process canceled": "流程取消",
  "Set animation speed = Slow": "慢速",
  "Set animation speed = Normal": "常速",
  "Set animation speed = Fast": "快速",
};

const SENTENCES = [
  [/^Focus process instance .*$/, "只看这一件"],
  [/^View all process instances$/, "看全部"],
];

export const DICTIONARY = { ...KINDS, ...HEADS, ...DEEDS, ...SIMULATION };
const NAMED = ["title", "aria-label", "placeholder"];
const unknown = new Set();

export function translate(template, facts = {}) {
  const found = DICTIONARY[template] ?? template;
  if (found === template && /[A-Za-z]{2}/.test(template) && !/[\u3400-\u9fff]/.test(template)) missing(template);
  return found.replace(/\{([^}]+)\}/g, (whole, name) => facts[name] ?? whole);
}

function missing(template) {
  unknown.add(template);
  document.documentElement.dataset.untranslated = [...unknown].join("|");
}

// What a library writes into the page by itself, without asking `translate`. Names in the drawing stay as they are.
export function translateWithin(place, dictionary = DICTIONARY) {
  const observer = new MutationObserver((records) => {
    observer.disconnect();
    for (const { type, target, addedNodes } of records) {
      if (type === "childList") addedNodes.forEach(all);
      else if (type === "attributes") attributes(target);
      else words(target);
    }
    watch();
  });
  const watch = () =>
    observer.observe(place, { childList: true, subtree: true, characterData: true, attributes: true, attributeFilter: NAMED });
  function all(node) {
    if (node.nodeType === Node.TEXT_NODE) return words(node);
    if (node.nodeType !== Node.ELEMENT_NODE || node.closest("svg")) return;
    attributes(node);
    node.childNodes.forEach(all);
  }
  function attributes(element) {
    for (const name of NAMED) {
      const found = known(element.getAttribute(name) ?? "");
      if (found) element.setAttribute(name, found);
    }
  }
  function words(node) {
    const found = known(node.data.trim());
    if (found) node.data = node.data.replace(node.data.trim(), found);
  }
  function known(text) {
    return dictionary[text] ?? SENTENCES.find(([pattern]) => pattern.test(text))?.[1];
  }
  all(place);
  watch();
}

export const TranslateModule = { translate: ["value", translate] };
