/** MongoDB's wire protocol, as far as its driver for Node speaks it. */
import type {Socket} from 'node:net';
import {BSON, type Document} from 'mongodb';

const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;
const HEADER_BYTES = 16;
const MORE_TO_COME = 2;

export type WireCommand = {
  command: Document;
  /** Undefined where no answer is wanted. */
  answer: ((document: Document) => void) | undefined;
};

const frame = (opCode: number, responseTo: number, parts: Uint8Array[]) => {
  const length = parts.reduce((sum, part) => sum + part.length, HEADER_BYTES);
  const header = Buffer.alloc(HEADER_BYTES);
  [length, 0, responseTo, opCode].forEach((number, at) =>
    header.writeInt32LE(number, at * 4),
  );
  return Buffer.concat([header, ...parts]);
};

const readCString = (bytes: Buffer, at: number): string =>
  bytes.toString('utf8', at, bytes.indexOf(0, at));

const parse = (bytes: Buffer, at: number): [Document, next: number] => {
  const next = at + bytes.readInt32LE(at);
  return [BSON.deserialize(bytes.subarray(at, next)), next];
};

/** A command, and the documents that came in sequences of their own. */
const parseMessage = (body: Buffer): Document => {
  const command: Document = {};
  for (let at = 4; at < body.length;) {
    if (body[at] === 0) {
      const [document, next] = parse(body, at + 1);
      Object.assign(command, document);
      at = next;
    } else {
      const end = at + 1 + body.readInt32LE(at + 1);
      const name = readCString(body, at + 5);
      const documents: Document[] = [];
      for (let inner = at + 6 + Buffer.byteLength(name); inner < end;) {
        const [document, next] = parse(body, inner);
        documents.push(document);
        inner = next;
      }
      command[name] = documents;
      at = end;
    }
  }
  return command;
};

const parseFrame = (bytes: Buffer, socket: Socket): WireCommand => {
  const [requestId, opCode] = [bytes.readInt32LE(4), bytes.readInt32LE(12)];
  const body = bytes.subarray(HEADER_BYTES);
  if (opCode == OP_MSG) {
    const isSilent = body.readUInt32LE(0) & MORE_TO_COME;
    return {
      command: parseMessage(body),
      answer: isSilent
        ? undefined
        : (document) => {
            const parts = [Buffer.alloc(5), BSON.serialize(document)];
            socket.write(frame(OP_MSG, requestId, parts));
          },
    };
  }
  if (opCode != OP_QUERY) {
    throw new Error(`the stand-in does not know the opcode ${opCode}`);
  }
  const start = 4 + Buffer.byteLength(readCString(body, 4)) + 1 + 8;
  return {
    command: parse(body, start)[0],
    answer: (document) => {
      const head = Buffer.alloc(20);
      head.writeInt32LE(1, 16);
      const parts = [head, BSON.serialize(document)];
      socket.write(frame(OP_REPLY, requestId, parts));
    },
  };
};

/** Calls `onCommand` for each command that comes by a socket. */
export const readCommands = (
  socket: Socket,
  onCommand: (command: WireCommand) => void,
): void => {
  let chunks: Buffer[] = [];
  let length = 0;
  socket.on('data', (chunk) => {
    chunks.push(chunk);
    length += chunk.length;
    while (length >= 4) {
      const [first] = chunks;
      const head = first!.length >= 4 ? first! : Buffer.concat(chunks);
      const needed = head.readInt32LE(0);
      if (length < needed) {
        return;
      }
      const all = Buffer.concat(chunks);
      chunks = [all.subarray(needed)];
      length -= needed;
      onCommand(parseFrame(all.subarray(0, needed), socket));
    }
  });
};
