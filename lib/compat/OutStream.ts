/** `require("nodejs-websocket/OutStream")` is the class itself, as it was in 1.7. */
import { OutStream } from "../connection/out-stream.js";

export = OutStream;
