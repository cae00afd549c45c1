/** Waits for what needs no time to pass. */
import {setImmediate, setTimeout} from 'node:timers/promises';

const METHODS = ['digest', 'importKey', 'sign', 'verify'] as const;
/** More turns of the loop than anything takes without a hash in between. */
const QUIET_TURNS = 12;

let pending = 0;
for (const method of METHODS) {
  const run: any = crypto.subtle[method].bind(crypto.subtle);
  // Hashes are made on other threads: nobody else knows when one is done.
  (crypto.subtle as any)[method] = async (...args: unknown[]) => {
    pending++;
    try {
      return await run(...args);
    } finally {
      pending--;
    }
  };
}

/** Lets everything happen that waits for promises, turns and hashes alone. */
export const settle = async (
  wait: () => Promise<unknown> = setImmediate,
): Promise<void> => {
  for (let turns = 0; turns < QUIET_TURNS; turns++) {
    await wait();
    if (pending) {
      turns = 0;
    }
  }
};

/** The same on PartyKit, where the room takes its turns by timers of 0 ms. */
export const settleParty = (): Promise<void> =>
  settle(async () => {
    await setTimeout(0);
    await setImmediate();
  });
