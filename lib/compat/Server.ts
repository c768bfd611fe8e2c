/** `require("nodejs-websocket/Server")` is the class itself, as it was in 1.7. */
import { Server } from "../server/server.js";

export = Server;
