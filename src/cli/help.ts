/** What `--help` prints. */
import type {Command} from './command.js';
import type {OptionSpec, OptionSpecs} from './options.js';

const indent = (rows: [left: string, right: string][]): string => {
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows
    .map(([left, right]) => `  ${left.padEnd(width)}${right}`)
    .join('\n');
};

const describeOption = (
  name: string,
  {short, value, env, help}: OptionSpec,
): [string, string] => [
  `${short ? `-${short}, ` : ''}--${name}${value ? ` ${value}` : ''}`,
  help + (env ? ` [${env}]` : ''),
];

export const describeOptions = (options: OptionSpecs): string =>
  indent(
    Object.entries(options).map(([name, spec]) => describeOption(name, spec)),
  );

export const describeCommand = ({
  name,
  summary,
  usage,
  options,
  details,
}: Command): string => `${summary}

Usage: tinybase-partykit ${name} ${usage}

Options:
${describeOptions(options)}
${details ? `\n${details}\n` : ''}`;

export const describeAll = (
  commands: Command[],
): string => `Rooms of tinybase-partykit, from a shell.

Usage: tinybase-partykit COMMAND [options]

Commands:
${indent(commands.map(({name, summary}) => [name, summary]))}

Options:
  -h, --help     what a command does, and its options
  -v, --version  the version of this package

Exit codes: 0 done, 1 failed, 2 called in a wrong way, 130 interrupted.
`;
