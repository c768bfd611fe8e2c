/** Closes one connection for what it sent, with 1008 (policy violation), and leaves the others alone. */
export function refuse(connection, reason) {
	if (connection.readyState === connection.OPEN) connection.close(1008, reason);
}

/** The JSON object in `text`, or null where it is none. */
export function parseObject(text) {
	try {
		const value = JSON.parse(text);
		return typeof value === "object" && !Array.isArray(value) ? value : null;
	} catch {
		return null;
	}
}
