/**
 * The world as code finds it by itself: the thread that a simulation runs in has
 * simulated time, chance and HTTP in the place of the real ones, each as the
 * device has it whose code is running.
 */
import type {Timer} from './clock.js';
import type {FakeHttp} from './fake-http.js';
import {LightResponse} from './light-http.js';
import type {World} from './world.js';

const replace = (
  things: any,
  name: string,
  descriptor: PropertyDescriptor,
): (() => void) => {
  const original = Object.getOwnPropertyDescriptor(things, name);
  Object.defineProperty(things, name, {...descriptor, configurable: true});
  return () => {
    if (original) {
      Object.defineProperty(things, name, original);
    } else {
      delete things[name];
    }
  };
};

/** Takes the place of the real world; answers how to give it back. */
export const enterWorld = (world: World, http: FakeHttp): (() => void) => {
  const {clock, random} = world;
  const getChance = () => random.of(`chance of ${clock.owner}`);
  const undo = [
    replace(globalThis, 'fetch', {
      value: (url: string, init: RequestInit) =>
        http.fetch(clock.owner, url, init),
    }),
    replace(globalThis, 'Response', {value: LightResponse}),
    replace(globalThis, 'setTimeout', {
      value: (run: () => void, ms?: number) => clock.setTimeout(run, ms),
    }),
    replace(globalThis, 'clearTimeout', {
      value: (timer: Timer | undefined) => clock.cancel(timer),
    }),
    replace(globalThis, 'crypto', {
      value: {
        getRandomValues: (numbers: Uint8Array | Uint32Array) =>
          numbers.map(() => getChance().int(2 ** 32)),
      },
    }),
    replace(globalThis, 'document', {
      get: () => (clock.owner ? world.device.document : undefined),
    }),
    replace(Date, 'now', {value: () => world.device.wallNow}),
    replace(globalThis, 'performance', {
      value: {now: () => world.device.monotonicNow},
    }),
    replace(Math, 'random', {value: () => getChance().next()}),
  ];
  return () => undo.forEach((giveBack) => giveBack());
};
