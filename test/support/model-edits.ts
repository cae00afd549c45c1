/** What others change in a sink in memory, as a two-way sink tells it. */
import type {Changes} from 'tinybase';
import type {TwoWaySink} from 'tinybase-partykit/mirror';
import {parseChanges} from '../../src/protocol/parse-changes.js';
import {decodeChanges} from '../../src/protocol/decoded-changes.js';
import {canonicalize} from './content.js';
import type {SinkMemory} from './memory-sink.js';

type Edits = {waiting: Changes[]; taken?: Changes; number: number};

const allEdits = new WeakMap<SinkMemory, Edits>();

const getEdits = (memory: SinkMemory): Edits => {
  const edits = allEdits.get(memory) ?? {waiting: [], number: 0};
  allEdits.set(memory, edits);
  return edits;
};

/** Others change something in the only room, as JSON has it. */
export const addEdits = (memory: SinkMemory, changes: unknown): void => {
  getEdits(memory).waiting.push(decodeChanges(parseChanges(changes)!));
};

/** The two-way half of a sink, which has one room. */
export const createModelEdits = (memory: SinkMemory): TwoWaySink => {
  const edits = getEdits(memory);
  const check = async (): Promise<void> => {
    await Promise.resolve();
    if (memory.isDown) {
      throw new Error('The sink is down.');
    }
  };
  return {
    listEdited: async () => {
      await check();
      return edits.taken || edits.waiting.length ? [...memory.rows.keys()] : [];
    },
    take: async () => {
      await check();
      if (!edits.taken && edits.waiting.length) {
        edits.taken = edits.waiting.shift()!;
        edits.number++;
      }
      const {taken, number} = edits;
      return taken && {clientId: 'model', number, changes: taken};
    },
    settle: async (room, number, {epoch, offset, content}) => {
      await check();
      const row = memory.rows.get(room);
      if (row?.epoch !== epoch || row.offset !== offset) {
        return false;
      }
      if (canonicalize(content) != canonicalize(JSON.parse(row.content))) {
        throw new Error('What is to be settled is not what the sink has.');
      }
      if (edits.number == number) {
        delete edits.taken;
      }
      return true;
    },
  };
};
