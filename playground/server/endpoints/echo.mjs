/** Sends every message back as it came. Reads no further while what it has written waits for the peer. */
export function echo(connection, { engine, echoed }) {
	connection.on("message", (data, isBinary) => {
		echoed[engine]++;
		const flowing = isBinary
			? connection.sendBinary(data)
			: connection.sendText(data);
		if (flowing === false) connection.pause();
	});
	connection.on("drain", () => connection.resume());
}
