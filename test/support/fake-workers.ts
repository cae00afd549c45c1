/**
 * `cloudflare:workers`, and what else of the Workers runtime partyserver takes
 * for granted, for its real code to run in Node.
 */
const attachments = new WeakMap<object, {value: unknown}>();

/** The room's end of a WebSocket; a sleep gives another for the same socket. */
export class FakeWebSocket {
  static READY_STATE_OPEN = 1;
  readyState = 1;
  readonly received: string[];
  closed: [code: number, reason: string] | undefined;

  constructor(other?: FakeWebSocket) {
    this.received = other?.received ?? [];
    attachments.set(this, other ? attachments.get(other)! : {value: undefined});
  }

  send(frame: string): void {
    this.received.push(frame);
  }

  close(code: number, reason: string): void {
    this.readyState = 3;
    this.closed = [code, reason];
  }

  accept(): void {}

  serializeAttachment(value: unknown): void {
    attachments.get(this)!.value = structuredClone(value);
  }

  deserializeAttachment(): unknown {
    return structuredClone(attachments.get(this)!.value);
  }
}

class FakeResponse extends Response {
  constructor(body?: any, init: any = {}) {
    // Node knows no answer to an upgrade.
    super(body, init.webSocket ? {} : init);
    Object.defineProperty(this, 'webSocket', {value: init.webSocket});
  }
}

Object.assign(globalThis, {
  WebSocket: FakeWebSocket,
  WebSocketPair: class {
    readonly 0 = new FakeWebSocket();
    readonly 1 = new FakeWebSocket(this[0]);
  },
  Response: FakeResponse,
});

export class DurableObject {
  readonly ctx: unknown;
  readonly env: unknown;

  constructor(ctx: unknown, env: unknown) {
    this.ctx = ctx;
    this.env = env;
  }
}

export const env = {};
