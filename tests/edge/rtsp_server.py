"""An RTSP server for one camera: RFC 2326 with RTP interleaved over TCP, JPEG as RFC 2435.

Small, but the real protocol: it speaks with the reader that the camera program uses. It can drop
its clients and close its port, and it can go silent with the connection open.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable

import cv2
import numpy as np

from edge.camera_health import Picture

FPS = 10
_CHUNK = 1200
_QUALITY = 80


class RtspServer:
    """Serves ``picture(n)`` on ``rtsp://127.0.0.1:port/live``; sides are multiples of 16."""

    def __init__(self, picture: Callable[[int], Picture], port: int = 0) -> None:
        self._picture = picture
        self._socket = socket.create_server(("127.0.0.1", port))
        self.port = int(self._socket.getsockname()[1])
        self._clients: list[socket.socket] = []
        self._open = True
        self.silent = threading.Event()
        self.plays = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/live"

    def close(self) -> None:
        """Every client is dropped and nobody gets in."""
        self._open = False
        for sock in (self._socket, *self._clients):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _accept(self) -> None:
        while self._open:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            self._clients.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        lock, held = threading.Lock(), b""
        try:
            while data := client.recv(4096):
                held += data
                while b"\r\n\r\n" in held and not held.startswith(b"$"):
                    head, _, held = held.partition(b"\r\n\r\n")
                    self._answer(client, head.decode(), lock)
                held = _without_interleaved(held)
        except OSError:
            return

    def _answer(self, client: socket.socket, head: str, lock: threading.Lock) -> None:
        lines = head.split("\r\n")
        method = lines[0].split(" ")[0]
        fields = {k.strip().lower(): v.strip() for k, _, v in (x.partition(":") for x in lines[1:])}
        more, body = "", ""
        if method == "OPTIONS":
            more = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n"
        elif method == "DESCRIBE":
            body = _SDP
            more = f"Content-Base: {self.url}/\r\nContent-Type: application/sdp\r\n"
        elif method == "SETUP":
            more = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1;timeout=60\r\n"
        elif method == "PLAY":
            more = "Session: 1\r\nRange: npt=0.000-\r\n"
        size = f"Content-Length: {len(body)}\r\n" if body else ""
        told = f"RTSP/1.0 200 OK\r\nCSeq: {fields.get('cseq', '0')}\r\n{more}{size}\r\n{body}"
        wanted_tcp = method != "SETUP" or "TCP" in fields.get("transport", "")
        if not wanted_tcp:
            told = f"RTSP/1.0 461 Unsupported Transport\r\nCSeq: {fields.get('cseq', '0')}\r\n\r\n"
        with lock:
            client.sendall(told.encode())
        if method == "PLAY":
            self.plays += 1
            threading.Thread(target=self._stream, args=(client, lock), daemon=True).start()

    def _stream(self, client: socket.socket, lock: threading.Lock) -> None:
        sequence = number = 0
        begun = time.monotonic()
        try:
            while self._open:
                if not self.silent.is_set():
                    for packet in _rtp(self._picture(number), sequence, number * 90_000 // FPS):
                        sequence += 1
                        with lock:
                            client.sendall(packet)
                number += 1
                time.sleep(max(0.0, begun + number / FPS - time.monotonic()))
        except OSError:
            return


_SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=made up\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
    "m=video 0 RTP/AVP 26\r\na=rtpmap:26 JPEG/90000\r\na=control:track0\r\n"
)


def _without_interleaved(held: bytes) -> bytes:
    """Reports of the reader (RTCP) are passed over."""
    while held.startswith(b"$") and len(held) >= 4:
        size = struct.unpack(">H", held[2:4])[0]
        if len(held) < 4 + size:
            break
        held = held[4 + size :]
    return held


def _rtp(picture: Picture, sequence: int, stamp: int) -> list[bytes]:
    """A picture as interleaved RTP packets: RFC 2435, quantisation tables in the first."""
    tables, scan = _baseline(picture)
    height, width = picture.shape[:2]
    packets, offset = [], 0
    while offset < len(scan):
        part = scan[offset : offset + _CHUNK]
        last = offset + len(part) == len(scan)
        head = struct.pack(">BBHII", 0x80, 26 | (0x80 if last else 0), sequence & 0xFFFF, stamp, 7)
        # Type 1: 4:2:0; Q 255: tables are sent along.
        jpeg = struct.pack(">I", offset) + bytes([1, 255, width // 8, height // 8])
        if offset == 0:
            jpeg += struct.pack(">BBH", 0, 0, len(tables)) + tables
        body = head + jpeg + part
        packets.append(b"$\x00" + struct.pack(">H", len(body)) + body)
        offset += len(part)
        sequence += 1
    return packets


def _baseline(picture: Picture) -> tuple[bytes, bytes]:
    """Both tables of quantisation and the entropy-coded scan of a JPEG with the usual codes."""
    done, packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    assert done
    data, at, tables = np.asarray(packed).tobytes(), 2, b""
    while data[at + 1] != 0xDA:
        size = struct.unpack(">H", data[at + 2 : at + 4])[0]
        if data[at + 1] == 0xDB:
            segment = data[at + 4 : at + 2 + size]
            tables += b"".join(segment[n + 1 : n + 65] for n in range(0, len(segment), 65))
        at += 2 + size
    size = struct.unpack(">H", data[at + 2 : at + 4])[0]
    return tables, data[at + 2 + size : -2]
