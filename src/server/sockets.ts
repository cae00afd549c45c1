/** What a platform's socket does, which may have closed meanwhile. */

type Socket = {
  send(frame: string): void;
  close(code: number, reason: string): void;
};

/** Whose socket has closed comes back, and catches up. */
export const trySend = (socket: Pick<Socket, 'send'>, frame: string): void => {
  try {
    socket.send(frame);
  } catch {
    // It has closed meanwhile.
  }
};

export const tryClose = (
  socket: Pick<Socket, 'close'>,
  code: number,
  reason: string,
): void => {
  try {
    socket.close(code, reason);
  } catch {
    // It is closed already.
  }
};
