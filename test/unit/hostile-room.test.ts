/** What a hostile or broken room, or a proxy, sends a client. */
import fc from 'fast-check';
import {afterAll, describe, expect, test} from 'vitest';
import type {Content} from '../../src/protocol/changes.js';
import {applyToContent} from '../../src/protocol/content.js';
import {flatten, toText} from '../simulation/flat-content.js';
import {arbitraryChangesText} from '../support/arbitrary-frames.js';
import {
  createScriptedSession,
  type ScriptedSession,
} from '../support/scripted-session.js';
import {getRuns} from '../support/runs.js';

/** Others: `SEED=2 npx vitest run test/unit`. */
const SEED = Number(process.env.SEED ?? 1);

const FRAMES = getRuns('FRAMES', 10_000);
const MAX_STEPS = 60;
const STEPS_PER_RUN = 16;

let frameCount = 0;

const garbage = fc.oneof(
  fc.constantFrom('null', '0', '-1', '1e999', '1.5', '""', '"x"', 'true'),
  fc.constantFrom('[]', '{}', '[null]', '[[]]', '[{},{},1]', '9'.repeat(400)),
  fc.json({maxDepth: 3}),
);

const delta = fc.oneof(
  {weight: 3, arbitrary: arbitraryChangesText.map((text) => `[${text}]`)},
  {
    weight: 1,
    arbitrary: fc
      .tuple(arbitraryChangesText, arbitraryChangesText)
      .map((texts) => `[${texts.join()}]`),
  },
  {weight: 2, arbitrary: garbage},
);

const number = fc.oneof(fc.integer({min: -2, max: 30}).map(String), garbage);
const answer = fc.oneof(
  fc.constantFrom('[0]', '[1]', '[1,1]', '[1000000]', '[-1]', '["1"]'),
  garbage,
);

/** Frames with NONCE and MARK, for what the room would have there. */
const arbitraryFrame: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        number,
        delta,
        fc.oneof(
          answer.map((a) => `{"MARK":${a}}`),
          garbage,
        ),
      )
      .map((parts) => `c[${parts.join()}]`),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.oneof(fc.constant('1'), garbage),
        fc.oneof(fc.constantFrom('"NONCE"', '""'), garbage),
        fc.oneof(fc.constantFrom('"e"', '"f"', '""'), garbage),
        number,
        answer,
        delta,
        fc.oneof(fc.constant('"MARK"'), garbage),
      )
      .map((parts) => `w[${parts.join()}]`),
  },
  {weight: 2, arbitrary: arbitraryChangesText.map((text) => 's' + text)},
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...'wcsiohpf'), garbage)
      .map(([letter, text]) => letter + text),
  },
  {weight: 1, arbitrary: fc.string({unit: 'binary'})},
);

const arbitraryResponse = fc.record({
  status: fc.constantFrom(200, 200, 201, 205, 304, 401, 404, 500, 502),
  body: fc.oneof(
    fc.constantFrom(
      '',
      'null',
      '[]',
      '[1,2]',
      '["ab","cd"]',
      '<!doctype html>',
    ),
    fc.constantFrom('[[],[]]', '[{"t":1},{}]', '[{"t":{"r":null}},{}]', '{}'),
    fc.constantFrom('[{"t":{"r":{"c":1e999}}},{}]', '[{},{"v":"\uFFFD{"}]'),
    fc.json({maxDepth: 3}),
  ),
  etag: fc.oneof(
    fc.constant(undefined),
    fc.constantFrom('"e.1"', '"e.99999999999999999999999"', 'W/"e.0"', '".0"'),
    fc.constantFrom('"e.-1"', '"..."', '""', '"e.1.2"', 'e.1'),
  ),
});

type Step = (client: ScriptedSession) => unknown;

const describeStep = (text: string, step: Step): Step =>
  Object.assign(step, {[fc.toStringMethod]: () => text});

const arbitraryStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: arbitraryFrame.map((frame) =>
      describeStep(JSON.stringify(frame), ({socket, getHello}) => {
        frameCount++;
        const nonce = getHello()[2];
        socket.deliver(
          frame.replace('NONCE', nonce).replaceAll('MARK', `mark for ${nonce}`),
        );
      }),
    ),
  },
  {
    weight: 3,
    arbitrary: arbitraryResponse.map((response) =>
      describeStep(fc.stringify(response), async ({world}) => {
        const {status, body, etag} = response;
        await world.requests[0]?.answer(
          status == 304 ? 500 : status,
          body,
          etag,
        );
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constant(
      describeStep('the network fails', ({world}) =>
        world.requests[0]?.fail(new TypeError('Failed to fetch')),
      ),
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(100, 2_000, 70_000)
      .map((ms) => describeStep(`${ms} ms`, ({world}) => world.advance(ms))),
  },
  {
    weight: 1,
    arbitrary: fc.constant(
      describeStep('reconnect', ({socket}) => {
        socket.close();
        socket.open();
      }),
    ),
  },
);

/** A room that is sane again: answers all that the client asks as it should. */
const createSaneRoom = (client: ScriptedSession, content: Content) => {
  const {session, socket, world} = client;
  let offset = 1_000;
  let greeted = '';

  const answerRequests = async (): Promise<void> => {
    for (const {method, answer} of [...world.requests]) {
      await (method == 'PUT'
        ? answer(205)
        : answer(200, JSON.stringify(content), `"sane.${offset}"`));
    }
  };

  const answerHello = (): void => {
    const [, , nonce, epoch, at] = client.getHello();
    if (nonce != greeted) {
      greeted = nonce;
      const isUpToDate = epoch == 'sane' && at == offset;
      client.welcome({epoch: 'sane', offset, delta: isUpToDate ? [] : null});
    }
  };

  /** Accepts what was pushed; answers whether anything was said. */
  const answerPushes = (): boolean => {
    const sent = socket.take();
    for (const [letter, message] of sent) {
      if (letter == 'p') {
        applyToContent(content, message[1]);
        client.commit(++offset, 0, [message[0]]);
      }
    }
    return sent.length > 0;
  };

  return async (): Promise<void> => {
    socket.close();
    // What was sent until now, the other room got.
    socket.take();
    for (let i = 0, isQuiet = false; i < 60 && !isQuiet; i++) {
      if (socket.connection.readyState != 1) {
        socket.open();
      }
      await answerRequests();
      answerHello();
      isQuiet = !answerPushes() && session.getState() == 'synced';
      await world.advance(5_000);
    }
    expect(session.getState()).toBe('synced');
    expect(session.getPendingCount()).toBe(0);
    expect(toText(flatten(client.store.getContent()))).toBe(
      toText(flatten(content)),
    );
  };
};

afterAll(() => {
  console.log(`hostile frames to a client: ${frameCount}`);
});

describe('a client of a hostile room', () => {
  test(
    'F1, C1: throws nothing into the app, and is well when the room is',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(arbitraryStep, {maxLength: MAX_STEPS, size: 'max'}),
          async (steps) => {
            const client = createScriptedSession();
            await client.start([{t: {r: {c: 1}}}, {}], 1);
            client.store.setValue('mine', 1);
            for (const step of steps) {
              await step(client);
            }
            const content: Content = [{t: {r: {c: 2}}}, {}];
            const recover = createSaneRoom(client, content);
            await recover();
            client.store.setValue('last', true);
            await recover();
            expect(content[1].last).toBe(true);
            client.session.destroy();
          },
        ),
        {seed: SEED, numRuns: Math.ceil(FRAMES / STEPS_PER_RUN)},
      );
    },
    30_000 + FRAMES * 10,
  );
});
