// Small pieces of a page, made without a word of HTML: what people typed never becomes markup.

export function element(tag, attributes = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...inside);
  return made;
}

export function button(text, act, look = "jq-button jq-button-small") {
  return element("button", { type: "button", class: look, onclick: act }, text);
}

// A hidden line that is read aloud; one for the page.
export function announce(sentence) {
  let line = document.getElementById("jq-told");
  if (!line) {
    line = element("p", { id: "jq-told", class: "jq-hidden", role: "status" });
    document.body.append(line);
  }
  line.textContent = sentence;
}
