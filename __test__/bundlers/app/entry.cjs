require("./echo.cjs")(require("nodejs-websocket"));
