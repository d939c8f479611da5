"""The wire between browser and JupyterLab, which a test can cut: a TCP proxy in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any

KERNEL = b"/channels"  # end of the path of a kernel's websocket


class Proxy:
    """Passes everything on to a port of this machine, until told otherwise.

    Parameters
    ----------
    port : int
        Where JupyterLab listens.

    Attributes
    ----------
    url : str
        What the browser opens instead.
    refused : int
        Connections turned away.
    """

    def __init__(self, port: int) -> None:
        self._to = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._open: dict[asyncio.StreamWriter, bool] = {}  # is it a kernel's websocket?
        self._kernel_cut = False
        self.refused = 0
        self._listening = self._run(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self._port = self._listening.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"

    def cut_kernel(self) -> None:
        """The kernel's websocket breaks, and no new one comes through; all else does."""
        self._kernel_cut = True
        self._run(self._drop(kernel_only=True))

    def mend_kernel(self) -> None:
        """A new websocket comes through again."""
        self._kernel_cut = False

    def cut_all(self) -> None:
        """As if the server were gone: every connection breaks, none is accepted."""
        self._run(self._stop())

    def mend_all(self) -> None:
        """The server is back, at the same address."""
        self._listening = self._run(asyncio.start_server(self._serve, "127.0.0.1", self._port))

    def close(self) -> None:
        """Nothing of it is left."""
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    async def _stop(self) -> None:
        self._listening.close()
        await self._drop(kernel_only=False)

    async def _end(self) -> None:
        await self._stop()
        served = asyncio.all_tasks() - {asyncio.current_task()}
        for connection in served:
            connection.cancel()
        await asyncio.gather(*served, return_exceptions=True)

    async def _drop(self, *, kernel_only: bool) -> None:
        for writer, is_kernel in list(self._open.items()):
            if is_kernel or not kernel_only:
                writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of the browser: its first line says whether it is a kernel's."""
        self._open[writer] = False
        beyond = None
        try:
            head = await reader.readuntil(b"\r\n")
            is_kernel = head.split(b"?")[0].split()[1].endswith(KERNEL) and b"/api/kernels/" in head
            self._open[writer] = is_kernel
            if is_kernel and self._kernel_cut:
                self.refused += 1
                return
            back, beyond = await asyncio.open_connection("127.0.0.1", self._to)
            beyond.write(head)
            await asyncio.gather(_pass(reader, beyond), _pass(back, writer))
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            del self._open[writer]
            for end in (writer, beyond):
                if end is not None:
                    end.transport.abort()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Bytes as they come; the end of one side is the end of both."""
    while chunk := await reader.read(65536):
        writer.write(chunk)
        await writer.drain()
    raise ConnectionResetError
