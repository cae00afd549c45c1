/** The documents of the stand-in, their filters and their transactions. */
import {BSON, type Document} from 'mongodb';

const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024;
const MAX_LEVELS = 100;

export class CommandError extends Error {
  readonly code: number;
  readonly labels: string[];

  constructor(code: number, message: string, labels: string[] = []) {
    super(message);
    this.code = code;
    this.labels = labels;
  }
}

/** Documents of a collection by their `_id`, as a key. */
export type Documents = Map<string, Document>;
type Base = Map<string, Documents>;

export type Transaction = {
  documents: Base;
  base: Base;
  written: Map<string, Set<string>>;
};

const copyAll = (base: Base): Base =>
  new Map([...base].map(([name, documents]) => [name, new Map(documents)]));

export const toKey = (_id: unknown): string =>
  BSON.EJSON.stringify({_id: _id as any});

/** As a strict server: of 4.2, say, which takes no such names. */
const checkNames = (thing: unknown, level = 0): void => {
  if (level > MAX_LEVELS) {
    throw new CommandError(15, 'more than 100 levels in a document');
  }
  if (typeof thing != 'object' || !thing || '_bsontype' in thing) {
    return;
  }
  for (const [name, inner] of Object.entries(thing)) {
    if (!Array.isArray(thing) && (name == '' || /^\$|\./.test(name))) {
      throw new CommandError(57, `the name ${JSON.stringify(name)} of a field`);
    }
    checkNames(inner, level + 1);
  }
};

const OPERATORS: {
  [name: string]: (value: unknown, operand: any) => boolean;
} = {
  $exists: (value, operand) => (value !== undefined) == operand,
  $ne: (value, operand) => value !== operand,
  $gt: (value, operand) => typeof value == 'number' && value > operand,
};

export const matches = (document: Document, filter: Document): boolean =>
  Object.entries(filter).every(([name, wanted]) => {
    if (name == '$or') {
      return wanted.some((one: Document) => matches(document, one));
    }
    if (typeof wanted != 'object' || !wanted) {
      return document[name] === wanted;
    }
    return Object.entries(wanted).every(([operator, operand]) => {
      const test = OPERATORS[operator];
      if (!test) {
        throw new CommandError(2, `the stand-in does not know ${operator}`);
      }
      return test(document[name], operand);
    });
  });

export class MongoDocuments {
  readonly #committed: Base = new Map();
  readonly #open = new Set<Transaction>();

  begin(): Transaction {
    const base = copyAll(this.#committed);
    const transaction = {base, documents: copyAll(base), written: new Map()};
    this.#open.add(transaction);
    return transaction;
  }

  abort(transaction: Transaction): void {
    this.#open.delete(transaction);
  }

  commit(transaction: Transaction): void {
    this.#open.delete(transaction);
    for (const [name, keys] of transaction.written) {
      for (const key of keys) {
        const document = transaction.documents.get(name)?.get(key);
        const documents = this.get(name);
        document ? documents.set(key, document) : documents.delete(key);
      }
    }
  }

  get(name: string, transaction?: Transaction): Documents {
    const all = transaction?.documents ?? this.#committed;
    const documents = all.get(name) ?? new Map();
    all.set(name, documents);
    return documents;
  }

  drop(database: string): void {
    for (const name of this.#committed.keys()) {
      if (name.startsWith(`${database}.`)) {
        this.#committed.delete(name);
      }
    }
  }

  find(name: string, filter: Document, transaction?: Transaction): Document[] {
    const documents = this.get(name, transaction);
    if (typeof filter['_id'] == 'string') {
      const one = documents.get(toKey(filter['_id']));
      return one && matches(one, filter) ? [one] : [];
    }
    return [...documents.values()].filter((one) => matches(one, filter));
  }

  /** Sets a document, or deletes it where it is undefined. */
  set(
    [name, key]: [string, string],
    document: Document | undefined,
    transaction?: Transaction,
  ): void {
    if (document) {
      checkNames(document);
      if (BSON.calculateObjectSize(document) > MAX_DOCUMENT_BYTES) {
        throw new CommandError(10_334, 'BSONObj size is invalid');
      }
    }
    const others = [...this.#open].filter((one) => one != transaction);
    const isWritten = others.some((one) => one.written.get(name)?.has(key));
    const isNewer =
      transaction &&
      this.#committed.get(name)?.get(key) !==
        transaction.base.get(name)?.get(key);
    if (isWritten || isNewer) {
      if (transaction) {
        this.abort(transaction);
      }
      throw new CommandError(112, 'WriteConflict', [
        'TransientTransactionError',
      ]);
    }
    if (transaction) {
      const keys = transaction.written.get(name) ?? new Set();
      transaction.written.set(name, keys.add(key));
    }
    const documents = this.get(name, transaction);
    document ? documents.set(key, document) : documents.delete(key);
  }
}
