"""The Python package `websockets` as a peer: obeys commands on standard input, as ../../../support/peer-remote.ts has them.

With a number as its argument it asks for compression with windows of so many bits, in both directions.
"""

import asyncio
import json
import ssl
import sys

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    ServerPerMessageDeflateFactory,
)

OPTIONS = {
    # Of what is compressed the bytes before inflating count, too: those of noise are some more than it has.
    "max_size": 16 * 1024 * 1024 + 64 * 1024,
    # Pings only when told to.
    "ping_interval": None,
}


def windows(factory):
    """Options for compression with the windows that were asked for; none for the defaults of `websockets`."""
    if len(sys.argv) < 2:
        return {}
    bits = int(sys.argv[1])
    extension = factory(server_max_window_bits=bits, client_max_window_bits=bits)
    return {"compression": None, "extensions": [extension]}


def report(id, what, data=b"", **more):
    head = {"id": id, "is": what, "bytes": len(data), **more}
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + data)
    sys.stdout.buffer.flush()


class Connection:
    """Both directions of one connection: what comes is reported, what is asked for is done in order."""

    def __init__(self, id, socket):
        self.id = id
        self.socket = socket
        self.commands = asyncio.Queue()

    async def run(self):
        obeying = asyncio.create_task(guarded(self.id, self.obey()))
        try:
            async for message in self.socket:
                is_binary = isinstance(message, bytes)
                data = message if is_binary else message.encode()
                report(self.id, "message", data, isBinary=is_binary)
        except ConnectionClosed:
            pass
        await self.socket.wait_closed()
        report(
            self.id,
            "closed",
            code=self.socket.close_code,
            reason=self.socket.close_reason,
        )
        obeying.cancel()

    async def obey(self):
        while True:
            command, data = await self.commands.get()
            match command["do"]:
                case "send":
                    await self.send(command, data)
                case "ping":
                    await self.ping(data)
                case "close":
                    # A code of None, which `websockets` takes without saying so, sends a close frame without one.
                    await self.socket.close(command["code"], command["reason"])
                case "drop":
                    self.socket.transport.abort()

    async def send(self, command, data):
        pieces = []
        at = 0
        for length in command["pieces"]:
            pieces.append(data[at : at + length])
            at += length
        is_text = not command["isBinary"]
        if len(pieces) == 1:
            await self.socket.send(data, text=is_text)
            return

        async def fragments():
            for index, piece in enumerate(pieces):
                yield piece
                if index == 0 and command["ping"] is not None:
                    await self.ping(command["ping"].encode())

        await self.socket.send(fragments(), text=is_text)

    async def ping(self, data):
        answered = await self.socket.ping(data)

        def on_answer(future):
            if not future.cancelled() and future.exception() is None:
                report(self.id, "pong", data)

        answered.add_done_callback(on_answer)


async def guarded(id, work):
    """Awaits `work`, and reports what it raises."""
    try:
        await work
    except Exception as error:
        report(id, "failed", error=f"{type(error).__name__}: {error}")


class Peer:
    def __init__(self):
        self.connections = {}
        self.servers = []

    async def converse(self, connection, **opened):
        self.connections[connection.id] = connection
        report(
            connection.id,
            "open",
            protocol=connection.socket.subprotocol or "",
            **opened,
        )
        await connection.run()
        del self.connections[connection.id]

    async def connect(self, command):
        context = None
        if command["ca"] is not None:
            context = ssl.create_default_context(cafile=command["ca"])
        socket = await connect(
            command["url"],
            ssl=context,
            subprotocols=command["protocols"] or None,
            additional_headers=command["headers"],
            proxy=None,
            **OPTIONS,
            **windows(ClientPerMessageDeflateFactory),
        )
        await self.converse(Connection(command["id"], socket))

    async def serve(self, command):
        id = command["id"]
        context = None
        if command["tls"] is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(command["tls"]["cert"], command["tls"]["key"])
        count = 0

        async def accept(socket):
            nonlocal count
            count += 1
            headers = {
                name.lower(): value for name, value in socket.request.headers.raw_items()
            }
            connection = Connection(f"{id}.{count}", socket)
            await self.converse(connection, server=id, headers=headers)

        server = await serve(
            accept,
            "127.0.0.1",
            0,
            ssl=context,
            subprotocols=command["protocols"] or None,
            **OPTIONS,
            **windows(ServerPerMessageDeflateFactory),
        )
        self.servers.append(server)
        report(id, "listening", port=server.sockets[0].getsockname()[1])

    async def run(self):
        stdin = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stdin), sys.stdin
        )
        tasks = set()
        while line := await stdin.readline():
            command = json.loads(line)
            data = await stdin.readexactly(command["bytes"])
            match command["do"]:
                case "connect":
                    work = self.connect(command)
                case "serve":
                    work = self.serve(command)
                case _:
                    connection = self.connections.get(command["id"])
                    if connection is not None:
                        connection.commands.put_nowait((command, data))
                    continue
            task = asyncio.create_task(guarded(command["id"], work))
            tasks.add(task)
            task.add_done_callback(tasks.discard)


asyncio.run(Peer().run())
