// The connection to the feed: it comes back by itself, with a growing pause.

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
const ARRIVALS_KEPT = 2_000;

export class Feed {
  constructor({ onMessage, onState }) {
    this.onMessage = onMessage;
    this.onState = onState;
    this.arrivals = [];
    this.pause = FIRST_PAUSE_MS;
    this.requests = new Map();
    this.connect();
  }

  connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.socket = new WebSocket(`${scheme}://${location.host}/feed`);
    this.socket.onopen = () => {
      this.pause = FIRST_PAUSE_MS;
      for (const request of this.requests.values()) this.socket.send(JSON.stringify(request));
    };
    this.socket.onmessage = (event) => this.receive(event.data);
    this.socket.onclose = () => {
      this.onState("away");
      this.logInAgain();
      setTimeout(() => this.connect(), this.pause);
      this.pause = Math.min(2 * this.pause, LONGEST_PAUSE_MS);
    };
  }

  // A closed socket does not tell why: where the session is over, the start page asks for the token.
  async logInAgain() {
    const answer = await fetch("/feed.schema.json", { cache: "no-store" }).catch(() => null);
    if (answer?.status === 401) location.reload();
  }

  receive(text) {
    const received_ms = performance.timeOrigin + performance.now();
    const message = JSON.parse(text);
    this.arrivals.push({ type: message.type, sequence: message.sequence, received_ms, sent_ms: message.sent_ms });
    if (this.arrivals.length > ARRIVALS_KEPT) this.arrivals.shift();
    this.onState("live");
    this.onMessage(message);
  }

  // A request is repeated after a reconnection; one of a type takes the place of the one before.
  request(request) {
    this.requests.set(request.type, request);
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(request));
  }
}
