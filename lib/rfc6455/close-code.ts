/** Close codes of RFC 6455 section 7.4 and its registry. */
export const CloseCode = {
	NORMAL: 1000,
	GOING_AWAY: 1001,
	PROTOCOL_ERROR: 1002,
	UNSUPPORTED_DATA: 1003,
	/** Never on the wire: the close frame carried no code. */
	NO_STATUS: 1005,
	/** Never on the wire: the connection was lost without a closing handshake. */
	ABNORMAL: 1006,
	INVALID_PAYLOAD: 1007,
	POLICY_VIOLATION: 1008,
	MESSAGE_TOO_BIG: 1009,
	MANDATORY_EXTENSION: 1010,
	INTERNAL_ERROR: 1011,
	SERVICE_RESTART: 1012,
	TRY_AGAIN_LATER: 1013,
	BAD_GATEWAY: 1014,
} as const;

/**
 * Whether a close frame may carry `code`: 1000–1003, 1007–1014 and 3000–4999.
 * The same set holds for what is sent and for what is received.
 */
export function isValidCloseCode(code: number): boolean {
	return (
		(code >= 1000 &&
			code <= 1014 &&
			code !== 1004 &&
			code !== 1005 &&
			code !== 1006) ||
		(code >= 3000 && code <= 4999)
	);
}
