/** The command, apart from the process that it runs in. */
import type {Writable} from 'node:stream';
import type {Command, Surroundings} from './command.js';
import {exportCommand} from './commands/export.js';
import {importCommand} from './commands/import.js';
import {mirrorCommand} from './commands/mirror.js';
import {tailCommand} from './commands/tail.js';
import {
  CommandError,
  describeError,
  EXIT_CODES,
  InterruptedError,
  UsageError,
} from './errors.js';
import {describeAll, describeCommand} from './help.js';
import {type Options, type OptionSpecs, parseOptions} from './options.js';
import {createRedactor, getUrlSecrets} from './redact.js';
import {createReporter} from './reporter.js';
import {writeText} from './write-text.js';

const COMMANDS: Command[] = [
  mirrorCommand,
  exportCommand,
  importCommand,
  tailCommand,
];

const COMMON_OPTIONS: OptionSpecs = {
  quiet: {type: 'boolean', short: 'q', help: 'print nothing but errors'},
  help: {type: 'boolean', short: 'h', help: 'print this'},
};

export type MainOptions = Surroundings & {
  /** Of this package. */
  version: string;
};

const getSecrets = (options: Options, specs: OptionSpecs): string[] =>
  Object.entries(specs).flatMap(([name, {type, env, multiple}]) => {
    if (type == 'boolean' || !env) {
      return [];
    }
    const texts = multiple
      ? options.getList(name)
      : [options.getText(name) ?? ''];
    return name == 'token' || name == 'secret'
      ? texts
      : texts.flatMap(getUrlSecrets);
  });

const runCommand = async (
  command: Command,
  args: string[],
  surroundings: MainOptions,
): Promise<number> => {
  const {env, stdout, stderr, signal} = surroundings;
  const specs = {...command.options, ...COMMON_OPTIONS};
  let reporter = createReporter({
    stderr,
    isQuiet: false,
    asJson: false,
    redact: createRedactor([]),
  });
  try {
    const options = parseOptions(args, specs, env);
    if (options.has('help')) {
      await writeText(stdout, describeCommand({...command, options: specs}));
      return EXIT_CODES.done;
    }
    reporter = createReporter({
      stderr,
      isQuiet: options.has('quiet'),
      asJson: options.has('json'),
      redact: createRedactor(getSecrets(options, specs)),
    });
    await command.run({...surroundings, options, reporter});
    return EXIT_CODES.done;
  } catch (error) {
    if (error instanceof UsageError) {
      reporter.error(
        `${error.message}\nSee tinybase-partykit ${command.name} --help.`,
      );
      return EXIT_CODES.misused;
    }
    if (error instanceof InterruptedError || signal.aborted) {
      reporter.error('Interrupted.', {event: 'interrupted'});
      return EXIT_CODES.interrupted;
    }
    if ((error as NodeJS.ErrnoException)?.code != 'EPIPE') {
      // With EPIPE who reads has gone, and wants to hear no more.
      reporter.error(
        error instanceof CommandError ? error.message : describeError(error),
      );
    }
    return EXIT_CODES.failed;
  }
};

/** Prints what was asked for; resolves to the exit code. */
const printText = async (stream: Writable, text: string): Promise<number> => {
  try {
    await writeText(stream, text);
    return EXIT_CODES.done;
  } catch {
    return EXIT_CODES.failed;
  }
};

/** Runs the command that the arguments are of; resolves to its exit code. */
export const main = async (
  args: string[],
  surroundings: MainOptions,
): Promise<number> => {
  const {stdout, stderr, version} = surroundings;
  const [name, ...rest] = args;
  const command = COMMANDS.find((one) => one.name == name);
  if (command) {
    return await runCommand(command, rest, surroundings);
  }
  switch (name) {
    case '--version':
    case '-v':
      return await printText(stdout, `${version}\n`);
    case '--help':
    case '-h':
    case 'help': {
      const about = COMMANDS.find((one) => one.name == rest[0]);
      return about
        ? await runCommand(about, ['--help'], surroundings)
        : await printText(stdout, describeAll(COMMANDS));
    }
    default:
      await printText(
        stderr,
        (name === undefined
          ? 'Which command?'
          : `There is no command ${JSON.stringify(name.slice(0, 40))}.`) +
          '\nSee tinybase-partykit --help.\n',
      );
      return EXIT_CODES.misused;
  }
};
