// Talking to the server: the token of the sign-in, answers as JSON, and what the page would be now.

import { answers } from "./answers.js";

const meta = document.querySelector('meta[name="csrf-token"]');

export function headers(more = {}) {
  return { Accept: "application/json", "X-CSRF-Token": meta?.content ?? "", ...more };
}

// The problem in the server's own sentence; empty where it sent something else.
export async function problem(answer) {
  return answer.json().catch(() => ({}));
}

// The same page as it is now, after signing in again or after somebody else's change: its token becomes ours.
// Null while nobody is signed in.
export async function renewed(form) {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
  if (!answer.ok || new URL(answer.url).pathname !== location.pathname) return null;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const [path] = form.dataset.autosave.split("?");
  const same = [...page.forms].find((one) => one.dataset.autosave?.startsWith(path));
  const token = page.querySelector('meta[name="csrf-token"]')?.content;
  if (!same || !token) return null;
  return { token, version: Number(same.dataset.version), person: same.dataset.person, data: answers(same) };
}

export function carry(token) {
  meta.content = token;
  for (const field of document.querySelectorAll('input[name="_csrf"]')) field.value = token;
}

export function signInAddress() {
  return `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`;
}
