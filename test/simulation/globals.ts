/**
 * The world as code finds it by itself: the thread that a simulation runs in has
 * simulated time, chance and HTTP in the place of the real ones.
 */
import type {Timer} from './clock.js';
import type {FakeHttp} from './fake-http.js';
import {LightResponse} from './light-http.js';
import type {World} from './world.js';

const replace = (things: any, name: string, thing: unknown): (() => void) => {
  const descriptor = Object.getOwnPropertyDescriptor(things, name)!;
  Object.defineProperty(things, name, {value: thing, configurable: true});
  return () => {
    Object.defineProperty(things, name, descriptor);
  };
};

/** Takes the place of the real world; answers how to give it back. */
export const enterWorld = (world: World, http: FakeHttp): (() => void) => {
  const {clock, random} = world;
  const undo = [
    // Whose request it is, its path says.
    replace(globalThis, 'fetch', (url: string, init: RequestInit) =>
      http.fetch(new URL(url).pathname.split('/').at(-1)!, url, init),
    ),
    replace(globalThis, 'Response', LightResponse),
    replace(globalThis, 'setTimeout', (run: () => void, ms: number) =>
      clock.after(ms, run),
    ),
    replace(globalThis, 'clearTimeout', (timer: Timer | undefined) =>
      clock.cancel(timer),
    ),
    replace(globalThis, 'crypto', {
      getRandomValues: (bytes: Uint8Array) => bytes.map(() => random.int(256)),
    }),
    replace(AbortSignal, 'timeout', () => undefined),
    replace(Date, 'now', () => clock.now),
    replace(globalThis, 'performance', {now: () => clock.now}),
    replace(Math, 'random', () => random.next()),
  ];
  return () => undo.forEach((giveBack) => giveBack());
};
