/** The Rust crate `tungstenite`. */
import { talkWithInstalled } from "./installed.js";

talkWithInstalled("tungstenite", {});
