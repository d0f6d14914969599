"""One call on a control socket, as the daemons' own user or root; for what no program of the product asks."""
import json
import socket
import struct


def call(path, verb, **args):
    """The answer as a dictionary: "ok" or "error"."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.settimeout(30)
        s.connect(path)
        text = json.dumps({"verb": verb, "args": args}).encode()
        s.sendall(struct.pack(">I", len(text)) + text)
        data = b""
        while len(data) < 4 or len(data) < 4 + struct.unpack(">I", data[:4])[0]:
            more = s.recv(65536)
            if not more:
                return {}
            data += more
        return json.loads(data[4:])
