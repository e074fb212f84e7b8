"""How much of the live page's server one client, and all of them together, may have."""

import ipaddress
from dataclasses import dataclass

MIB = 2**20


@dataclass(frozen=True, slots=True)
class Limits:
    """What is refused, and after which time a connection is given up.

    A client is an address (`client_of`).

    Attributes:
        connections: open connections in all.
        connections_per_client: open connections of a client.
        requests_per_s: requests of a client, among them the opening of a feed.
        request_burst: so many of them at once.
        messages_per_s: messages of a client on all its feeds; further ones wait.
        message_burst: so many of them at once.
        message_bytes: size of a message.
        frames_per_s: frames of a feed, with pings and parts of messages.
        fragments: parts of a message.
        queued: messages of a feed that came at once and were not looked at yet.
        head_bytes: size of a request's line and headers.
        headers: number of a request's headers.
        line_bytes: size of the request's line and of each header.
        head_s: time from the first byte of a request, or the opening, to its last.
        idle_s: time between two requests.
        stall_s: time in which a client takes nothing of what waits for it.
        stall_full_s: the same when `unsent_bytes` wait.
        unsent_bytes: bytes that wait for clients, in all; then no large message is made.
    """

    connections: int = 1_100
    connections_per_client: int = 100
    requests_per_s: float = 50.0
    request_burst: int = 300
    messages_per_s: float = 20.0
    message_burst: int = 40
    message_bytes: int = 65_536
    frames_per_s: int = 200
    fragments: int = 64
    queued: int = 32
    head_bytes: int = 16_384
    headers: int = 100
    line_bytes: int = 8_000
    head_s: float = 10.0
    idle_s: int = 5
    stall_s: float = 20.0
    stall_full_s: float = 2.0
    unsent_bytes: int = 256 * MIB


DEFAULTS = Limits()


def client_of(address: str | None) -> str:
    """Who counts as one client: an IPv4 address, or the 64 bits of an IPv6 network.

    >>> client_of("192.0.2.7"), client_of("2001:db8::1:2"), client_of("::ffff:192.0.2.7")
    ('192.0.2.7', '2001:db8::/64', '192.0.2.7')
    """
    try:
        known = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return address or ""
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(ipaddress.ip_network((known, 64), strict=False))
