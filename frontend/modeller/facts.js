// What a step says to the engine, read from its extension elements and written there. Every change that belongs
// together is one command, so one undo takes it back.

import { getBusinessObject, is } from "bpmn-js/lib/util/ModelUtil";

const PROPERTIES = "spiffworkflow:Properties";

// Of a pool, its process.
export function objectOf(element) {
  const object = getBusinessObject(element);
  return is(object, "bpmn:Participant") ? object.processRef : object;
}

export function extension(object, type) {
  return object?.get("extensionElements")?.values?.find((each) => is(each, type));
}

export function fact(object, name) {
  return extension(object, PROPERTIES)?.values?.find((each) => each.name === name)?.value ?? "";
}

export function listed(text) {
  return text.split(",").map((part) => part.trim()).filter(Boolean);
}

export function definition(object, type = "bpmn:EventDefinition") {
  return object?.eventDefinitions?.find((each) => is(each, type));
}

export class Changes {
  constructor(modeler) {
    this.modeler = modeler;
  }

  create(type, attributes, parent) {
    const made = this.modeler.get("bpmnFactory").create(type, attributes);
    if (parent) made.$parent = parent;
    return made;
  }

  // [[object, properties], …]: all of them, or none.
  apply(element, ...changes) {
    const commands = changes.map(([moddleElement, properties]) => ({
      cmd: "element.updateModdleProperties",
      context: { element, moddleElement, properties },
    }));
    if (commands.length) this.modeler.get("commandStack").execute("properties-panel.multi-command-executor", commands);
  }

  // Facts by name; an empty one goes.
  state(element, facts, object = objectOf(element)) {
    const kept = (extension(object, PROPERTIES)?.values ?? []).filter(({ name }) => !(name in facts));
    const order = (extension(object, PROPERTIES)?.values ?? []).map(({ name }) => name);
    const given = Object.entries(facts).filter(([, value]) => value);
    const values = [...kept, ...given.map(([name, value]) => this.create("spiffworkflow:Property", { name, value }))];
    values.sort((one, other) => place(order, one.name) - place(order, other.name));
    const properties = values.length ? this.create(PROPERTIES, { values }) : null;
    for (const value of values) value.$parent = properties;
    this.apply(element, this.extended(object, PROPERTIES, properties));
  }

  // The change that puts `made` in the place of the object's extension of this type; null takes it away.
  extended(object, type, made) {
    const before = object.get("extensionElements")?.values ?? [];
    const at = before.findIndex((each) => is(each, type));
    const values = before.filter((each) => !is(each, type));
    if (made) values.splice(at < 0 ? values.length : at, 0, made);
    if (!values.length) return [object, { extensionElements: undefined }];
    const extensionElements = this.create("bpmn:ExtensionElements", { values }, object);
    for (const value of values) value.$parent = extensionElements;
    return [object, { extensionElements }];
  }

  extend(element, object, type, attributes) {
    this.apply(element, this.extended(object, type, attributes && this.create(type, attributes)));
  }
}

// Where a property stood; a new one behind all others.
function place(order, name) {
  const at = order.indexOf(name);
  return at < 0 ? order.length : at;
}
