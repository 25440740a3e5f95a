// What bpmn-moddle and dmn-moddle lose when they read a file, and how it comes back: a file that is opened and saved
// unchanged says what it said before.

const LISTS = ["bpmn:loopDataInputRef", "bpmn:loopDataOutputRef"];
const COMMENT = /<!--[^]*?-->/g;
const NEXT_ID = /^(?:\s|<!--[^]*?-->)*<[^>]*?\sid="([^"]*)"/;

// A multi-instance step names its list by a variable, not by an element of the file, so it resolves to nothing.
export function keepLists(references, moddle) {
  for (const { element, property, id } of references) {
    if (LISTS.includes(property) && !element.get(property)) element.set(property, moddle.create("bpmn:ItemAwareElement", { id }));
  }
}

// Comments with the id of the element that each stands before.
export function comments(xml) {
  return [...xml.matchAll(COMMENT)].map(({ 0: text, index }) => ({ text, before: xml.slice(index).match(NEXT_ID)?.[1] }));
}

export function withComments(xml, kept) {
  return kept.reduce((text, comment) => {
    const place = comment.before && text.match(new RegExp(`^([ \\t]*)<[^>/!]*\\sid="${comment.before}"`, "m"));
    return place ? `${text.slice(0, place.index)}${place[1]}${comment.text}\n${text.slice(place.index)}` : text;
  }, xml);
}
