import type {PartySocket} from 'partysocket';

type Listener = (event: any) => void;

export interface ScriptedSocket {
  /** What a session and a persister take. */
  readonly connection: PartySocket;
  /** Frames that were sent, oldest first. */
  readonly sent: string[];
  /** How often a reconnect was asked for. */
  readonly reconnects: number;
  open(): void;
  close(): void;
  /** A message of the room arrives. */
  deliver(frame: string): void;
  /** What was sent since this was called last, letter and JSON. */
  take(): [letter: string, message: any][];
  /** As `updateProperties` does. */
  moveTo(room: string): void;
  getListenerCount(): number;
}

/** Creates a PartySocket that a test opens, closes and speaks through. */
export const createScriptedSocket = (
  options: {onSend?: (frame: string) => void; host?: string} = {},
): ScriptedSocket => {
  const {host = 'localhost:1999'} = options;
  const listeners: {[type: string]: Set<Listener>} = {};
  const sent: string[] = [];
  let readyState = 0;
  let reconnects = 0;
  let taken = 0;
  let room = 'room';

  const dispatch = (type: string, event: object = {}): void =>
    [...(listeners[type] ?? [])].forEach((listener) => listener(event));

  const connection = {
    get readyState() {
      return readyState;
    },
    get roomUrl() {
      return `ws://${host}/parties/main/${room}`;
    },
    get _url() {
      return `${this.roomUrl}?_pk=id`;
    },
    send: (frame: string) => {
      if (readyState != 1) {
        throw new Error(`Sent on a socket that is not open: ${frame}`);
      }
      sent.push(frame);
      options.onSend?.(frame);
    },
    reconnect: () => {
      reconnects++;
      close();
    },
    addEventListener: (type: string, listener: Listener) =>
      (listeners[type] ??= new Set()).add(listener),
    removeEventListener: (type: string, listener: Listener) =>
      listeners[type]?.delete(listener),
  };

  const close = (): void => {
    if (readyState != 3) {
      readyState = 3;
      dispatch('close');
    }
  };

  return {
    connection: connection as unknown as PartySocket,
    sent,
    get reconnects() {
      return reconnects;
    },
    open: () => {
      readyState = 1;
      dispatch('open');
    },
    close,
    deliver: (frame) => dispatch('message', {data: frame}),
    take: () => {
      const frames = sent.slice(taken);
      taken = sent.length;
      return frames.map((frame) => [frame[0]!, JSON.parse(frame.slice(1))]);
    },
    moveTo: (name) => {
      room = name;
    },
    getListenerCount: () =>
      Object.values(listeners).reduce((sum, {size}) => sum + size, 0),
  };
};
