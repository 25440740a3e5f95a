// One file of a draft between the page and the server: saved a moment after the last change, never over somebody
// else's work unless a person says so, and also when the page is left.

import { button } from "../forms/parts.js";
import { headers, problem, signInAddress } from "../forms/server.js";

const QUIET = 1500; // milliseconds after the last change
const AGAIN = [5, 15, 30, 60].map((seconds) => seconds * 1000);
const MOST_ON_LEAVING = 60_000; // bytes that a browser sends for a page that is gone

// `file`: its address; `content()` answers its text; `see(text)` shows somebody else's; `saved()` is told of success.
export function saver({ file, type, line, content, see, load, saved }) {
  let etag = null;
  let dirty = false; // since the last content that was sent
  let busy = false;
  let halted = false;
  let failures = 0;
  let timer;

  async function read() {
    const answer = await fetch(file, { headers: headers({ Accept: "*/*" }), cache: "no-store" });
    if (!answer.ok) throw new Error(`${answer.status}`);
    return { text: await answer.text(), etag: answer.headers.get("ETag") };
  }

  async function begin() {
    const found = await read();
    etag = found.etag;
    show("loaded", "已载入");
    return found.text;
  }

  function changed() {
    dirty = true;
    if (halted) return;
    if (!busy && !failures) show("unsaved", "有改动尚未保存");
    plan(QUIET);
  }

  function plan(delay) {
    clearTimeout(timer);
    timer = setTimeout(save, delay);
  }

  async function save() {
    clearTimeout(timer);
    if (!dirty || busy || halted) return;
    busy = true;
    dirty = false;
    show("saving", "正在保存…");
    const answer = await put(await content(), etag).catch(() => null);
    busy = false;
    if (answer?.ok) return kept(answer);
    dirty = true;
    if (answer?.status === 412) return conflict(await problem(answer));
    if (answer?.status === 401) return ended();
    if (answer && answer.status < 500) return halt(`未能保存：${(await problem(answer)).detail ?? answer.status}`);
    show("failed", "未能保存，将重试；内容仍在本页");
    plan(AGAIN[Math.min(failures++, AGAIN.length - 1)]);
  }

  function put(text, version, more = {}) {
    const given = headers({ "Content-Type": type, ...(version && { "If-Match": version }) });
    return fetch(file, { method: "PUT", headers: given, body: text, ...more });
  }

  function kept(answer) {
    etag = answer.headers.get("ETag");
    failures = 0;
    halted = false;
    if (dirty) return plan(QUIET);
    show("saved", `已于 ${new Date().toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit" })} 保存`);
    saved?.();
  }

  function halt(words, ...deeds) {
    halted = true;
    show("failed", words, ...deeds);
  }

  function ended() {
    const link = Object.assign(document.createElement("a"), { href: signInAddress(), target: "_blank", textContent: "登录（新标签页）" });
    halt("登录已失效，内容仍在本页", link, button("再次保存", resume));
  }

  function resume() {
    halted = false;
    dirty = true;
    save();
  }

  async function conflict(told) {
    halt(
      told.detail ?? "别人已经保存了这个文件，本页的改动没有保存",
      button("看对方的", async () => see((await read()).text)),
      button("用本页的覆盖", overwrite),
      button("载入对方的，放弃本页", reload),
    );
  }

  // Over what is there now, and not over what came meanwhile.
  async function overwrite() {
    etag = (await read()).etag;
    resume();
  }

  async function reload() {
    const found = await read();
    etag = found.etag;
    await load(found.text);
    halted = false;
    dirty = false;
    show("loaded", "已载入对方的版本");
    saved?.();
  }

  function show(state, words, ...deeds) {
    line.dataset.state = state;
    line.replaceChildren(words, ...deeds.flatMap((deed) => [" ", deed]));
  }

  async function leaving() {
    if (!dirty || halted) return;
    const text = await content();
    if (new Blob([text]).size > MOST_ON_LEAVING) return;
    dirty = false;
    const answer = await put(text, etag, { keepalive: true }).catch(() => null);
    if (answer?.ok) kept(answer);
    else dirty = true;
  }

  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && !busy && leaving());
  window.addEventListener("pagehide", () => leaving());
  window.addEventListener("beforeunload", (event) => (halted || busy) && dirty && event.preventDefault());
  window.addEventListener("online", () => dirty && save());
  return { begin, changed, save: () => (dirty = dirty || failures > 0, save()) };
}
