// The draft: saved while somebody writes, one request at a time, and never lost when the network, the sign-in or
// another window comes in between. What is typed stays in the page, and in this tab's storage until it is saved.

import { answers, putBack, typed } from "./answers.js";
import { button, element } from "./parts.js";
import { carry, headers, problem, renewed, signInAddress } from "./server.js";
import { say } from "./words.js";

const QUIET = 1500; // milliseconds after the last input
const AGAIN = [5, 15, 30, 60].map((seconds) => seconds * 1000);
const PATIENCE = 30_000; // milliseconds until a request counts as lost
const MOST_ON_LEAVING = 60_000; // bytes that a browser sends for a page that is gone

export function autosave(form, { makeRows }) {
  let address = form.dataset.autosave;
  const store = `jq-draft:${address}:${form.dataset.person ?? ""}`;
  const line = stateLine(form);
  let savedAt = clock(form.dataset.savedAt);
  let version = Number(form.dataset.version);
  let kept = JSON.stringify(answers(form)); // as the server has it
  let unheard = []; // what was sent since: some of it may have arrived, and the answer was lost
  let composing = false;
  let busy = null; // the request that is on its way
  let halted = false; // until somebody decides
  let away = false; // signed out
  let failures = 0;
  let timer;

  function show(key, facts, ...actions) {
    const look = { saved: "", saving: "", restored: "", unsaved: " jq-saved-none" }[key] ?? " jq-saved-not";
    line.className = `jq-saved jq-saved-live${look}`;
    line.dataset.state = key;
    tell(say(key, facts), ...actions.flatMap((action) => [" ", action]));
  }

  // Somebody who pressed a button of this line stays on the line when the button makes way.
  function tell(...parts) {
    const held = line.contains(document.activeElement);
    line.replaceChildren(...parts);
    if (held) line.focus();
  }

  function changed() {
    if (composing || halted) return;
    if (!busy && !away && !failures) show("unsaved");
    plan(QUIET);
  }

  function plan(delay) {
    clearTimeout(timer);
    timer = setTimeout(save, delay);
  }

  function remember() {
    try {
      sessionStorage.setItem(store, JSON.stringify({ version, typed: typed(form), unheard }));
    } catch {
      // A full or forbidden storage: the page itself still has everything.
    }
  }

  async function save({ leaving = false } = {}) {
    clearTimeout(timer);
    const now = JSON.stringify(answers(form));
    if (busy || halted || (composing && !leaving)) return leaving && now !== kept ? remember() : undefined;
    if (now === kept) return line.dataset.state === "unsaved" ? show("saved", { time: savedAt }) : undefined;
    unheard = [...unheard.slice(-9), now];
    if (leaving || away || failures) remember();
    if (away) return;
    const body = `{"version":${version},"data":${now}}`;
    let arrived;
    busy = new Promise((done) => (arrived = done));
    const slow = setTimeout(show, 400, "saving"); // a quick save need not be read aloud twice
    let wait = null;
    try {
      const answer = await fetch(address, {
        method: "PUT",
        headers: headers({ "Content-Type": "application/json" }),
        body,
        keepalive: leaving && new Blob([body]).size < MOST_ON_LEAVING,
        signal: AbortSignal.timeout?.(PATIENCE),
      });
      wait = await answered(answer, now);
    } catch {
      wait = retry();
    } finally {
      clearTimeout(slow);
      busy = null;
      arrived();
    }
    if (wait !== null && !halted && !away) plan(wait);
  }

  // What the server's answer means; how long to wait until the next request, null for no further one.
  async function answered(answer, sent) {
    if (answer.ok) {
      const draft = await answer.json();
      settle(draft.version, JSON.parse(sent));
      kept = sent;
      unheard = [];
      failures = 0;
      away = false;
      const more = JSON.stringify(answers(form)) !== kept;
      if (!more) sessionStorage.removeItem(store);
      savedAt = clock(draft.saved_at);
      show(more ? "unsaved" : "saved", { time: savedAt });
      return more ? QUIET : null;
    }
    if (answer.status === 401) return signedOut();
    const { code, detail } = await problem(answer);
    if (code === "forged") return rejoin();
    if (answer.status === 409) return code === "conflict" ? elsewhere(detail) : stop(detail);
    if (answer.status >= 500 || answer.status === 429) return retry();
    show("refused", { why: detail ?? answer.status }); // the next input may be better
    return null;
  }

  // The form goes on from what the server has now: its version, and the rows that this page holds of a long table.
  function settle(now, data) {
    version = now;
    if (form.elements._version) form.elements._version.value = version;
    const [path, query] = address.split("?");
    const places = new URLSearchParams(query);
    for (const name of [...places.keys()].filter((one) => one.startsWith("_to."))) {
      const table = name.slice("_to.".length);
      const last = Number(places.get(`_from.${table}`)) + data[table].length;
      places.set(name, last);
      if (form.elements[name]) form.elements[name].value = last;
    }
    if (query) address = `${path}?${places}`;
  }

  function retry() {
    show(navigator.onLine ? "retrying" : "offline");
    return AGAIN[Math.min(failures++, AGAIN.length - 1)];
  }

  function stop(why) {
    halted = true;
    show("refused", { why });
    return null;
  }

  async function elsewhere(detail) {
    const page = await renewed(form).catch(() => null);
    if (!page || page.version === version) return stop(detail); // the task is gone, not the draft newer
    const whole = !address.includes("_from."); // of a page of a long table nobody knows what moved on the others
    if (whole && [kept, ...unheard].some((known) => agrees(page.data, JSON.parse(known)))) {
      settle(page.version, page.data); // another part was changed, or it was this page itself, unheard
      return 0;
    }
    halted = true;
    // Sent as it is, the form meets the newer draft, and the server shows both side by side.
    const compare = button(say("compare"), () => form.querySelector("button:not([type=button])").click());
    const mine = button(say("keepMine"), () => {
      version = page.version;
      halted = false;
      save();
    });
    show("elsewhere", {}, compare, ...(whole ? [mine] : []));
    return null;
  }

  function signedOut() {
    away = true;
    remember();
    show("ended", {}, element("a", { href: signInAddress(), target: "_blank", rel: "noopener" }, say("signIn")));
    return null;
  }

  // The token belongs to another sign-in: take the present one, if it is the same person's.
  async function rejoin() {
    const page = await renewed(form);
    if (!page) return signedOut();
    if (page.person !== form.dataset.person) {
      halted = true;
      show("stranger");
      return null;
    }
    carry(page.token);
    away = false;
    return 0;
  }

  async function back() {
    if (away && !busy && document.visibilityState === "visible") {
      const wait = await rejoin().catch(() => null);
      if (wait !== null) save();
    }
  }

  // What an earlier visit of this tab could not save any more.
  function comeBack() {
    const left = JSON.parse(sessionStorage.getItem(store) ?? "null");
    sessionStorage.removeItem(store);
    if (!left || left.sent || JSON.stringify(left.typed) === JSON.stringify(typed(form))) return;
    unheard = left.unheard; // perhaps it arrived after this page was drawn
    const restore = () => {
      makeRows(left.typed.map(([name]) => name));
      putBack(form, left.typed);
      form.dispatchEvent(new Event("input", { bubbles: true }));
      show("restored");
    };
    if (left.version === version) return restore();
    const drop = button(say("drop"), () => tell());
    show("found", {}, button(say("restore"), restore), drop);
  }

  form.addEventListener("compositionstart", () => {
    composing = true;
    clearTimeout(timer);
  });
  form.addEventListener("compositionend", () => {
    composing = false;
    changed();
  });
  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  form.addEventListener("submit", (event) => {
    if (busy) {
      // Sent now, the form would contradict the draft that is just being saved.
      event.preventDefault();
      event.stopImmediatePropagation();
      const pressed = event.submitter ?? form.querySelector("button:not([type=button])");
      busy.then(() => pressed.click());
      return;
    }
    halted = true; // the form itself carries everything now
    unheard = [...unheard, JSON.stringify(answers(form))];
    clearTimeout(timer);
    try {
      sessionStorage.setItem(store, JSON.stringify({ sent: true }));
    } catch {
      // See `remember`.
    }
  });
  addEventListener("pageshow", () => (halted &&= line.dataset.state === "elsewhere" || line.dataset.state === "stranger"));
  addEventListener("online", () => save());
  addEventListener("focus", back);
  addEventListener("pagehide", () => save({ leaving: true }));
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") save({ leaving: true });
    else back();
  });
  comeBack();
}

// Whether the draft says the same as the answers of a page, but for blanks around them.
function agrees(draft, answers) {
  const plain = (value) => JSON.stringify(value, (_, part) => (typeof part === "string" ? part.trim() : part));
  return Object.keys(answers).every((name) => plain(draft[name]) === plain(answers[name]));
}

function stateLine(form) {
  const line = document.querySelector("[data-save-state]") ?? element("p", { "data-save-state": true });
  line.setAttribute("role", "status"); // polite: it never interrupts
  line.tabIndex = -1;
  if (!line.isConnected) form.append(line);
  line.classList.add("jq-saved-live");
  line.closest(".jq-card-foot")?.classList.add("jq-foot-live");
  const side = line.closest(".jq-side");
  side?.classList.add("jq-side-live"); // its list may scroll now: begin where the reader is
  const here = side?.querySelector("[aria-current]");
  if (here) side.scrollTop = here.offsetTop - side.clientHeight / 2;
  return line;
}

function clock(moment) {
  const time = { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false, timeZone: "Asia/Shanghai" };
  return new Date(moment ?? Date.now()).toLocaleTimeString("zh-CN", time);
}
