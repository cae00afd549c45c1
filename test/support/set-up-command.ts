/** What tests of the command share: it is built once for a file, as rooms are started. */
import {afterAll, beforeAll} from 'vitest';
import {
  buildCommandLine,
  type CommandLine,
  type CommandOptions,
  type CommandResult,
  runCommand,
  type RunningCommand,
  startCommand,
} from './command-line.js';
import type {PartyKitDev} from './partykit-dev.js';
import {
  createTestRoom,
  startTestRooms,
  type TestRoom,
  type TestRoomOptions,
} from './test-room.js';

export interface Command {
  /** The executable. */
  getPath(): string;
  /** Starts it; it ends with the test. */
  start(args: string[], options?: CommandOptions): RunningCommand;
  /** Runs it until it ends. */
  run(args: string[], options?: CommandOptions): Promise<CommandResult>;
}

export interface CommandWithRooms extends Command {
  /** The server that the rooms are of. */
  getDev(): PartyKitDev;
  /** A room of the party `bare` unless told, of another server or by another way to it. */
  createRoom(
    options?: TestRoomOptions & {of?: Pick<PartyKitDev, 'host'>},
  ): TestRoom;
}

/**
 * To be called once, where the tests of a file are declared. With the name of a command,
 * `mirror`, all arguments are those of that.
 */
export const setUpCommand = (name?: string): Command => {
  let commandLine: CommandLine;
  const complete = (args: string[]): string[] =>
    name === undefined ? args : [name, ...args];
  beforeAll(async () => {
    commandLine = await buildCommandLine();
  });
  afterAll(() => commandLine?.remove());
  return {
    getPath: () => commandLine.path,
    start: (args, options) =>
      startCommand(commandLine, complete(args), options),
    run: (args, options) => runCommand(commandLine, complete(args), options),
  };
};

/** The same, with a `partykit dev` for all tests of the file. */
export const setUpCommandWithRooms = (name?: string): CommandWithRooms => {
  let dev: PartyKitDev;
  beforeAll(async () => {
    dev = await startTestRooms();
  });
  afterAll(() => dev?.stop());
  return {
    ...setUpCommand(name),
    getDev: () => dev,
    createRoom: ({of = dev, ...options} = {}) =>
      createTestRoom(of, 'ours', {party: 'bare', ...options}),
  };
};
