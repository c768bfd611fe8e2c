// The same class for `import`.
import Server from "./Server.js";

export default Server;
