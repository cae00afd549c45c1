import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {REPOSITORY, run} from './run.js';

export interface PackedPackage {
  /** The packed tarball. */
  readonly tarball: string;
  /** A project that has the package and its peers in its node_modules. */
  readonly consumerDir: string;
  /** The package as it lies in the project's node_modules. */
  readonly packageDir: string;
  remove(): Promise<void>;
}

// What a consumer has installed besides the package itself.
const INSTALLED: [name: string, installedAs?: string][] = [
  ['tinybase', process.env.TINYBASE],
  ['partysocket'],
  ['partykit'],
  ['react'],
  ['@types/react'],
];

/**
 * Builds and packs the package as `npm publish` would, and installs it into a
 * project in a temporary folder, whose sources are `test/package/consumer`.
 */
export const installPackedPackage = async (): Promise<PackedPackage> => {
  const tempDir = await mkdtemp(join(tmpdir(), 'packed-package-'));
  const packed = await run('npm', [
    ...['pack', '--silent', '--pack-destination', tempDir],
  ]);
  const tarballs = (await readdir(tempDir)).filter((n) => n.endsWith('.tgz'));
  const [name] = tarballs;
  if (packed.exitCode !== 0 || name == null) {
    throw new Error(`npm pack failed:\n${packed.output}`);
  }
  const tarball = join(tempDir, name);

  const consumerDir = join(tempDir, 'consumer');
  await cp(join(REPOSITORY, 'test/package/consumer'), consumerDir, {
    recursive: true,
  });
  await writeFile(join(consumerDir, 'package.json'), '{"type": "module"}');
  const packageDir = join(consumerDir, 'node_modules/tinybase-partykit');
  await mkdir(packageDir, {recursive: true});
  await run('tar', [
    ...['-xzf', tarball, '--strip-components=1', '-C', packageDir],
  ]);
  for (const [name, installedAs = name] of INSTALLED) {
    const link = join(consumerDir, 'node_modules', name);
    await mkdir(dirname(link), {recursive: true});
    await symlink(join(REPOSITORY, 'node_modules', installedAs), link, 'dir');
  }

  return {
    tarball,
    consumerDir,
    packageDir,
    remove: () => rm(tempDir, {recursive: true, force: true}),
  };
};
