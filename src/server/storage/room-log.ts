/**
 * What a room keeps in storage: a head, a snapshot in pieces, the log of
 * commits after it (and some before), and which pushes of whom were answered.
 * docs/protocol.md describes the layout.
 */
import type {Content} from '../../protocol/changes.js';
import {applyToContent} from '../../protocol/content.js';
import type {DeltaList} from '../../protocol/delta.js';
import {
  MAX_REMEMBERED_REFUSALS,
  MIN_COMPACTION_LENGTH,
  getRoomLimits,
  type RoomLimits,
} from '../../protocol/limits.js';
import type {Answer} from '../../protocol/messages.js';
import {
  type KeyValueStorage,
  readKeys,
  writeKeys,
} from './key-value-storage.js';
import {readLegacyLayout} from './legacy-layout.js';
import {cutText, encodeText, joinBytes, joinText} from './pieces.js';

type Head = {
  version: 1;
  epoch: string;
  /** Offset and text length of the snapshot. */
  offset: number;
  length: number;
  generation: number;
  pieces: number;
  /** From this offset on the log is complete. */
  tail: number;
};

export type Clients = Map<string, Answer>;

/** One turn's commit: its delta, what it answers, the log's length with it. */
type Entry = [
  delta: DeltaList,
  clients: {[clientId: string]: Answer},
  length: number,
];

/** Notes an answer as a client's latest, besides what was refused before. */
export const addAnswer = (
  clients: Clients,
  clientId: string,
  [mutationId, ...refusedIds]: Answer,
  maxClients = Infinity,
): void => {
  const [last, ...earlierIds] = clients.get(clientId) ?? [0];
  clients.delete(clientId);
  clients.set(clientId, [
    Math.max(last, mutationId),
    ...[...new Set([...earlierIds, ...refusedIds])].slice(
      -MAX_REMEMBERED_REFUSALS,
    ),
  ]);
  if (clients.size > maxClients) {
    clients.delete(clients.keys().next().value!);
  }
};

const LAYOUT = '#tbpk:';
const OFFSET_DIGITS = 12;

export class RoomLog {
  epoch = '';
  offset = 0;
  #head: Head | undefined;
  /** Length of the entries since the snapshot. */
  #length = 0;
  readonly #storage: KeyValueStorage;
  readonly #prefix: string;
  readonly #layout: string;
  readonly #limits: RoomLimits;

  constructor(
    storage: KeyValueStorage,
    prefix: string,
    limits = getRoomLimits(),
  ) {
    this.#limits = limits;
    this.#storage = storage;
    this.#prefix = prefix;
    this.#layout = prefix + LAYOUT;
  }

