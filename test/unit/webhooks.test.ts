/** A room that sends webhooks, on a clock that is moved by hand. */
import {Webhook as StandardWebhook} from 'standardwebhooks';
import {describe, expect, test} from 'vitest';
import {createReceiver} from '../support/webhook-receiver.js';
import {makeSecret, SECRET} from '../support/webhook-requests.js';
import {
  createWebhookWorld,
  respond,
  WEBHOOK_URL,
} from '../support/webhook-world.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Fails so many times, and then no more. */
const failTimes = (times: number, response: () => Response) => {
  let left = times;
  return () => (left-- > 0 ? response() : respond());
};

describe('a room with a webhook', () => {
  test('W10, W11: tells of what was committed within a second, from 0', async () => {
    const world = createWebhookWorld();
    await world.commit();
    await world.advance(400);
    await world.commit();
    await world.advance(599);
    expect(world.attempts).toEqual([]);
    await world.advance(1);
    expect(world.getRanges()).toEqual(['0-2']);
    await world.advance(DAY_MS);
    expect(world.attempts).toHaveLength(1);
    await world.commit();
    await world.advance(1_000);
    await world.commit();
    await world.advance(1_000);
    expect(world.getRanges()).toEqual(['0-2', '2-3', '3-4']);
    expect(world.alarm.at).toBe(null);
    expect(world.errors).toEqual([]);
  });

  test('W11: tells of every commit where there is no throttle', async () => {
    const world = createWebhookWorld({webhooks: {throttleMs: 0}});
    for (let n = 0; n < 3; n++) {
      await world.commit();
    }
    await world.advance(0);
    expect(world.getRanges()).toEqual(['0-1', '1-2', '2-3']);
  });

  test('W11: tells of many commits by several alarms', async () => {
    const world = createWebhookWorld({webhooks: {throttleMs: 0}});
    for (let n = 0; n < 50; n++) {
      await world.commit();
    }
    await world.advance(0);
    expect(world.getRanges()).toEqual(
      Array.from({length: 50}, (_, index) => `${index}-${index + 1}`),
    );
    expect(world.ringCount).toBe(3);
  });

  test('W10: tells from where it stood of what TinyBase has stored', async () => {
    const world = createWebhookWorld();
    await world.storage.put({hasStore: 1, vstored: 'by TinyBase'});
    await world.room.getContent();
    await world.advance(MINUTE_MS);
    expect(world.attempts).toEqual([]);
    await world.commit();
    await world.advance(MINUTE_MS);
    expect(world.getRanges()).toEqual(['0-1']);
  });

  test('W10: tells from where it stood of what it had before', async () => {
    const world = createWebhookWorld({webhooks: []});
    await world.commit();
    await world.commit();
    world.restart({webhooks: {}});
    await world.room.getContent();
    await world.advance(MINUTE_MS);
    expect(world.attempts).toEqual([]);
    await world.commit();
    await world.advance(MINUTE_MS);
    expect(world.getRanges()).toEqual(['2-3']);
  });

  test('W12: signs by Standard Webhooks, for its own receiver and others', async () => {
    const receiver = createReceiver();
    const world = createWebhookWorld({
      webhooks: {include: 'changes'},
      receiver: receiver.handle,
    });
    await world.commit({v: 'é\uFFFD[1]'});
    await world.advance(1_000);
    const {epoch} = await world.getPosition();
    expect(receiver.events).toEqual([
      {
        type: 'storeUpdated',
        timestamp: new Date(world.now - 1_000).toISOString(),
        data: {
          room: 'room',
          epoch,
          fromOffset: 0,
          toOffset: 1,
          changes: [{offset: 1, changes: [[{}, {v: 'é\uFFFD[1]'}, 1]]}],
        },
      },
    ]);
    const [{headers, body, url, init, id}] = world.attempts as any;
    expect(url).toBe(WEBHOOK_URL);
    expect([init.method, init.redirect]).toEqual(['POST', 'manual']);
    expect(headers.get('Content-Type')).toBe('application/json');
    expect(id).toMatch(new RegExp(`^${epoch}_1_[0-9a-f]{16}$`));
    expect(headers.get('webhook-timestamp')).toBe(`${world.now / 1_000}`);
    const signed = Object.fromEntries(headers);
    expect(new StandardWebhook(SECRET).verify(body, signed)).toEqual(
      JSON.parse(body),
    );
    expect(receiver.errors).toEqual([]);
  });

  test('W12: signs with both secrets while they are rotated', async () => {
    const secrets = [makeSecret(7), SECRET];
    const world = createWebhookWorld({webhooks: {secret: secrets}});
    await world.commit();
    await world.advance(1_000);
    const [{headers, body}] = world.attempts as any;
    expect(headers.get('webhook-signature').split(' ')).toHaveLength(2);
    for (const secret of secrets) {
      new StandardWebhook(secret).verify(body, Object.fromEntries(headers));
    }
  });

  test('W12: sends an event that fails again as it was, with time and signature anew', async () => {
    const world = createWebhookWorld({
      webhooks: {include: 'content'},
      receiver: failTimes(2, () => respond(500)),
    });
    await world.commit();
    await world.advance(1_000);
    await world.commit();
    await world.advance(20_000);
    expect(world.getRanges()).toEqual(['0-1', '0-1', '0-1', '1-2']);
    const [first, second, third, next] = world.attempts as any;
    expect([second.at - first.at, third.at - second.at]).toEqual([
      5_000, 10_000,
    ]);
    expect(next.at).toBe(third.at);
    for (const attempt of [second, third]) {
      expect([attempt.id, attempt.body]).toEqual([first.id, first.body]);
    }
    const getSigned = ({headers}: any) => [
      headers.get('webhook-timestamp'),
      headers.get('webhook-signature'),
    ];
    expect(getSigned(second)).not.toEqual(getSigned(first));
    expect(next.id).not.toBe(first.id);
    expect(next.event.data.content).toEqual([{}, {n: 2}]);
    expect(world.errors.map(String)).toEqual([
      'Error: The webhook to https://example.com was answered with 500.',
      'Error: The webhook to https://example.com was answered with 500.',
    ]);
  });

  test.each([
    ['a redirect', 302, /redirects are not followed/],
    ['a permanent redirect', 308, /redirects are not followed/],
    ['a refusal', 401, /answered with 401\./],
    ['not modified', 304, /answered with 304/],
    ['an error', 503, /answered with 503/],
  ])('W14: takes no %s for success', async (_, status, message) => {
    const world = createWebhookWorld({
      receiver: failTimes(1, () => respond(status, {Location: WEBHOOK_URL})),
    });
    await world.commit();
    await world.advance(1_000);
    expect(String(world.errors[0])).toMatch(message);
    await world.advance(5_000);
    expect(world.getRanges()).toEqual(['0-1', '0-1']);
  });

  test.each([200, 202, 204])('W14: takes %d for success', async (status) => {
    const world = createWebhookWorld({receiver: () => respond(status)});
    await world.commit();
    await world.advance(DAY_MS);
    expect(world.attempts).toHaveLength(1);
  });

  test('W14: waits 15 s for an answer, and while it does for nothing else', async () => {
    const world = createWebhookWorld({
      receiver: ({signal}) =>
        new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason)),
        ),
    });
    await world.commit();
    await world.advance(1_000);
    await world.commit();
    expect(await world.getPosition()).toMatchObject({offset: 2});
    await world.advance(14_999);
    expect(world.errors).toEqual([]);
    world.setReceiver(() => respond());
    await world.advance(1);
    expect(String(world.errors[0])).toMatch(/no answer within 15000 ms/);
    await world.advance(5_000);
    expect(world.getRanges()).toEqual(['0-1', '0-1', '1-2']);
    expect(world.attempts[1]!.at - world.attempts[0]!.at).toBe(20_000);
  });

  test('W14: takes a receiver for failed that does not even end then', async () => {
    const world = createWebhookWorld({receiver: () => new Promise(() => {})});
    await world.commit();
    await world.advance(1_000);
    world.setReceiver(() => respond());
    await world.advance(20_000);
    expect(world.getRanges()).toEqual(['0-1', '0-1']);
  });

  test('W14: waits as long as the receiver asks for', async () => {
    const world = createWebhookWorld({
      receiver: failTimes(1, () => respond(429, {'Retry-After': '100'})),
    });
    await world.commit();
    await world.advance(10 * MINUTE_MS);
    const [first, second] = world.attempts;
    expect(second!.at - first!.at).toBe(100_000);
  });

  test('W15: sends no more where nobody is there, until url or secret change', async () => {
    const world = createWebhookWorld({
      webhooks: {id: 'mine'},
      receiver: () => respond(410),
    });
    await world.commit();
    await world.advance(1_000);
    expect(String(world.errors[0])).toMatch(/410: it is sent no more/);
    for (let n = 0; n < 3; n++) {
      await world.commit();
      await world.advance(DAY_MS);
    }
    world.restart({webhooks: {id: 'mine', throttleMs: 0}});
    await world.commit();
    await world.advance(DAY_MS);
    expect(world.attempts).toHaveLength(1);
    expect(world.alarm.at).toBe(null);

    world.setReceiver(() => respond());
    world.restart({webhooks: {id: 'mine', url: `${WEBHOOK_URL}/new`}});
    await world.room.getContent();
    await world.advance(DAY_MS);
    expect(world.getRanges()).toEqual(['0-1', '0-1', '1-5']);
    const ids = world.attempts.map(({id}) => id);
    expect(ids[1]).toBe(ids[0]);
  });

  test('W16: stops after five days in an idle room, and begins with a commit', async () => {
    const world = createWebhookWorld({receiver: () => respond(500)});
    await world.commit();
    await world.advance(6 * DAY_MS);
    const {length} = world.attempts;
    expect(length).toBeGreaterThan(110);
    expect(length).toBeLessThan(140);
    expect(world.alarm.at).toBe(null);
    // No more for waking alone, either.
    world.restart();
    await world.room.getContent();
    await world.advance(6 * DAY_MS);
    expect(world.attempts).toHaveLength(length);

    await world.commit();
    await world.advance(1_000);
    expect(world.attempts).toHaveLength(length + 1);
    // An hour at least, however much is committed.
    await world.commit();
    await world.advance(59 * MINUTE_MS);
    expect(world.attempts).toHaveLength(length + 1);
    world.setReceiver(() => respond());
    await world.advance(MINUTE_MS);
    expect(world.getRanges(length + 1)).toEqual(['0-1', '1-3']);
  });

  test('W10: with several keeps each at its own pace', async () => {
    const world = createWebhookWorld({
      webhooks: [
        {url: 'https://fine.example/'},
        {url: 'https://down.example/', include: 'changes', throttleMs: 0},
      ],
      receiver: ({url}) => respond(url.includes('down') ? 500 : 204),
    });
    for (let n = 0; n < 3; n++) {
      await world.commit();
      await world.advance(MINUTE_MS);
    }
    const getRanges = (host: string) =>
      world
        .getRanges()
        .filter((_, index) => world.attempts[index]!.url.includes(host));
    expect(getRanges('fine')).toEqual(['0-1', '1-2', '2-3']);
    expect(new Set(getRanges('down'))).toEqual(new Set(['0-1']));
    world.setReceiver(() => respond());
    await world.advance(DAY_MS);
    expect(getRanges('down').slice(-3)).toEqual(['0-1', '1-2', '2-3']);
    const ids = world.attempts.map(({id, url}) => `${id} ${url}`);
    const byId = new Map(ids.map((id) => id.split(' ') as [string, string]));
    expect(new Set(ids).size).toBe(byId.size);
  });

  test('W10: sends one event at a time, whoever has the alarm ring', async () => {
    const world = createWebhookWorld({
      webhooks: {throttleMs: 0},
      receiver: () => new Promise(() => {}),
    });
    await world.commit();
    await world.advance(0);
    await world.commit();
    await world.ring();
    await world.advance(14_000);
    await world.ring();
    expect(world.getRanges()).toEqual(['0-1']);
    world.setReceiver(() => respond());
    await world.advance(MINUTE_MS);
    expect(world.getRanges()).toEqual(['0-1', '0-1', '1-2']);
  });

  test('W10: forgets a webhook that is taken out of the config', async () => {
    const world = createWebhookWorld({webhooks: [{}, {url: 'https://b.c/'}]});
    await world.commit();
    await world.advance(1_000);
    world.restart({webhooks: {}});
    await world.commit();
    await world.advance(1_000);
    world.restart({webhooks: [{}, {url: 'https://b.c/'}]});
    await world.commit();
    await world.advance(1_000);
    const ranges = world.getRanges();
    expect(ranges).toEqual(['0-1', '0-1', '1-2', '2-3', '2-3']);
  });
});

