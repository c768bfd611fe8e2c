/** `require("nodejs-websocket/Connection")` is the class itself, as it was in 1.7. */
import { Connection } from "../connection/connection.js";

export = Connection;
