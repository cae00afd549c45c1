import {existsSync} from 'node:fs';
import {chromium, type Browser} from 'playwright-core';

const USUAL_PATHS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Where a Chromium is installed: at `CHROMIUM_PATH`, or else at a usual path. */
export const findChromium = (): string | undefined => {
  const {CHROMIUM_PATH} = process.env;
  return (CHROMIUM_PATH ? [CHROMIUM_PATH] : USUAL_PATHS).find(existsSync);
};

/**
 * Whether browser tests have to be skipped because there is no Chromium, which
 * it then says on stderr. With `REQUIRE_CHROMIUM=1` it throws instead, so that
 * a build server cannot pass by leaving them out.
 */
export const isChromiumMissing = (): boolean => {
  if (findChromium() != null) {
    return false;
  }
  const problem = 'no Chromium found: install one, or name it in CHROMIUM_PATH';
  if (process.env.REQUIRE_CHROMIUM === '1') {
    throw new Error(`REQUIRE_CHROMIUM=1, but ${problem}`);
  }
  process.stderr.write(`\nBROWSER TESTS SKIPPED: ${problem}.\n\n`);
  return true;
};

/** Starts the installed Chromium without a window. Playwright brings none. */
export const launchChromium = (): Promise<Browser> =>
  chromium.launch({executablePath: findChromium(), args: FLAGS});
