/** Defines a test of the built package once per engine. The bench it gets makes everything on that engine. */
export { fixed as onEachEngine } from "./both.js";
