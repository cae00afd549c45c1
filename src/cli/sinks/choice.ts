/** What is wanted of a sink, whatever database it writes to. */
import type {Sink} from '../../mirror/sink.js';

export type SinkChoice = {
  history: boolean;
  tabular: boolean;
  twoWay: boolean;
  prefix: string | undefined;
  /** Told what goes wrong beside what is asked for, as a lost connection. */
  onError(error: unknown): void;
};

/** A sink that opens and closes the connection that it has. */
export const ownConnection = (
  sink: Sink,
  {
    connect,
    disconnect,
  }: {connect?(): Promise<unknown>; disconnect(): Promise<unknown>},
): Sink => ({
  ...sink,
  open: async () => {
    await connect?.();
    await sink.open?.();
  },
  close: async () => {
    await sink.close?.();
    await disconnect();
  },
});
