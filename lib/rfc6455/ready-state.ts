/** Ready states of a connection; the numbers are those of the WHATWG WebSocket interface and of nodejs-websocket 1.7. */
export const ReadyState = {
	/** Waiting for the opening handshake. */
	CONNECTING: 0,
	/** Data can be sent and received. */
	OPEN: 1,
	/** A close frame was sent, the peer's is awaited. */
	CLOSING: 2,
	/** The closing handshake is done, or the connection was lost. */
	CLOSED: 3,
} as const;

export type ReadyState = (typeof ReadyState)[keyof typeof ReadyState];
