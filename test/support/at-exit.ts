const cleanups = new Set<() => void>();

const runCleanups = (): void => {
  for (const cleanUp of cleanups) {
    cleanUp();
  }
  cleanups.clear();
};

// A test runner that is killed does not end its workers: they only find the
// channel to it closed, and would live on until their tests have timed out.
const endOrphan = (): void => {
  if (cleanups.size > 0) {
    runCleanups();
    process.kill(process.pid, 'SIGKILL');
  }
};

let isListening = false;

/**
 * Has `cleanUp` called where this process ends before the returned function
 * was called. It must be synchronous.
 */
export const cleanUpAtExit = (cleanUp: () => void): (() => void) => {
  if (!isListening) {
    isListening = true;
    process.once('exit', runCleanups);
    process.once('disconnect', endOrphan);
  }
  cleanups.add(cleanUp);
  return () => void cleanups.delete(cleanUp);
};
