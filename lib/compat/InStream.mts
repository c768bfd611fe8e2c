// The same class for `import`.
import InStream from "./InStream.js";

export default InStream;
