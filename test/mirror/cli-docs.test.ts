/** docs/command-line.md says what is so, and its recipes run. */
import {execFileSync} from 'node:child_process';
import {existsSync, readFileSync} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, test} from 'vitest';
import type {OptionSpecs} from '../../src/cli/options.js';
import {exportCommand} from '../../src/cli/commands/export.js';
import {importCommand} from '../../src/cli/commands/import.js';
import {mirrorCommand} from '../../src/cli/commands/mirror.js';
import {tailCommand} from '../../src/cli/commands/tail.js';
import {parseContentFile} from '../../src/cli/content-file.js';
import {parseRoomUrl} from '../../src/cli/room-address.js';
import {findDocsBlock, readDocsBlocks} from '../support/docs-blocks.js';
import {REPOSITORY} from '../support/run.js';
import {createFolder} from '../support/temporary-folder.js';
import {until} from '../support/until.js';
import {setUpCommandWithRooms} from '../support/set-up-command.js';

const PAGE = 'command-line.md';
const PATIENCE = {timeoutMs: 20_000};
const COMMANDS = [mirrorCommand, exportCommand, importCommand, tailCommand];

const {createRoom, run, start} = setUpCommandWithRooms();

const page = readFileSync(join(REPOSITORY, 'docs', PAGE), 'utf8');

test.each(COMMANDS.map((command) => [command.name, command] as const))(
  'of %s every option is there, and no other',
  (name, {options}) => {
    const start = page.indexOf(`\n## ${name}\n`);
    const section = page.slice(start, page.indexOf('\n## ', start + 1));
    const general = page.slice(0, page.indexOf('\n## mirror\n'));
    for (const option of Object.keys(options)) {
      expect(section + general).toContain(`\`--${option}`);
    }
    const all: OptionSpecs = {...options, quiet: {} as any, help: {} as any};
    for (const [, option] of section.matchAll(/`--([a-z-]+)/g)) {
      expect(Object.keys(all)).toContain(option);
    }
    for (const {env} of Object.values(options)) {
      expect(general).toContain(env ?? '');
    }
  },
);

test('the examples for a shell are commands that are known', async () => {
  const lines = readDocsBlocks(PAGE)
    .filter(({language}) => language == 'sh')
    .flatMap(({code}) => code.replaceAll('\\\n', ' ').split('\n'))
    .filter((line) => /^npx .*tinybase-partykit (?!COMMAND)/.test(line));
  expect(lines.length).toBeGreaterThan(5);
  for (const line of lines) {
    const args = line.split('tinybase-partykit ').at(-1)!.split(/\s+/);
    // With its help asked for all else is checked, and nothing done.
    const {code, stderr} = await run([...args, '--help']);
    expect({line, code, stderr}).toEqual({line, code: 0, stderr: ''});
  }
});

test('the file that it shows is one that import takes', () => {
  const text = findDocsBlock(PAGE, '"format"');
  expect(parseContentFile(text, 'it')).toEqual([
    {pets: {fido: {tags: '\uFFFD["good"]'}}},
    {open: true},
  ]);
  expect(parseRoomUrl(JSON.parse(text).room).href).toBe(JSON.parse(text).room);
});

describe('for systemd', () => {
  const unit = findDocsBlock(PAGE, '[Service]');
  const environment = findDocsBlock(PAGE, 'TINYBASE_PARTYKIT_TO=');

  /** What systemd would set, with values of this test. */
  const getEnv = (values: Record<string, string>): Record<string, string> =>
    Object.fromEntries(
      environment
        .split('\n')
        .filter(Boolean)
        .map((line) => {
          const [, name, value] = /^(\w+)=(.*)$/.exec(line)!;
          return [name!, values[name!] ?? value!];
        }),
    );

  test('what the unit starts follows the room, and ends when it is stopped', async () => {
    const folder = await createFolder();
    const [, node, path, args] =
      /^ExecStart=(\S+) (\S+) (.*)$/m.exec(unit) ?? [];
    expect(node).toBe('/usr/bin/node');
    // As `files` and `bin` of package.json have it.
    expect(path).toMatch(
      /\/node_modules\/tinybase-partykit\/dist\/cli\/index\.js$/,
    );
    const room = createRoom({name: 'unit'});
    await room.putContent([{}, {a: 1}]);
    const command = start(args!.split(' '), {
      env: getEnv({
        TINYBASE_PARTYKIT_ROOM: room.url,
        TINYBASE_PARTYKIT_TO: `sqlite:${join(folder, 'rooms.db')}`,
      }),
    });
    await until(
      () => command.printed.stderr.includes('Following unit'),
      PATIENCE,
    );
    command.child.kill('SIGTERM');
    expect((await command.ended).code, command.printed.stderr).toBe(0);
  });

  test.skipIf(!existsSync('/usr/bin/systemd-analyze'))(
    'the unit has nothing that it does not know',
    async () => {
      const folder = await createFolder();
      const file = join(folder, 'tinybase-mirror.service');
      // What it starts is not there.
      await writeFile(
        file,
        unit.replace(/^ExecStart=\S+ \S+/m, `ExecStart=${process.execPath} -v`),
      );
      const output = execFileSync(
        'sh',
        ['-c', 'systemd-analyze verify --man=no "$0" 2>&1 || true', file],
        {encoding: 'utf8'},
      );
      expect(
        output.split('\n').filter((line) => line.includes('tinybase-mirror')),
      ).toEqual([]);
    },
  );
});

describe('for Docker Compose', () => {
  const yaml = findDocsBlock(PAGE, 'services:');

  const hasYaml = (): boolean => {
    try {
      execFileSync('python3', ['-c', 'import yaml'], {stdio: 'ignore'});
      return true;
    } catch {
      return false;
    }
  };

  test.skipIf(!hasYaml())(
    'the file is YAML, of versions that are ours',
    async () => {
      const json = execFileSync(
        'python3',
        [
          '-c',
          'import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))',
        ],
        {input: yaml, encoding: 'utf8'},
      );
      const {services, volumes} = JSON.parse(json);
      expect(Object.keys(volumes)).toEqual(['npm']);
      const {command, restart, image} = services.mirror;
      expect({restart, image}).toEqual({
        restart: 'unless-stopped',
        image: 'node:22-slim',
      });
      const packages: string[] = command
        .filter((arg: string) => arg.startsWith('--package='))
        .map((arg: string) => arg.slice('--package='.length));
      const {version, devDependencies} = JSON.parse(
        readFileSync(join(REPOSITORY, 'package.json'), 'utf8'),
      );
      for (const [name, pinned] of packages.map((one) => one.split('@'))) {
        expect(pinned).toMatch(/^\d+\.\d+\.\d+$/);
        expect(`${name} ${pinned}`).toBe(
          name == 'tinybase-partykit'
            ? `${name} ${version}`
            : `${name} ${devDependencies[name!].replace('^', '')}`,
        );
      }
      const args = command.slice(command.indexOf('tinybase-partykit') + 1);
      const {code} = await run([...args, '--help']);
      expect(code).toBe(0);
    },
  );
});
