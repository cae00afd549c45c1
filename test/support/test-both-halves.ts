import {test, type TestOptions} from 'vitest';
import {withPatience} from './expect-soon.js';
import {HALVES, type Half} from './test-room.js';

// Long enough for whatever TinyBase would still do on loopback.
const EXPECTED_FAILURE_MS = 1_000;

/**
 * Sets the scene with one half's client and room, and returns the claim that
 * this half has to stand, or to fail.
 */
export type Scenario = (half: Half) => Promise<() => void | Promise<void>>;

/**
 * A test that our halves pass and TinyBase's own fail. There only the claim
 * may fail, and only by an assertion: a scene that breaks makes the test a
 * failure, as does a TinyBase that has learnt to do it right.
 */
export const testBothHalves = (
  title: string,
  scenario: Scenario,
  options: TestOptions = {},
): void =>
  HALVES.forEach((half) => {
    const name = `${title} (${half})`;
    if (half == 'ours') {
      test(name, options, async () => {
        const claim = await scenario(half);
        await claim();
      });
      return;
    }
    test.fails(name, options, async () => {
      try {
        const claim = await scenario(half);
        await withPatience(EXPECTED_FAILURE_MS, async () => await claim());
      } catch (error) {
        if (error instanceof Error && error.name == 'AssertionError') {
          throw error;
        }
        // Returning in peace is what fails this test; say why it did.
        process.stderr.write(
          `${name} broke: ${error instanceof Error ? error.stack : error}\n`,
        );
      }
    });
  });

/** The test of one row of the known failures of TinyBase's own halves. */
export const testFailure = (
  row: number,
  title: string,
  scenario: Scenario,
): void => testBothHalves(`FAILURES ${row}: ${title}`, scenario);
