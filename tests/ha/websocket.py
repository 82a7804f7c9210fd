# SPDX-License-Identifier: GPL-2.0
"""A WebSocket to talk JSON with (RFC 6455): as little as Home Assistant and a browser need."""
import base64
import json
import os
import socket
import struct


class WebSocket:
    def __init__(self, port, path, seconds=30.0):
        self.s = socket.create_connection(("127.0.0.1", port), seconds)
        key = base64.b64encode(os.urandom(16)).decode()
        self.s.sendall(("GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n" % (path, port, key)).encode())
        self.f = self.s.makefile("rb")
        status = self.f.readline()
        if b" 101 " not in status:
            raise ConnectionError(status.decode(errors="replace"))
        while self.f.readline().strip():
            pass

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.f.close()
        self.s.close()

    def _send(self, opcode, payload):
        n, mask = len(payload), os.urandom(4)
        size = bytes([n | 0x80]) if n < 126 else struct.pack(">BH", 0xfe, n) if n < 65536 else \
            struct.pack(">BQ", 0xff, n)
        masked = bytes(c ^ mask[i % 4] for i, c in enumerate(payload))
        self.s.sendall(bytes([0x80 | opcode]) + size + mask + masked)

    def _frame(self):
        first, n = self.f.read(2)
        n &= 0x7f
        if n == 126:
            n, = struct.unpack(">H", self.f.read(2))
        elif n == 127:
            n, = struct.unpack(">Q", self.f.read(8))
        return first & 0x80, first & 0x0f, self.f.read(n)

    def send(self, message):
        self._send(1, json.dumps(message).encode())

    def receive(self):
        whole = b""
        while True:
            final, opcode, payload = self._frame()
            if opcode == 8:
                raise ConnectionError("closed")
            if opcode == 9:
                self._send(10, payload)
            elif opcode in (0, 1, 2):
                whole += payload
                if final:
                    return json.loads(whole)
