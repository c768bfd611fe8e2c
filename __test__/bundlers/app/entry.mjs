import { connect, createServer, engine } from "nodejs-websocket";
import echo from "./echo.cjs";

echo({ connect, createServer, engine });
