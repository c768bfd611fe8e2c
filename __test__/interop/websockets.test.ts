/** The Python package `websockets`. */
import { talkWithInstalled } from "./installed.js";

talkWithInstalled("websockets", {
	pingEvents: "no event for a ping",
});
