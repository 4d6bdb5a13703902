#!/usr/bin/env python3
"""Sends one command to QEMU's monitor: qmp.py SOCKET COMMAND [NAME=JSON]..."""
import json
import socket
import sys


def main():
    path, command, *pairs = sys.argv[1:]
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    stream = connection.makefile("rw")

    def call(name, **arguments):
        stream.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        stream.flush()
        for line in stream:  # events come in between
            reply = json.loads(line)
            if "error" in reply:
                sys.exit(f"{name}: {reply['error']['desc']}")
            if "return" in reply:
                return
        if name != "quit":
            sys.exit(f"{name}: QEMU hung up")

    stream.readline()  # the greeting
    call("qmp_capabilities")
    call(command, **{name: json.loads(value) for name, value in (pair.split("=", 1) for pair in pairs)})


main()
