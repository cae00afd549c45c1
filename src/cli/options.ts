/** The options of a command: what there are, and what was given. */
import {parseArgs} from 'node:util';
import {UsageError} from './errors.js';

export type OptionSpec = {
  type: 'string' | 'boolean';
  /** Whether all that are given count, and not the last alone. */
  multiple?: true;
  short?: string;
  /** What stands for its value in the help. */
  value?: string;
  /** The environment variable that it comes from where it is not given. */
  env?: string;
  help: string;
};

export type OptionSpecs = {[name: string]: OptionSpec};

export type Env = {[name: string]: string | undefined};

/** What was given, by the names of the specs. */
export type Options = {
  getText(name: string): string | undefined;
  getList(name: string): string[];
  has(name: string): boolean;
};

/** What Node says about arguments, without what may be a secret. */
const describeProblem = (error: any): string => {
  const message: string = error?.message ?? '';
  switch (error?.code) {
    case 'ERR_PARSE_ARGS_UNKNOWN_OPTION': {
      const [, name] = /^Unknown option '(-[^'=]*)/.exec(message) ?? [];
      return `There is no option ${name ?? 'of that name'}.`;
    }
    case 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL':
      return 'There is an argument that belongs to no option.';
    default:
      // Option '--room <value>' argument missing, and the like.
      return message.split('\n')[0]!.replaceAll("'", '');
  }
};

const splitList = (text: string | undefined): string[] =>
  text?.split(/\s+/).filter(Boolean) ?? [];

/**
 * Reads arguments by their specs, and from the environment what is not among
 * them.
 *
 * @throws UsageError where one is unknown, or has no value.
 */
export const parseOptions = (
  args: string[],
  specs: OptionSpecs,
  env: Env,
): Options => {
  let values: {[name: string]: unknown};
  try {
    ({values} = parseArgs({
      args,
      strict: true,
      allowPositionals: false,
      options: Object.fromEntries(
        Object.entries(specs).map(([name, {type, multiple, short}]) => [
          name,
          {type, multiple: multiple ?? false, ...(short ? {short} : {})},
        ]),
      ),
    }));
  } catch (error) {
    throw new UsageError(describeProblem(error));
  }
  const getFromEnv = (name: string): string | undefined =>
    env[specs[name]?.env ?? ''] || undefined;
  return {
    getText: (name) => (values[name] as string | undefined) ?? getFromEnv(name),
    getList: (name) =>
      (values[name] as string[] | undefined) ?? splitList(getFromEnv(name)),
    has: (name) => values[name] === true,
  };
};

/**
 * A whole number that was given.
 *
 * @throws UsageError where it is none, or out of bounds.
 */
export const getNumber = (
  options: Options,
  name: string,
  [min, max]: [number, number],
): number | undefined => {
  const text = options.getText(name);
  if (text === undefined) {
    return undefined;
  }
  const number = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (!(number >= min && number <= max)) {
    throw new UsageError(`--${name} takes a number from ${min} to ${max}.`);
  }
  return number;
};
