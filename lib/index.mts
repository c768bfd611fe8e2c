// The same classes for `import` and `require`: this only gives names to what the CommonJS module exports.
export * from "./index.js";
export { default } from "./index.js";
