import {createStore} from 'tinybase';
import {createPartyKitPersister} from 'tinybase-partykit/client';
import {
  hasStoreInStorage,
  loadStoreFromStorage,
  TinyBasePartyKitServer,
} from 'tinybase-partykit/server';
import {
  afterEach,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from 'vitest';
import {expectSoon} from '../support/expect-soon.js';
import {MAX_UNREAD_LENGTH} from '../../src/protocol/limits.js';
import {createFakeParty, type FakePartyOptions} from '../support/fake-party.js';
import {createMemoryStorage} from '../support/memory-storage.js';

afterEach(() => {
  vi.unstubAllGlobals();
});

describe.each([
  ['all of the platform', false],
  ['the least that TinyBase itself needs', true],
])('two clients with %s', (_, minimal) => {
  const createClients = async (options: FakePartyOptions = {}) => {
    const party = createFakeParty(TinyBasePartyKitServer, {
      minimal,
      ...options,
    });
    vi.stubGlobal('fetch', party.fetch);
    const createClient = async (initial?: any) => {
      const store = createStore();
      const errors: unknown[] = [];
      const persister = createPartyKitPersister(
        store,
        party.createSocket(),
        'http',
        (error) => errors.push(error),
      );
      onTestFinished(async () => void (await persister.destroy()));
      await persister.startAutoPersisting(initial);
      return {store, persister, errors};
    };
    const a = await createClient([{t: {r: {c: 1, e: 1}}}, {}]);
    const b = await createClient();
    return {party, a, b};
  };

  test('sync', async () => {
    const {party, a, b} = await createClients();
    await expectSoon(() =>
      expect(b.store.getTables()).toEqual({t: {r: {c: 1, e: 1}}}),
    );
    a.store.setCell('t', 'r', 'd', [1]).setValue('v', 'a');
    b.store.setCell('t', 's', 'c', null).delCell('t', 'r', 'c');
    const content = [{t: {r: {d: [1], e: 1}, s: {c: null}}}, {v: 'a'}];
    await expectSoon(() => {
      expect(a.store.getContent()).toEqual(content);
      expect(b.store.getContent()).toEqual(content);
      expect(a.persister.getPendingCount()).toBe(0);
      expect(b.persister.getPendingCount()).toBe(0);
    });
    expect(await loadStoreFromStorage(party.party.storage)).toEqual(content);
    expect([a.errors, b.errors]).toEqual([[], []]);
  });

  test('A4: go on when much has been told', async () => {
    const {a, b} = await createClients();
    const length = 250_000;
    const count = Math.ceil(MAX_UNREAD_LENGTH / length) + 3;
    for (let n = 1; n <= count; n++) {
      a.store.setValue('v', 'x'.repeat(length) + n);
      await expectSoon(() =>
        expect(b.store.getValue('v') === 'x'.repeat(length) + n).toBe(true),
      );
    }
    expect([a.errors, b.errors]).toEqual([[], []]);
  });

  test('agree on what they wrote at once', async () => {
    const {a, b} = await createClients();
    for (let round = 0; round < 20; round++) {
      a.store.setValue('v', `a${round}`);
      b.store.setValue('v', `b${round}`);
    }
    await expectSoon(() => {
      expect(a.persister.getPendingCount()).toBe(0);
      expect(b.persister.getPendingCount()).toBe(0);
      expect(a.store.getValue('v')).toBe(b.store.getValue('v'));
    });
  });

  test('see what the other alone writes', async () => {
    const {a, b} = await createClients();
    a.store.setValue('v', 1);
    await expectSoon(() => expect(b.store.getValue('v')).toBe(1));
    b.store.setValue('v', 2);
    await expectSoon(() => expect(a.store.getValue('v')).toBe(2));
  });

  test('go on where the room has slept', async () => {
    const {party, a, b} = await createClients();
    await expectSoon(() => expect(a.persister.getPendingCount()).toBe(0));
    party.wake();
    a.store.setValue('v', 1);
    await expectSoon(() => expect(b.store.getValue('v')).toBe(1));
    b.store.setValue('v', 2);
    await expectSoon(() => expect(a.store.getValue('v')).toBe(2));
  });

  test('share a room that TinyBase has stored', async () => {
    const storage = createMemoryStorage([
      ['hasStore', 1],
      ['t"t","r","c"', 'stored'],
      ['vw', '\uFFFD[1]'],
    ]);
    const {a, b} = await createClients({storage});
    const content = [{t: {r: {c: 'stored'}}}, {w: [1]}];
    await expectSoon(() => {
      expect(a.store.getContent()).toEqual(content);
      expect(b.store.getContent()).toEqual(content);
    });
  });
});

describe('a room that sleeps', () => {
  /** As workerd keeps an attachment with each socket. */
  const attachments = new WeakMap<object, unknown>();
  let maxLength = 2_048;

  beforeEach(() => {
    maxLength = 2_048;
    vi.stubGlobal(
      'WebSocket',
      class {
        deserializeAttachment(): unknown {
          return structuredClone(attachments.get(this));
        }
        serializeAttachment(attachment: unknown): void {
          if (JSON.stringify(attachment).length > maxLength) {
            throw new RangeError('The attachment is too large');
          }
          attachments.set(this, structuredClone(attachment));
        }
      },
    );
  });

  const createSleeper = async () => {
    const party = createFakeParty(TinyBasePartyKitServer);
    await party.request('PUT', '/store', '[{},{}]');
    const etag = (await party.request('GET', '/store')).headers.get('ETag')!;
    const [, epoch, offset] = /"(\w+)\.(\d+)"/.exec(etag)!;
    const client = party.connect();
    attachments.set(client.connection, {__pk: {id: 'id'}, app: 'state'});
    const say = (frame: string) =>
      party.server.onMessage(frame, client.connection);
    const greet = () => say(`h[1,"c","m","${epoch}",${offset}]`);
    return {party, client, say, greet};
  };

  test('J6: knows a connection again, beside what others attached', async () => {
    const {party, client, say, greet} = await createSleeper();
    await greet();
    expect(attachments.get(client.connection)).toMatchObject({
      __pk: {id: 'id'},
      app: 'state',
    });
    party.wake();
    await say('p[1,[{},{"v":1},1]]');
    expect(client.received.at(-1)).toMatch(/^c\[2,0,\{"\w+":\[1\]\}\]$/);
  });

  test('J6: asks for a hello where there was no room to attach it', async () => {
    maxLength = 10;
    const {party, client, say, greet} = await createSleeper();
    await greet();
    await say('p[1,[{},{"v":1},1]]');
    expect(client.received.at(-1)).toMatch(/^c\[2,0,\{"\w+":\[1\]\}\]$/);
    party.wake();
    await say('p[2,[{},{"v":2},1]]');
    expect(client.received.at(-1)).toBe('w[1,""]');
    await greet();
    await say('p[2,[{},{"v":2},1]]');
    expect(client.received.at(-1)).toMatch(/^c\[3,0,\{"\w+":\[2\]\}\]$/);
  });
});

describe('the content in storage', () => {
  const asTinyBase = (prefix: string): [string, unknown][] => [
    [`${prefix}hasStore`, 1],
    [`${prefix}t"t","r","c"`, '\uFFFD{"a":1}'],
    [`${prefix}vv`, 'value'],
  ];
  const CONTENT = [{t: {r: {c: {a: 1}}}}, {v: 'value'}];

  test.each(['', 'room/'])('is none, with prefix "%s"', async (prefix) => {
    const storage: any = createMemoryStorage([['app', 1]]);
    expect(await hasStoreInStorage(storage, prefix)).toBe(false);
    expect(await loadStoreFromStorage(storage, prefix)).toEqual([{}, {}]);
  });

  test.each(['', 'room/'])(
    'S5: is read as TinyBase stored it, with prefix "%s"',
    async (prefix) => {
      const storage: any = createMemoryStorage(asTinyBase(prefix));
      const before = storage.getEntries();
      expect(await hasStoreInStorage(storage, prefix)).toBe(true);
      expect(await loadStoreFromStorage(storage, prefix)).toEqual(CONTENT);
      expect(storage.getEntries()).toEqual(before);
      expect(await hasStoreInStorage(storage, 'other/')).toBe(false);
    },
  );

  test.each(['', 'room/'])(
    'S4: is read as the room stored it, with prefix "%s"',
    async (prefix) => {
      const storage = createMemoryStorage();
      const party = createFakeParty(TinyBasePartyKitServer, {storage});
      party.server.config.storagePrefix = prefix;
      await party.request('PUT', '/store', '[{},{"v":"value"}]');
      const {connection} = party.connect();
      await party.server.onMessage(
        's[{"t":{"r":{"c":"\uFFFD{\\"a\\":1}"}}},{},1]',
        connection,
      );
      expect(await hasStoreInStorage(storage as any, prefix)).toBe(true);
      expect(await loadStoreFromStorage(storage as any, prefix)).toEqual(
        CONTENT,
      );
      expect(await hasStoreInStorage(storage as any, 'other/')).toBe(false);
    },
  );
});
