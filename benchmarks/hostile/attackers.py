"""Who sends the hostile traffic, each in a thread of its own, until all are told to stop."""

import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from benchmarks.hostile.bombs import BOMBS, append
from benchmarks.hostile.kinds import BOMB, KINDS, WEB
from benchmarks.hostile.web import FRAMES, REQUESTS, answer, close_code, connected, frame, opened

EVERY_S = {
    "random": 0.5,
    "giant": 5.0,
    "deep": 2.0,
    "numbers": 1.0,
    "times": 1.0,
    "stamps": 1.0,
    "windows": 1.0,
    "loops": 1.0,
    BOMB: 5.0,
    WEB: 0.05,
}
"""How often a kind is sent."""
_DEAF = 20
_DEAF_S = 5.0


@dataclass
class Attackers:
    """Sends hostile traffic of some kinds.

    Args:
        bootstrap: the broker.
        topic: the good stream's topic.
        partitions: of the topic; all of them are attacked.
        page: address of the live page.
        kinds: what is sent.

    Attributes:
        sent: how much of each kind.
        wrong: answers of the live page that are none of those allowed, a line each.
    """

    bootstrap: str
    topic: str
    partitions: int
    page: str
    kinds: Sequence[str]
    sent: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin."""
        works: list[tuple[str, Callable[[random.Random], None]]] = []
        for kind in self.kinds:
            if kind == WEB:
                works += [(WEB, self._web), (WEB, self._drip), (WEB, self._deaf)]
            elif kind == BOMB:
                works.append((BOMB, self._bomb))
            else:
                works.append((kind, self._messages(kind)))
        for number, (kind, work) in enumerate(works):
            thread = threading.Thread(target=self._repeat, args=(kind, work, number), daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """End."""
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def _repeat(self, kind: str, work: Callable[[random.Random], None], seed: int) -> None:
        chance = random.Random(seed)
        while not self._stop.wait(EVERY_S[kind] * chance.uniform(0.5, 1.5)):
            try:
                work(chance)
            except (OSError, KafkaException, BufferError) as error:
                self._note(f"{kind}: {error!r}")

    def _note(self, line: str) -> None:
        if len(self.wrong) < 20:
            self.wrong.append(line)

    def _messages(self, kind: str) -> Callable[[random.Random], None]:
        # A producer of its own: what an attacker sends shares no batch with others.
        producer = Producer({"bootstrap.servers": self.bootstrap, "linger.ms": 5})

        def written(error: KafkaError | None, _: Message) -> None:
            self.sent[kind if error is None else f"{kind}, refused by the broker"] += 1

        def send(chance: random.Random) -> None:
            now_ms = time.time_ns() // 10**6
            for message in KINDS[kind](chance, now_ms):
                producer.produce(
                    self.topic,
                    message.value,
                    message.key,
                    chance.randrange(self.partitions),
                    timestamp=now_ms if message.stamp_ms is None else message.stamp_ms,
                    on_delivery=written,
                )
                # One after the other, so that the broker refuses no more than what it must.
                if message.stamp_ms is not None:
                    producer.flush(30)
            producer.flush(30)

        return send

    def _bomb(self, chance: random.Random) -> None:
        bomb = chance.choice(BOMBS)(time.time_ns() // 10**6)
        append(self.bootstrap, self.topic, chance.randrange(self.partitions), bomb)
        self.sent[BOMB] += 1

    def _web(self, chance: random.Random) -> None:
        """A malformed request, and malformed frames."""
        for attacks, send in ((REQUESTS, answer), (FRAMES, close_code)):
            attack = chance.choice(attacks)
            found = send(self.page, attack)
            self.sent[WEB] += 1
            # Who asks so often may be told that it is too often.
            if found != 429 and not attack.fits(found):
                self._note(f"{attack.name}: answered by {found}")

    def _drip(self, _: random.Random) -> None:
        """A head that comes byte by byte, until it is refused."""
        with connected(self.page) as connection, suppress(ConnectionError):
            connection.settimeout(0.5)
            self.sent[WEB] += 1
            while not self._stop.is_set():
                connection.send(b"G")
                with suppress(TimeoutError):
                    connection.recv(1)
                    return

    def _deaf(self, _chance: random.Random) -> None:
        """Feeds that are asked for everything and never read."""
        with ExitStack() as stack:
            for _ in range(_DEAF):
                with suppress(ConnectionError):
                    feed: socket.socket = stack.enter_context(
                        opened(self.page, receive_buffer=4_096)
                    )
                    feed.sendall(frame(1, b'{"type": "subscribe", "top": 200}'))
                    self.sent[WEB] += 1
            self._stop.wait(_DEAF_S)