  /**
   * Finds where the room stands. What TinyBase's server half has stored is taken
   * over on the way, unless `readOnly`: then its content is returned.
   */
  async open(
    createEpoch: () => string,
    readOnly = false,
  ): Promise<Content | undefined> {
    // Both at once: a room that wakes keeps its first client waiting for this.
    const [head, newest] = await Promise.all([
      this.#storage.get(this.#layout + 'head'),
      this.#storage.list({
        prefix: this.#layout + 'l:',
        reverse: true,
        limit: 1,
      }),
    ]);
    this.#head = head as Head | undefined;
    if (!this.#head) {
      const legacy = await readLegacyLayout(this.#storage, this.#prefix);
      if (legacy && !readOnly) {
        this.epoch = createEpoch();
        await this.snapshot(
          JSON.stringify(legacy.content),
          new Map(),
          legacy.keys,
        );
      }
      return legacy?.content;
    }
    this.epoch = this.#head.epoch;
    this.offset = this.#head.offset;
    const key = [...newest.keys()].sort().at(-1);
    if (key && this.#parseOffset(key) > this.offset) {
      this.offset = this.#parseOffset(key);
      if (key == this.#getLogKey(this.offset)) {
        const entry: Entry = JSON.parse(joinText([newest.get(key)]));
        [, , this.#length] = entry;
      } else {
        // In pieces, of which this is the last.
        for await (const [, [, , length]] of this.#readEntries(
          this.offset - 1,
        )) {
          this.#length = length;
        }
      }
    }
    return undefined;
  }

  /** Adds a commit; resolves when it is durable. */
  async append(
    offset: number,
    deltaText: string,
    clients: {[clientId: string]: Answer},
  ): Promise<void> {
    const clientsText = JSON.stringify(clients);
    this.#length += deltaText.length + clientsText.length;
    this.offset = offset;
    const pieces = cutText(`[${deltaText},${clientsText},${this.#length}]`);
    const key = this.#getLogKey(offset);
    await writeKeys(
      this.#storage,
      pieces.map((piece, index) => [
        pieces.length > 1 ? `${key}:${String(index).padStart(3, '0')}` : key,
        piece,
      ]),
    );
  }

  /** Whether the log has outgrown the snapshot. */
  needsSnapshot(): boolean {
    return (
      this.#length > Math.max(this.#head?.length ?? 0, MIN_COMPACTION_LENGTH)
    );
  }

  /** Deltas after an offset, or undefined where the log does not reach back. */
  async readSince(offset: number): Promise<DeltaList[] | undefined> {
    if (
      !Number.isInteger(offset) ||
      offset > this.offset ||
      offset < (this.#head?.tail ?? Infinity)
    ) {
      return undefined;
    }
    const deltas: DeltaList[] = [];
    if (offset < this.offset) {
      let length = 0;
      for await (const [, [delta], text] of this.#readEntries(offset)) {
        deltas.push(delta);
        length += text.length;
        if (length > this.#maxCatchUpLength) {
          return undefined;
        }
      }
    }
    return deltas;
  }

  /** The content as stored. */
  async readContent(): Promise<Content> {
    const {generation, offset} = this.#head!;
    const content: Content = JSON.parse(
      joinText(await this.#readPieces('s', generation)),
    );
    for await (const [, [delta]] of this.#readEntries(offset)) {
      delta.forEach((changes) => applyToContent(content, changes));
    }
    return content;
  }

  /** The content's JSON as stored, in UTF-8. */
  async readBytes(): Promise<Uint8Array> {
    const {generation, offset} = this.#head!;
    return offset == this.offset
      ? joinBytes(await this.#readPieces('s', generation))
      : encodeText(JSON.stringify(await this.readContent()));
  }

  /** Which pushes were answered, the most recent writers last. */
  async readClients(): Promise<Clients> {
    const clients: Clients = new Map();
    if (this.#head) {
      const {generation, offset} = this.#head;
      const pieces = await this.#readPieces('c', generation);
      for (const [clientId, answer] of JSON.parse(joinText(pieces))) {
        clients.set(clientId, answer);
      }
      for await (const [, [, answers]] of this.#readEntries(offset)) {
        for (const [clientId, answer] of Object.entries(answers)) {
          addAnswer(clients, clientId, answer, this.#limits.maxClients);
        }
      }
    }
    return clients;
  }

  /**
   * Stores the content at the current offset, and lets go of what is no longer
   * needed, all at once. Resolves when it is durable.
   */
  async snapshot(
    contentText: string,
    clients: Clients,
    deletes: string[] = [],
  ): Promise<void> {
    const old = this.#head;
    const generation = (old?.generation ?? 0) + 1;
    const pieces = cutText(contentText);
    const clientsText = JSON.stringify(
      [...clients].slice(-this.#limits.maxClients),
    );
    // The log since the last snapshot stays for catching up, within bounds.
    const tail =
      old && this.#length <= this.#limits.maxCatchUpLength
        ? old.offset
        : this.offset;
    const head: Head = {
      version: 1,
      epoch: this.epoch,
      offset: this.offset,
      length: contentText.length,
      generation,
      pieces: pieces.length,
      tail,
    };
    if (old) {
      for (const area of ['s', 'c']) {
        for await (const [key] of readKeys(
          this.#storage,
          `${this.#layout}${area}:${old.generation}:`,
        )) {
          deletes.push(key);
        }
      }
      for await (const [key] of readKeys(this.#storage, this.#layout + 'l:')) {
        if (this.#parseOffset(key) > tail) {
          break;
        }
        deletes.push(key);
      }
    }
    const puts: [string, unknown][] = [[this.#layout + 'head', head]];
    const addPieces = (area: string, values: unknown[]) =>
      values.forEach((value, index) =>
        puts.push([
          `${this.#layout}${area}:${generation}:${String(index).padStart(4, '0')}`,
          value,
        ]),
      );
    addPieces('s', pieces);
    addPieces('c', cutText(clientsText));
    await writeKeys(this.#storage, puts, deletes);
    this.#head = head;
    this.#length = 0;
  }

  /** Of a large content half of it is still cheaper than the whole. */
  get #maxCatchUpLength(): number {
    return Math.max(this.#limits.maxCatchUpLength, this.#head!.length / 2);
  }

  #getLogKey(offset: number): string {
    return `${this.#layout}l:${String(offset).padStart(OFFSET_DIGITS, '0')}`;
  }

  #parseOffset(key: string): number {
    const start = this.#layout.length + 2;
    return +key.slice(start, start + OFFSET_DIGITS);
  }

  async #readPieces(area: 's' | 'c', generation: number): Promise<unknown[]> {
    const pieces: unknown[] = [];
    for await (const [, piece] of readKeys(
      this.#storage,
      `${this.#layout}${area}:${generation}:`,
    )) {
      pieces.push(piece);
    }
    return pieces;
  }

  async *#readEntries(
    after: number,
  ): AsyncGenerator<[offset: number, entry: Entry, text: string]> {
    let offset = 0;
    let pieces: unknown[] = [];
    const finish = (): [number, Entry, string] => {
      const text = joinText(pieces);
      return [offset, JSON.parse(text), text];
    };
    for await (const [key, piece] of readKeys(
      this.#storage,
      this.#layout + 'l:',
      // After the last piece of that offset.
      this.#getLogKey(after) + ';',
    )) {
      const keyOffset = this.#parseOffset(key);
      if (keyOffset != offset && pieces.length) {
        yield finish();
        pieces = [];
      }
      offset = keyOffset;
      pieces.push(piece);
    }
    if (pieces.length) {
      yield finish();
    }
  }
}
