// The same classes for `import` and `require`: this only gives names to what the CommonJS module exports.
export * from "./engine.js";
