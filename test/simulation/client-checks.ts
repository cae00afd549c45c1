/** What a client must show, held against the truth and what it wrote. */
import {AnswerChecks, stringifyChanges} from './answer-checks.js';
import {
  applyToFlat,
  describeDifference,
  flatten,
  toText,
} from './flat-content.js';
import type {SimClient} from './sim-client.js';
import {getTokens} from './tokens.js';

export class ClientChecks {
  readonly answers: AnswerChecks;
  #transactions = 0;
  #isDirty = true;
  /** A welcome has told it where it is. */
  #isWelcomed = false;

  constructor(readonly client: SimClient) {
    this.answers = new AnswerChecks(client);
    // G6: a frame is one transaction at most.
    client.socket.addEventListener('message', ({data}: {data: string}) => {
      const before = this.#transactions;
      this.#isWelcomed ||= data[0] == 'w' && !!JSON.parse(data.slice(1))[2];
      queueMicrotask(() => {
        const count = this.#transactions - before;
        this.#expect(
          count <= 1,
          'G6',
          `shows a frame in ${count} transactions`,
        );
      });
    });
  }

  onMove(): void {
    this.answers.hasMoved = true;
    this.#isWelcomed = false;
  }

  #expect(holds: boolean, guarantee: string, message: string): void {
    const {world, name} = this.client;
    world.expect(holds, guarantee, () => `${name} ${message}`);
  }

  onTransaction(): void {
    const {world, name, store, persister, isWriting} = this.client;
    const changes: any = store.getTransactionChanges();
    if (!Object.keys(changes[0]).length && !Object.keys(changes[1]).length) {
      return;
    }
    this.#isDirty = true;
    const text = stringifyChanges(changes);
    world.note(name, isWriting ? 'writes' : 'shows', text);
    if (!isWriting) {
      this.#transactions++;
      for (const token of getTokens(text)) {
        this.#expect(
          token.startsWith(`${name}#`) ||
            world.profile.legacyRoom ||
            world.durableTokens.has(token),
          'G5',
          `shows ${token}, which is not durable`,
        );
      }
    } else if (persister.isAutoSaving()) {
      this.answers.add(text);
    }
  }

  /** After each step. */
  check(): void {
    const {answers, client} = this;
    const {persister, socket, ledger, store, isToggled} = client;
    this.#expect(
      !socket.waitingCount,
      'G2',
      'sent on a socket that is not open',
    );
    if (!this.#isDirty || isToggled || answers.isLoose) {
      return;
    }
    this.#isDirty = false;
    const shown = flatten(store.getContent());
    const pending = answers.getPending(persister.getPendingCount());
    if (pending.length) {
      // G4: pending writes show, whatever has arrived.
      const expected = new Map(shown);
      pending.forEach((changes) => applyToFlat(expected, changes));
      const difference = describeDifference(shown, expected);
      this.#expect(!difference, 'G4', `shows ${difference}`);
    } else if (this.#isWelcomed && persister.getSyncState() == 'synced') {
      // G4: without, it shows what was the truth at some time.
      this.#expect(
        ledger.texts.has(toText(shown)),
        'G4',
        `shows what never was: ${describeDifference(shown, ledger.flat)}`,
      );
    }
  }

  onError(error: any): void {
    const {client} = this;
    const {world, name} = client;
    world.note(name, 'is told', error?.name ?? error?.status, error?.message);
    client.react();
    if (error?.name == 'RefusedError' || error?.name == 'LostError') {
      world.count(error.name, error.changes.length);
      error.changes.forEach((changes: unknown) => this.answers.tell(changes));
    } else if (error?.message != 'fetch failed' && error?.status != 503) {
      world.fail('G7', `${name} is told ${error?.stack ?? error}`);
    }
  }
}
