"""WebSockets below the protocol: uvicorn's, with two of its ends mended, and how it is to be configured."""

import asyncio
from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

CLOSE_SECONDS: Final = 5.0
SHUTDOWN_SECONDS: Final = 1.0


class SocketProtocol(WebSocketsSansIOProtocol):
    """Text that is no UTF-8 reaches the application, which says what is wrong with it, like any other malformed frame.

    A client that takes nothing is cut off some seconds after the application is done with it: what waits to be sent
    would keep the socket for as long as the machine keeps trying.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.close_timeout = CLOSE_SECONDS

    def send_receive_event_to_app(self) -> None:
        """Hand a whole message to the application."""
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.curr_msg_data_type = "bytes"
        super().send_receive_event_to_app()

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """The application is done with the socket."""
        super().on_task_complete(task)
        self._cut_after(CLOSE_SECONDS)

    def shutdown(self) -> None:
        """The server goes down."""
        super().shutdown()
        self._cut_after(SHUTDOWN_SECONDS)

    def _cut_after(self, seconds: float) -> None:
        if not self.disconnected:
            self.loop.call_later(seconds, self._cut)

    def _cut(self) -> None:
        if not self.disconnected:
            self.transport.abort()


UVICORN: Final[dict[str, Any]] = {
    "ws": SocketProtocol,
    "ws_ping_interval": None,  # clients are pinged in graphql-transport-ws; a WebSocket's own would close with 1011
    "ws_per_message_deflate": False,  # its buffers cost more memory per idle socket than all else of it
}
"""What uvicorn's configuration needs for our sockets."""
