/** What the figures were measured on, and with. */
import {readFileSync} from 'node:fs';
import {cpus, totalmem, type} from 'node:os';
import {REPOSITORY} from './servers.js';

export const describeMachine = (): string => {
  const [cpu] = cpus();
  return (
    `${cpus().length} × ${cpu?.model.trim() || process.arch}, ` +
    `${Math.round(totalmem() / 2 ** 30)} GiB, ${type()}`
  );
};

const PACKAGES = ['tinybase', 'partykit', 'workerd'];

export const describeVersions = (): {[name: string]: string} => ({
  ...Object.fromEntries(
    PACKAGES.map((name) => [
      name,
      JSON.parse(
        readFileSync(`${REPOSITORY}node_modules/${name}/package.json`, 'utf8'),
      ).version as string,
    ]),
  ),
  node: process.versions.node,
});
