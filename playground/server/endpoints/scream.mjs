import { refuse } from "../refuse.mjs";

/** Answers each text with the same in capitals and three exclamation marks. */
export function scream(connection) {
	connection.on("message", (data, isBinary) => {
		if (isBinary) return refuse(connection, "Only text can be screamed");
		connection.sendText(`${data.toUpperCase()}!!!`);
	});
}
