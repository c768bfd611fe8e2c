// The same class for `import`.
import OutStream from "./OutStream.js";

export default OutStream;
