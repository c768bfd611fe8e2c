// The same class for `import`. Without this file its statics would seem to be named exports.
import Connection from "./Connection.js";

export default Connection;
