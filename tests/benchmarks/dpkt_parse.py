"""Reads a pcap file with dpkt and does nothing with it: what parsing alone costs there. Prints how many packets were TCP."""

from __future__ import annotations

import sys

import dpkt


def main() -> None:
    segments = 0
    with open(sys.argv[1], "rb") as file:
        for _, packet in dpkt.pcap.Reader(file):
            datagram = dpkt.ethernet.Ethernet(packet).data
            segments += isinstance(datagram, dpkt.ip.IP) and isinstance(datagram.data, dpkt.tcp.TCP)
    print(segments)


if __name__ == "__main__":
    main()
