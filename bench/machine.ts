/** What the figures were measured on, and with. */
import {readFileSync} from 'node:fs';
import {cpus, totalmem, type} from 'node:os';
import {installOnce} from './install-once.js';
import {RUNTIME_DIR} from './platforms.js';
import type {BenchResult} from './result.js';
import {REPOSITORY} from './servers.js';

export const describeMachine = (): string => {
  const [cpu] = cpus();
  return (
    `${cpus().length} × ${cpu?.model.trim() || process.arch}, ` +
    `${Math.round(totalmem() / 2 ** 30)} GiB, ${type()}`
  );
};

const PACKAGES = {
  tinybase: 'node_modules/tinybase',
  partykit: 'node_modules/partykit',
  workerd: 'node_modules/workerd',
};

const PLATFORM_PACKAGES = {
  partyserver: 'node_modules/partyserver',
  'its workerd': 'test/partyserver/node_modules/workerd',
};

/** Of all that is measured, once it is installed. */
export const describeVersions = async (
  hasPlatforms: boolean,
): Promise<{[name: string]: string}> => {
  if (hasPlatforms) {
    await installOnce(RUNTIME_DIR);
  }
  const packages = {...PACKAGES, ...(hasPlatforms ? PLATFORM_PACKAGES : {})};
  return {
    ...Object.fromEntries(
      Object.entries(packages).map(([name, folder]) => [
        name,
        JSON.parse(readFileSync(`${REPOSITORY}${folder}/package.json`, 'utf8'))
          .version as string,
      ]),
    ),
    node: process.versions.node,
  };
};

export const listVersions = ({
  versions,
}: Pick<BenchResult, 'versions'>): string =>
  Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
