/** `require("nodejs-websocket/InStream")` is the class itself, as it was in 1.7. */
import { InStream } from "../connection/in-stream.js";

export = InStream;
