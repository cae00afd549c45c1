/** What a command is made of, and what it may use of its surroundings. */
import type {Writable} from 'node:stream';
import type {Env, Options, OptionSpecs} from './options.js';
import type {Reporter} from './reporter.js';

export type Surroundings = {
  env: Env;
  stdin: AsyncIterable<Uint8Array | string>;
  stdout: Writable;
  stderr: Writable;
  /** Aborted when the user wants an end. */
  signal: AbortSignal;
};

export type CommandContext = Surroundings & {
  options: Options;
  reporter: Reporter;
};

export type Command = {
  name: string;
  /** In one line. */
  summary: string;
  /** After its name. */
  usage: string;
  options: OptionSpecs;
  /** What else the help says. */
  details?: string;
  /** Resolves when it is done. */
  run(context: CommandContext): Promise<void>;
};
