// Files: several at once, dropped or chosen, each with its progress, a way to stop it, and the server's own reason
// when it is not taken.

import { announce, button, element } from "./parts.js";
import { headers, signInAddress } from "./server.js";
import { say } from "./words.js";

const MEGABYTE = 1024 * 1024;

export function uploads(root) {
  const input = root.querySelector('input[type="file"]');
  const list = root.querySelector("[data-files]");
  const going = root.appendChild(element("ul", { class: "jq-uploads" }));
  const mostMegabytes = Number(root.dataset.megabytes) || Infinity;
  const mostFiles = input.multiple ? Number(root.dataset.mostFiles) || Infinity : 1;
  const queue = [];
  let busy = false;
  root.querySelector("[data-upload-send]")?.setAttribute("hidden", ""); // without scripts it sends what was chosen
  root.classList.add("jq-drop");
  input.after(element("span", { class: "jq-hint" }, say("dropHere")));

  function take(files) {
    const room = mostFiles - (input.multiple ? list.children.length + queue.length + (busy ? 1 : 0) : 0); // one replaces one
    files.forEach((file, number) => {
      const item = element("li", { class: "jq-upload" });
      going.append(item);
      // Told here and now: nobody waits for a body of that size to cross the line, only to be refused.
      if (file.size > mostMegabytes * MEGABYTE) refused(item, file, say("tooLarge", { most: mostMegabytes }));
      else if (input.multiple ? number >= room : files.length > room) refused(item, file, say("tooMany", { most: mostFiles }));
      else queue.push({ file, item });
    });
    next();
  }

  function refused(item, { name }, why) {
    failed(item, say("uploadFailed", { name, why }));
  }

  // One after the other: a line that carries ten files at once finishes none.
  async function next() {
    if (busy || !queue.length) return;
    busy = true;
    await send(queue.shift());
    busy = false;
    next();
  }

  function send({ file, item }) {
    const { name } = file;
    const request = new XMLHttpRequest(); // fetch does not tell how far a body has come
    const bar = element("progress", { max: "100", value: "0", "aria-label": name });
    const text = element("span", {}, say("uploading", { name, percent: 0 }));
    const stop = button(say("cancel"), () => request.abort());
    item.className = "jq-upload";
    const held = item.contains(document.activeElement); // by "try again", which makes way
    item.replaceChildren(text, bar, stop);
    if (held) stop.focus();
    return new Promise((done) => {
      request.upload.onprogress = ({ loaded, total }) => {
        bar.value = Math.round((loaded / total) * 100);
        text.textContent = bar.value < 100 ? say("uploading", { name, percent: bar.value }) : say("checking", { name });
      };
      request.onload = () => {
        const { status } = request;
        const answer = parsed(request.responseText);
        if (status < 300) return arrived(answer, item, name);
        const why = answer.detail ?? String(status);
        const sentence = why.includes(name) ? why : say("uploadFailed", { name, why });
        const again = status === 401 || status >= 500 ? [retry({ file, item })] : []; // a refused file stays refused
        failed(item, sentence, ...again, ...(status === 401 ? [signIn()] : []));
      };
      request.onerror = () => {
        failed(item, say("uploadFailed", { name, why: say("uploadBroken") }), retry({ file, item }));
      };
      request.onabort = () => {
        away(item);
        announce(say("cancelled", { name }));
      };
      request.onloadend = done;
      request.open("POST", root.dataset.upload);
      for (const [header, value] of Object.entries(headers())) request.setRequestHeader(header, value);
      const body = new FormData();
      body.append("file", file);
      request.send(body);
    });
  }

  function arrived(file, item, name) {
    away(item);
    if (!input.multiple) list.replaceChildren();
    list.append(entry(root, file));
    announce(say("uploaded", { name }));
    changed();
  }

  function failed(item, sentence, ...ways) {
    item.className = "jq-upload jq-error";
    const held = item.contains(document.activeElement);
    item.replaceChildren(sentence, ...ways, button(say("drop"), () => away(item)));
    if (held) item.querySelector("button").focus();
    announce(sentence);
  }

  // Takes a line away; a reader who stood in it goes on at the field.
  function away(item) {
    const held = item.contains(document.activeElement);
    item.remove();
    if (held) input.focus();
  }

  function retry(entry) {
    return button(say("again"), () => {
      queue.push(entry);
      next();
    });
  }

  function changed() {
    list.dispatchEvent(new Event("input", { bubbles: true })); // the draft names the files
  }

  list.addEventListener("click", (event) => {
    const pressed = event.target.closest("[data-file-delete]");
    if (!pressed) return;
    event.preventDefault();
    pressed.closest("li").remove();
    changed();
    input.focus();
  });
  input.addEventListener("change", () => {
    take([...input.files]);
    input.value = "";
  });
  for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
    root.addEventListener(kind, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault(); // a browser would leave the page and show the file
      root.classList.toggle("jq-drop-over", kind === "dragenter" || kind === "dragover");
      if (kind === "drop") take([...event.dataTransfer.files]);
    });
  }
}

// A file beside a drop area must not make the browser leave the page either.
export function refuseStrayFiles() {
  for (const kind of ["dragover", "drop"]) {
    addEventListener(kind, (event) => {
      if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
    });
  }
}

function entry(root, file) {
  const fresh = root.querySelector("template").content.firstElementChild.cloneNode(true);
  fresh.querySelector('input[type="hidden"]').value = file.id;
  const name = fresh.querySelector("[data-file-name]");
  name.textContent = file.name;
  if (file.href) name.href = file.href;
  const size = file.size >= MEGABYTE ? `${(file.size / MEGABYTE).toFixed(1)} MB` : `${Math.max(1, Math.round(file.size / 1024))} KB`;
  name.after(" ", element("span", { class: "jq-quiet" }, file.taken ? `${size} · ${file.taken}` : size));
  return fresh;
}

function signIn() {
  return element("a", { href: signInAddress(), target: "_blank", rel: "noopener" }, say("signIn"));
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
