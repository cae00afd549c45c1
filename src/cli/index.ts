#!/usr/bin/env node
/** The process that a command runs in: its streams, its signals, its exit. */
import {readFileSync} from 'node:fs';
import {EXIT_CODES} from './errors.js';
import {main} from './main.js';

const {version} = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as {version: string};

const controller = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (controller.signal.aborted) {
      process.exit(EXIT_CODES.interrupted);
    }
    controller.abort();
  });
}
for (const stream of [process.stdout, process.stderr]) {
  // Whoever writes is told of it, too.
  stream.on('error', () => {});
}

process.exit(
  await main(process.argv.slice(2), {
    env: process.env,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: controller.signal,
    version,
  }),
);
