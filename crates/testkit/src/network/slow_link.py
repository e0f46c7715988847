"""A slow link, where the kernel has no netem: carries frames between two interfaces, like a cable.

Frames from the first interface arrive late, and some never: slow_link.py FIRST SECOND DELAY_MS LOSS_PERCENT
"""

import collections
import random
import select
import socket
import sys
import time

# Of linux/if_packet.h and linux/if_ether.h.
SOL_PACKET, PACKET_VNET_HDR, PACKET_IGNORE_OUTGOING, ETH_P_ALL = 263, 15, 23, 3
# A frame may have many segments: its header says how they are cut, and that the checksum is missing.
FRAME_BYTES_MAX = 70_000


def attach(interface):
    port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    port.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    port.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    port.bind((interface, ETH_P_ALL))
    return port


def send(port, frame):
    try:
        port.send(frame)
    except OSError:
        pass  # The interface is down: the frame is lost.


def main(first, second, delay_ms, loss_percent):
    first, second = attach(first), attach(second)
    print("carries", flush=True)
    under_way = collections.deque()
    while True:
        wait = max(0, under_way[0][0] - time.monotonic()) if under_way else None
        readable, _, _ = select.select([first, second], [], [], wait)
        for port in readable:
            try:
                frame = port.recv(FRAME_BYTES_MAX)
            except OSError:
                continue
            if port is second:
                send(first, frame)
            elif random.uniform(0, 100) >= float(loss_percent):
                under_way.append((time.monotonic() + int(delay_ms) / 1000, frame))
        while under_way and under_way[0][0] <= time.monotonic():
            send(second, under_way.popleft()[1])


main(*sys.argv[1:])
