// A step put into a flow: what lies behind it makes room, and the flow leads through the step. One command, so that one
// undo takes it all back; without a mouse it is the only way to come between two steps.

import { selfAndAllChildren } from "diagram-js/lib/util/Elements";

const ROOM = { x: 160, y: 130 }; // pixels that a step takes with an arrow on either side
const COMMAND = "jiqun.insertStep";

function InsertStep(canvas, modeling, spaceTool) {
  this.preExecute = (context) => {
    const [from, to] = longest(context.flow);
    const axis = Math.abs(to.x - from.x) >= Math.abs(to.y - from.y) ? "x" : "y";
    const room = ROOM[axis] - (to[axis] - from[axis]);
    if (to[axis] > from[axis] && room > 0) {
      const start = (from[axis] + to[axis]) / 2;
      const { movingShapes, resizingShapes } = spaceTool.calculateAdjustments(selfAndAllChildren(canvas.getRootElement()), axis, room, start);
      spaceTool.makeSpace(movingShapes, resizingShapes, { x: 0, y: 0, [axis]: room }, axis === "x" ? "e" : "s", start);
    }
    const [begin, end] = longest(context.flow);
    const middle = { x: (begin.x + end.x) / 2, y: (begin.y + end.y) / 2 };
    context.shape = modeling.createShape({ type: "bpmn:UserTask" }, middle, context.flow);
  };
}
InsertStep.$inject = ["canvas", "modeling", "spaceTool"];

// The two points between which most of a flow lies.
function longest({ waypoints }) {
  const parts = waypoints.slice(1).map((to, index) => [waypoints[index], to]);
  const length = ([from, to]) => Math.abs(to.x - from.x) + Math.abs(to.y - from.y);
  return parts.reduce((best, part) => (length(part) > length(best) ? part : best));
}

function register(commandStack) {
  commandStack.registerHandler(COMMAND, InsertStep);
}
register.$inject = ["commandStack"];

export const InsertingModule = { __init__: [register] };

// `get` gives the modeller's services; answers the new step.
export function insertStep(get, flow) {
  const context = { flow };
  get("commandStack").execute(COMMAND, context);
  return context.shape;
}
