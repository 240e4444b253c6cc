/** A relay's stream, which connects again by itself and resumes each channel where it was. */
import type { StreamMessage } from "./types.ts";

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 8_000;

export type StreamState = "connecting" | "live" | "lost";

interface Handlers {
  onMessage(message: StreamMessage): void;
  onState(state: StreamState): void;
}

export class Stream {
  private socket: WebSocket | undefined;
  /** The last `seq` seen on each channel; undefined before the first. */
  private readonly places = new Map<string, string | undefined>();
  private delay = FIRST_DELAY_MS;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isClosed = false;
  private readonly url: string;
  private readonly handlers: Handlers;

  constructor(url: string, handlers: Handlers) {
    this.url = url;
    this.handlers = handlers;
    addEventListener("online", this.connect);
    this.connect();
  }

  follow(channel: string): void {
    this.places.set(channel, undefined);
    this.subscribe(channel);
  }

  unfollow(channel: string): void {
    this.places.delete(channel);
    this.say({ op: "unsubscribe", channel });
  }

  close(): void {
    this.isClosed = true;
    removeEventListener("online", this.connect);
    clearTimeout(this.timer);
    this.socket?.close();
  }

  private readonly connect = (): void => {
    clearTimeout(this.timer);
    if (this.isClosed || (this.socket && this.socket.readyState <= WebSocket.OPEN)) return;
    const socket = new WebSocket(this.url);
    this.socket = socket;
    this.handlers.onState("connecting");
    socket.onopen = () => {
      this.delay = FIRST_DELAY_MS;
      this.handlers.onState("live");
      for (const channel of this.places.keys()) this.subscribe(channel);
    };
    socket.onmessage = (event) => this.hear(event.data);
    socket.onclose = () => {
      if (this.isClosed || socket !== this.socket) return;
      this.handlers.onState("lost");
      this.timer = setTimeout(this.connect, this.delay * (0.75 + Math.random() / 2));
      this.delay = Math.min(2 * this.delay, LONGEST_DELAY_MS);
    };
  };

  private subscribe(channel: string): void {
    const after = this.places.get(channel);
    this.say({ op: "subscribe", channel, ...(after !== undefined && { after }) });
  }

  private say(request: Record<string, unknown>): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(request));
  }

  private hear(text: string): void {
    const message = JSON.parse(text) as StreamMessage;
    const channel = "channel" in message ? message.channel : undefined;
    if (message.type === "problem") {
      if (channel == null || !this.places.has(channel)) return;
      if (message.problem.code === "cursor_unknown") this.places.set(channel, undefined);
      else if (!message.problem.retryable) return;
      setTimeout(() => this.subscribe(channel), FIRST_DELAY_MS);
      return;
    }
    if (channel == null || !this.places.has(channel)) return;
    if (message.type === "update") {
      const place = this.places.get(channel);
      if (place !== undefined && message.prev_seq !== place) return this.subscribe(channel);
    }
    if (message.type !== "submitted") this.places.set(channel, message.seq);
    this.handlers.onMessage(message);
  }
}
