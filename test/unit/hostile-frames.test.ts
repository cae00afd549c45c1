/** What hostile and broken peers send over the WebSocket, by the thousand. */
import fc from 'fast-check';
import {afterAll, describe, expect, test} from 'vitest';
import {arbitraryFrame, HOSTILE_CLIENTS} from '../support/arbitrary-frames.js';
import {
  createHostileScene,
  type HostileScene,
} from '../support/hostile-scene.js';
import type {MemoryRoomOptions} from '../support/memory-room.js';
import {getRuns} from '../support/runs.js';

/** Others: `SEED=2 npx vitest run test/unit`. */
const SEED = Number(process.env.SEED ?? 1);

const FRAMES = getRuns('FRAMES', 10_000);
const MAX_STEPS = 200;
const FRAMES_PER_RUN = 60;
const ROOMS: [string, MemoryRoomOptions][] = [
  ['that reads no Store', {}],
  ['that asks hooks', {hooks: {canSetCell: async () => true}}],
];

type Step = (scene: HostileScene) => unknown;
let frameCount = 0;

const describeStep = (text: string, step: Step): Step =>
  Object.assign(step, {[fc.toStringMethod]: () => text});

const arbitraryStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.tuple(fc.nat(2), arbitraryFrame).map(([which, frame]) =>
      describeStep(`attack(${which}, ${fc.stringify(frame)})`, (scene) => {
        frameCount++;
        scene.attack(which, frame);
      }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .nat(1)
      .map((which) =>
        describeStep(`writeHonestly(${which})`, (scene) =>
          scene.writeHonestly(which),
        ),
      ),
  },
  {
    weight: 2,
    arbitrary: fc.constant(describeStep('settle()', (scene) => scene.settle())),
  },
  {
    weight: 1,
    arbitrary: fc
      .nat(2)
      .map((which) =>
        describeStep(`reconnect(${which})`, (scene) => scene.reconnect(which)),
      ),
  },
);

afterAll(() => {
  console.log(`hostile frames: ${frameCount}`);
});

describe('hostile frames', () => {
  test.each(ROOMS)(
    'F1, F3, P1, T3: leave a room %s as the rules say',
    async (_, options) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(arbitraryStep, {maxLength: MAX_STEPS, size: 'max'}),
          async (steps) => {
            const scene = await createHostileScene(options);
            for (const step of steps) {
              await step(scene);
            }
            scene.writeHonestly(0);
            scene.writeHonestly(1);
            await scene.settle();
            // The room has what the rules say, and so has everyone honest.
            const text = scene.naive.getText();
            expect(await scene.getText()).toBe(text);
            for (const speaker of scene.honest) {
              expect(speaker.connection.closed).toBe(undefined);
              expect(speaker.getPendingCount()).toBe(0);
              expect(speaker.getText()).toBe(text);
            }
            const secrets = scene.honest.map(({clientId}) => clientId);
            expect(scene.findLeaks([...secrets, ...HOSTILE_CLIENTS])).toEqual(
              [],
            );
            // So it does when it starts anew from what it has stored.
            scene.room.restart();
            expect(await scene.getText()).toBe(text);
          },
        ),
        {
          seed: SEED,
          numRuns: Math.ceil(FRAMES / ROOMS.length / FRAMES_PER_RUN),
        },
      );
    },
    30_000 + FRAMES * 10,
  );
});
