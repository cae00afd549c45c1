/** A room by HTTP, as those see it who only read, and as back ends write to it. */
import type {Changes} from 'tinybase';
import {encodeChanges, parseStoreContent} from '../protocol/decoded-changes.js';
import {encodePlace, parseEtag} from '../protocol/place.js';
import {Deadline} from './deadline.js';
import {ANSWER_MS, MAX_ERROR_UNITS, MAX_EVENT_UNITS} from './limits.js';
import {readText} from './read-text.js';
import {type KnownAddress, redactUrl} from './room-address.js';
import {parseCommit, type Whole} from './room-events.js';
import type {Commit, Position} from './sink.js';

/** A room has answered otherwise than hoped for. */
export class RoomError extends Error {
  override readonly name = 'RoomError';

  constructor(
    message: string,
    /** Of the response. */
    readonly status: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const REMEDIES: {[status: number]: string} = {
  401: 'give the token that its onBeforeRequest wants, in headers or in the URL',
  403: 'give the token that its onBeforeRequest wants, in headers or in the URL',
  404: 'the URL is that of the Store, storePath included: …/parties/PARTY/ROOM/store',
  405: 'the room takes no PATCH: see allowPatch in its config',
  406: 'the room has no live feed: see feed in its config',
};

/** What became of changes that were sent. */
export type PatchAnswer =
  | {
      kind: 'taken';
      position: Position;
      /** Where some of it was not: what the room says to that. */
      refused?: RoomError;
    }
  | {kind: 'refused'; why: RoomError};

type HistoryPage = {
  commits: (Commit | undefined)[];
  next: URL | undefined;
  status: number;
};

export class RoomHttp {
  readonly #address: KnownAddress;
  readonly #fetch: typeof fetch;
  #hasNoHistory = false;

  constructor(address: KnownAddress, fetchGiven?: typeof fetch) {
    this.#address = address;
    this.#fetch = fetchGiven ?? ((input, init) => fetch(input, init));
  }

  /** Whether the room tells nothing of the past, as far as it was asked. */
  get hasNoHistory(): boolean {
    return this.#hasNoHistory;
  }

  get #name(): string {
    return redactUrl(this.#address.url);
  }

  /** The response of the live feed, with what was missed since a place. */
  async openFeed(
    since: Position | undefined,
    signal: AbortSignal,
  ): Promise<Response> {
    const headers = {
      Accept: 'text/event-stream',
      ...(since ? {'Last-Event-ID': encodePlace(since)} : {}),
    };
    const read = async (response: Response): Promise<Response> => {
      await this.#demand(response);
      const type = response.headers.get('Content-Type') ?? '';
      if (!type.startsWith('text/event-stream') || !response.body) {
        void response.body?.cancel().catch(() => {});
        throw new RoomError(
          `${this.#name} answers with ${type || 'nothing'}, not with a live feed: ` +
            'is that the URL of a Store, in a room of tinybase-partykit?',
          response.status,
        );
      }
      return response;
    };
    return await this.#ask(this.#address.url, {init: {headers}, signal, read});
  }

  /** All of the Store; undefined where the room has none. */
  async readContent(signal?: AbortSignal): Promise<Whole | undefined> {
    const init = {headers: {Accept: 'application/json'}};
    const read = async (response: Response): Promise<Whole | undefined> => {
      await this.#demand(response);
      const text = await this.#readText(response);
      if (!text) {
        return undefined;
      }
      const position = parseEtag(response.headers.get('ETag'));
      const content = parseStoreContent(this.#parseJson(text));
      if (!position?.epoch || !content) {
        throw new RoomError(
          `${this.#name} has answered with what is no content of a Store with an ` +
            'ETag: is that the URL of a Store, in a room of tinybase-partykit?',
          response.status,
        );
      }
      return {...position, content};
    };
    return await this.#ask(this.#address.url, {init, signal, read});
  }

  /**
   * The commits since a place, page by page, each by itself. It ends with what the
   * room has when it is asked; it answers `gone` where the room does not tell all.
   */
  async *readHistory(
    since: Position,
    signal?: AbortSignal,
  ): AsyncGenerator<Commit[] | 'gone'> {
    let url: URL | undefined = new URL(this.#address.url);
    url.searchParams.set('since', encodePlace(since));
    url.searchParams.set('limit', '1000');
    let last = since.offset;
    while (url) {
      const page: HistoryPage | 'gone' = await this.#readPage(url, signal);
      if (page == 'gone') {
        yield 'gone';
        return;
      }
      const {commits, next, status} = page;
      for (const commit of commits) {
        if (commit?.epoch !== since.epoch || commit.after !== last) {
          throw new RoomError(
            `The history of ${this.#name} does not follow on ${last}.`,
            status,
          );
        }
        last = commit.offset;
      }
      if (commits.length) {
        yield commits as Commit[];
      } else if (next) {
        throw new RoomError(
          `The history of ${this.#name} goes on after ${last} with nothing.`,
          status,
        );
      }
      url = next;
    }
  }

  #readPage(
    url: URL,
    signal: AbortSignal | undefined,
  ): Promise<HistoryPage | 'gone'> {
    const init = {headers: {Accept: 'application/x-ndjson'}};
    const read = async (response: Response): Promise<HistoryPage | 'gone'> => {
      const {status} = response;
      if (status == 410) {
        void response.body?.cancel().catch(() => {});
        return 'gone';
      }
      await this.#demand(response);
      const lines = (await this.#readText(response))
        .split('\n')
        .filter(Boolean);
      const values = lines.map((line) => this.#parseJson(line));
      if (values.some((value) => Array.isArray(value))) {
        // The content: a room that tells no history passes `since` by (V10).
        this.#hasNoHistory = true;
        return 'gone';
      }
      this.#hasNoHistory = false;
      const link = response.headers.get('Link') ?? '';
      const [, text] = /<([^>]*)>; *rel="next"/.exec(link) ?? [];
      const next = text === undefined ? undefined : new URL(text, url);
      if (next && next.origin != url.origin) {
        // It would be sent our token.
        throw new RoomError(
          `${this.#name} has the next page of its history at ${next.origin}, ` +
            'which is not where it is itself.',
          status,
        );
      }
      return {
        commits: values.map((value) => parseCommit(value)),
        next,
        status,
      };
    };
    return this.#ask(url, {init, signal, read});
  }

  /**
   * Sends changes that are taken once, however often they come with this key.
   *
   * @throws RoomError, or what fetch has thrown, where it is open whether they are.
   */
  async patch(
    changes: Changes,
    key: string,
    signal?: AbortSignal,
  ): Promise<PatchAnswer> {
    const init = {
      method: 'PATCH',
      headers: {
        'Content-Type': 'application/json',
        'Idempotency-Key': key,
      },
      body: JSON.stringify(encodeChanges(changes)),
    };
    const read = async (response: Response): Promise<PatchAnswer> => {
      const text = await this.#readText(response);
      const {status} = response;
      if (response.ok) {
        const {epoch, offset, refused} = (this.#parseJson(text) ??
          {}) as Position & {refused?: unknown};
        if (typeof epoch == 'string' && Number.isSafeInteger(offset)) {
          return {
            kind: 'taken',
            position: {epoch, offset},
            ...(refused === true
              ? {refused: this.#createError(status, text)}
              : {}),
          };
        }
        throw this.#createError(status, text);
      }
      const error = this.#createError(status, text);
      // Otherwise it is the app that forbids it, to who comes with this token.
      const isOfRoom =
        /"title":"(Refused|Malformed changes|Content too large)"/;
      if ([400, 403, 413].includes(status) && isOfRoom.test(text)) {
        return {kind: 'refused', why: error};
      }
      throw error;
    };
    return await this.#ask(this.#address.url, {init, signal, read});
  }

  /** Asks, and reads the answer, in time. */
  async #ask<Result>(
    url: URL,
    {
      init,
      signal,
      read,
    }: {
      init: RequestInit;
      signal: AbortSignal | undefined;
      read: (response: Response) => Promise<Result>;
    },
  ): Promise<Result> {
    const deadline = new Deadline(ANSWER_MS, {
      outer: signal,
      message: `${this.#name} has not answered within ${ANSWER_MS} ms.`,
    });
    try {
      return await deadline.race(async () =>
        read(await this.#request(url, {...init, signal: deadline.signal})),
      );
    } finally {
      deadline.release();
    }
  }

  async #request(url: URL, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    for (const given of this.#address.headers) {
      const more = typeof given == 'function' ? await given() : given;
      new Headers(more).forEach((value, name) => headers.set(name, value));
    }
    let response: Response;
    try {
      response = await this.#fetch(url, {...init, headers});
    } catch (error) {
      throw new Error(`${this.#name} cannot be reached.`, {cause: error});
    }
    if (init.signal?.aborted) {
      // Nobody waits any more, and this `fetch` does not look at the signal.
      void response.body?.cancel().catch(() => {});
      init.signal.throwIfAborted();
    }
    return response;
  }

  async #readText(response: Response): Promise<string> {
    const {text, isWhole} = await readText(response, MAX_EVENT_UNITS);
    if (!isWhole) {
      throw new RoomError(
        `${this.#name} has answered with more than ${MAX_EVENT_UNITS} bytes.`,
        response.status,
      );
    }
    return text;
  }

  #parseJson(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch {
      throw new Error(`${this.#name} has answered with what is no JSON.`);
    }
  }

  async #demand(response: Response): Promise<void> {
    if (!response.ok) {
      const {text} = await readText(response, MAX_ERROR_UNITS).catch(() => ({
        text: '',
      }));
      throw this.#createError(response.status, text);
    }
  }

  #createError(status: number, text: string): RoomError {
    const remedy = REMEDIES[status] ? `: ${REMEDIES[status]}` : '';
    const said = text ? ` It says: ${text.slice(0, 500)}` : '';
    return new RoomError(
      `${this.#name} answers ${status}${remedy}.${said}`,
      status,
    );
  }
}
