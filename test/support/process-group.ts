import {spawn, type ChildProcess, type SpawnOptions} from 'node:child_process';
import {cleanUpAtExit} from './at-exit.js';

/**
 * A command in a process group of its own, so that all that it starts can be
 * ended with it.
 */
export interface ProcessGroup {
  /** Whatever it has written to stdout and stderr until now. */
  getOutput(): string;
  /** True once the command itself (not all it started) has ended. */
  hasExited(): boolean;
  /** Sends SIGTERM to the group, and SIGKILL to what is left of it later. */
  stop(graceMs?: number): Promise<void>;
  /** Sends SIGKILL to the group. */
  kill(): Promise<void>;
}

// The group dies with the process that started it, however that ends: then
// the other end of file descriptor 3 closes, and the subshell kills its group.
const WATCHED_COMMAND =
  '(cat <&3 >/dev/null 2>&1; kill -KILL 0) >/dev/null 2>&1 & exec "$@" 3<&-';

export const startProcessGroup = (
  command: string[],
  options: Pick<SpawnOptions, 'cwd' | 'env'>,
): ProcessGroup => {
  const child: ChildProcess = spawn(
    '/bin/sh',
    ['-c', WATCHED_COMMAND, 'sh', ...command],
    {...options, detached: true, stdio: ['ignore', 'pipe', 'pipe', 'pipe']},
  );
  let output = '';
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', (error) => {
      output += String(error);
      resolve();
    });
  });

  const signalGroup = (signal: NodeJS.Signals | 0): boolean => {
    try {
      return child.pid != null && process.kill(-child.pid, signal);
    } catch {
      return false;
    }
  };
  const forget = cleanUpAtExit(() => signalGroup('SIGKILL'));

  const kill = async (): Promise<void> => {
    signalGroup('SIGKILL');
    await exited;
    forget();
  };

  return {
    getOutput: () => output,
    hasExited: () => child.exitCode != null || child.signalCode != null,
    stop: async (graceMs = 3_000) => {
      signalGroup('SIGTERM');
      const timer = setTimeout(() => signalGroup('SIGKILL'), graceMs);
      await exited;
      clearTimeout(timer);
      await kill();
    },
    kill,
  };
};
