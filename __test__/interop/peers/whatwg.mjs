/**
 * A WHATWG WebSocket as a peer, in a web page or in Node: obeys commands, as ../../support/peer-remote.ts has them. It must
 * stand alone, as a page gets its text.
 *
 * @param open (command) => a WebSocket for the command 'connect'
 * @param report (report, bytes) => void
 * @returns (command, bytes) => void
 */
export function whatwgPeer(open, report) {
	/** The sockets there are, by their ids. */
	const sockets = new Map();
	const text = new TextDecoder("utf-8", { ignoreBOM: true });

	function connect(command) {
		const { id } = command;
		const socket = open(command);
		socket.binaryType = "arraybuffer";
		sockets.set(id, socket);
		let isOpen = false;
		socket.onopen = () => {
			isOpen = true;
			report({ id, is: "open", protocol: socket.protocol });
		};
		socket.onmessage = ({ data }) => {
			const isBinary = typeof data !== "string";
			const bytes = isBinary
				? new Uint8Array(data)
				: new TextEncoder().encode(data);
			report({ id, is: "message", isBinary }, bytes);
		};
		socket.onclose = ({ code, reason }) => {
			if (isOpen) report({ id, is: "closed", code, reason });
			// Pages are not told why.
			else report({ id, is: "failed", error: "the connection was refused" });
		};
	}

	return (command, bytes) => {
		const { id } = command;
		const socket = sockets.get(id);
		try {
			switch (command.do) {
				case "connect":
					connect(command);
					break;
				case "send":
					socket.send(command.isBinary ? bytes : text.decode(bytes));
					break;
				case "close":
					if (command.code === null) socket.close();
					else socket.close(command.code, command.reason);
					break;
				case "drop":
					// There is no API to end a connection at once.
					socket.onmessage = socket.onclose = null;
					socket.close();
					sockets.delete(id);
					break;
				default:
					throw new Error(`there is no API for ${command.do}`);
			}
		} catch (error) {
			report({ id, is: "failed", error: String(error) });
		}
	};
}
