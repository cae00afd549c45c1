/** The process that `partykit dev` runs rooms in, as Linux shows it. */
import {readdirSync, readFileSync, writeFileSync} from 'node:fs';

export type Workerd = {
  pid: number;
  /** The address of its inspector. */
  inspector: string;
};

const readArguments = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // It has ended meanwhile.
    return '';
  }
};

/** Finds the process by the port that it serves. */
export const findWorkerd = (port: number): Workerd => {
  for (const pid of readdirSync('/proc').filter((name) => /^\d/.test(name))) {
    const args = readArguments(pid).split('\0');
    const inspector = args.find((arg) => arg.startsWith('--inspector-addr='));
    if (inspector && args.some((arg) => arg.endsWith(`=0.0.0.0:${port}`))) {
      return {
        pid: +pid,
        inspector: inspector.split('=')[1]!.replace('localhost', '127.0.0.1'),
      };
    }
  }
  throw new Error(`no workerd serves port ${port}: memory needs Linux's /proc`);
};

/** Clock ticks a second, on any Linux of today: `getconf CLK_TCK`. */
const TICKS_A_SECOND = 100;

/** The processor time that a process has spent so far. */
export const getProcessorMs = (pid: number): number => {
  // Its name, in brackets, may have spaces.
  const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const [user, system] = rest.split(' ').slice(11, 13);
  return ((+user! + +system!) * 1_000) / TICKS_A_SECOND;
};

/** The most that a process has had in memory since it was last reset. */
export const getPeakBytes = (pid: number): number => {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return +(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? NaN) * 1024;
};

export const resetPeak = (pid: number): void =>
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