describe('what is due', () => {
  test('W17: is sent where the alarm was lost, when somebody comes', async () => {
    const world = createWebhookWorld();
    await world.commit();
    world.restart({losesAlarm: true});
    await world.advance(DAY_MS);
    expect(world.attempts).toEqual([]);
    await world.room.getContent();
    await world.advance(0);
    expect(world.getRanges()).toEqual(['0-1']);
  });

  test('W17: is known of a webhook that is new, from the first commit on', async () => {
    const world = createWebhookWorld();
    await world.commit();
    await world.advance(MINUTE_MS);
    const webhooks = [{}, {url: 'https://new.example/'}];
    world.restart({webhooks});
    await world.commit();
    world.restart({webhooks});
    await world.advance(MINUTE_MS);
    expect(world.getRanges().sort()).toEqual(['0-1', '1-2', '1-2']);
  });

  test('W17: is tried again when it was time, where the room has died', async () => {
    const world = createWebhookWorld({
      receiver: failTimes(1, () => respond(500, {'Retry-After': '600'})),
    });
    await world.commit();
    await world.advance(1_000);
    for (const losesAlarm of [false, true]) {
      world.restart({losesAlarm});
      await world.room.getContent();
      await world.advance(4 * MINUTE_MS);
    }
    expect(world.attempts).toHaveLength(1);
    await world.advance(2 * MINUTE_MS);
    expect(world.getRanges()).toEqual(['0-1', '0-1']);
    expect(world.attempts[1]!.at - world.attempts[0]!.at).toBe(600_000);
  });

  test('W17: waits for the id of the room, where nobody has told it yet', async () => {
    const world = createWebhookWorld({roomId: undefined});
    await world.commit();
    await world.advance(DAY_MS);
    expect(world.attempts).toEqual([]);
    world.setRoomId('late');
    world.sender.noteVisit();
    await world.advance(0);
    expect(world.attempts.map(({event}) => event.data.room)).toEqual(['late']);
    // From then on an alarm finds it in storage.
    await world.commit();
    world.restart();
    world.setRoomId(undefined);
    await world.advance(DAY_MS);
    expect(world.attempts.map(({event}) => event.data.room)).toEqual([
      'late',
      'late',
    ]);
  });

  test('W18: costs two keys an event, and three settings of the alarm', async () => {
    const world = createWebhookWorld();
    await world.commit();
    await world.advance(MINUTE_MS);
    world.storage.takePuts();
    const before = world.life.writeCount;
    for (let n = 0; n < 20; n++) {
      await world.commit();
    }
    await world.advance(MINUTE_MS);
    expect(world.getRanges()).toEqual(['0-1', '1-21']);
    const puts = world.storage.takePuts();
    expect(puts.filter((key) => key == '#tbpk:webhooks')).toHaveLength(2);
    // The rest are the log's, a key each.
    expect(world.life.writeCount - before).toBe(20 + 2 + 3);
  });

  test('W18: is nothing where there are no webhooks', async () => {
    const world = createWebhookWorld({webhooks: []});
    await world.commit();
    expect(world.alarm.at).toBe(null);
  });

  test('W18: is kept where storage fails, and the room with it', async () => {
    const world = createWebhookWorld();
    await world.commit();
    const {put} = world.life.storage;
    let failures = 0;
    world.life.storage.put = (...args: any[]) =>
      failures++ ? (put as any)(...args) : Promise.reject(new Error('full'));
    await world.room.room.apply([{}, {lost: 1}, 1]).catch(() => {});
    await world.advance(MINUTE_MS);
    expect(failures).toBeGreaterThan(1);
    expect(world.getRanges()).toEqual(['0-1']);
    await world.commit();
    await world.advance(MINUTE_MS);
    expect(world.getRanges()).toEqual(['0-1', '1-2']);
  });

  test('W17: outlives that the room cannot be read, however long', async () => {
    const world = createWebhookWorld();
    await world.commit();
    world.restart();
    const {storage} = world.life;
    const {list} = storage;
    storage.list = () => Promise.reject(new Error('out of order'));
    await world.advance(60 * MINUTE_MS);
    expect(world.attempts).toEqual([]);
    // The platform would have given up long ago.
    expect(world.ringCount).toBe(60);
    expect(world.errors).toEqual([]);
    storage.list = list;
    await world.advance(MINUTE_MS);
    expect(world.getRanges()).toEqual(['0-1']);
  });

  test('W18: is sent again where it could not be noted that it was', async () => {
    const world = createWebhookWorld();
    const {storage} = world.life;
    const {put} = storage;
    let puts = 0;
    storage.put = (entries: any) => {
      // The first is of the webhook itself, the second of what is sent.
      puts += '#tbpk:webhooks' in entries ? 1 : 0;
      return puts == 3 ? Promise.reject(new Error('full')) : put(entries);
    };
    await world.commit();
    await world.advance(2 * MINUTE_MS);
    expect(world.getRanges()).toEqual(['0-1', '0-1']);
    expect(world.attempts[1]!.id).toBe(world.attempts[0]!.id);
    expect(world.errors.map(String)).toEqual(['Error: full']);
    await world.commit();
    await world.advance(MINUTE_MS);
    expect(world.getRanges(2)).toEqual(['1-2']);
  });
});
