/**
 * Has a server listen on a free port of 127.0.0.1, which is returned.
 *
 * @param {import("node:net").Server} server
 * @returns {Promise<number>}
 */
export function listen(server) {
	return new Promise((resolve) => {
		server.listen({ port: 0, host: "127.0.0.1", backlog: 1024 }, () => {
			const address = server.address();
			if (address !== null && typeof address === "object")
				resolve(address.port);
		});
	});
}
