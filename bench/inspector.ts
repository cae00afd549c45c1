/** The inspector of the isolate that runs the rooms: its heap, its profile. */
import {once} from 'node:events';
import {WebSocket} from 'ws';

export type ProfileNode = {
  id: number;
  callFrame: {functionName: string; url: string; lineNumber: number};
  children?: number[];
};

export type CpuProfile = {
  nodes: ProfileNode[];
  /** The node that ran at each sample, and microseconds since the one before. */
  samples: number[];
  timeDeltas: number[];
};

export type Inspector = {
  /** What is left on the heap when all garbage is collected. */
  getHeapBytes: () => Promise<number>;
  startProfile: () => Promise<void>;
  stopProfile: () => Promise<CpuProfile>;
  close: () => void;
};

const ATTEMPTS = 20;
const SETTLE_MS = 100;

const connect = async (address: string): Promise<WebSocket> => {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const socket = new WebSocket(`ws://${address}/core:user:`, {
      perMessageDeflate: false,
    });
    await once(socket, 'open');
    // `partykit dev` has one of its own: the first to come after it ends both.
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    if (socket.readyState == WebSocket.OPEN) {
      return socket;
    }
  }
  throw new Error(`the inspector at ${address} closes each connection`);
};

export const connectInspector = async (address: string): Promise<Inspector> => {
  const socket = await connect(address);
  let lastId = 0;
  const waiting = new Map<number, (message: any) => void>();
  socket.on('message', (data) => {
    const message = JSON.parse((data as Buffer).toString());
    waiting.get(message.id)?.(message);
    waiting.delete(message.id);
  });
  const call = async (method: string, params: object = {}): Promise<any> => {
    const id = ++lastId;
    const answered = new Promise<any>((resolve) => waiting.set(id, resolve));
    socket.send(JSON.stringify({id, method, params}));
    const {result, error} = await answered;
    if (error) {
      throw new Error(`${method}: ${error.message}`);
    }
    return result;
  };

  return {
    getHeapBytes: async () => {
      // `collectGarbage` is never answered; this collects, too.
      await call('HeapProfiler.startTrackingHeapObjects');
      await call('HeapProfiler.stopTrackingHeapObjects');
      return (await call('Runtime.getHeapUsage')).usedSize;
    },
    startProfile: async () => {
      await call('Profiler.enable');
      await call('Profiler.start');
    },
    stopProfile: async () => (await call('Profiler.stop')).profile,
    close: () => socket.terminate(),
  };
};
