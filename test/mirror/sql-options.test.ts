/** What `createSqlSink` does not take. */
import {DummyDriver, Kysely, MssqlAdapter, SqliteDialect} from 'kysely';
import {describe, expect, it} from 'vitest';
import {createSqlSink} from '../../src/mirror/sql/index.js';

const sqlite = new SqliteDialect({database: async () => undefined as any});

describe('createSqlSink', () => {
  it('says what is wrong with its options', () => {
    const db = new Kysely<any>({dialect: sqlite});
    const create = (options: any) => () => createSqlSink({db, ...options});
    expect(create({})).not.toThrow();
    expect(create({db: undefined})).toThrow(/instance of Kysely/);
    expect(create({db: {}})).toThrow(/instance of Kysely/);
    expect(create({db: db.withSchema('x')})).toThrow(/search_path/);
    expect(create({tablePrefix: 'a-b'})).toThrow(/`tablePrefix`/);
    expect(create({tablePrefix: 'a'.repeat(21)})).toThrow(/`tablePrefix`/);
    expect(create({document: 1})).toThrow(/`document`/);
    expect(create({history: 'yes'})).toThrow(/`history`/);
  });

  it('says which dialect it does not know', () => {
    const db = new Kysely<any>({
      dialect: {
        createAdapter: () => new MssqlAdapter(),
        createDriver: () => new DummyDriver(),
        createIntrospector: () => ({}) as any,
        createQueryCompiler: () => ({}) as any,
      },
    });
    expect(() => createSqlSink({db})).toThrow(/dialect of MssqlAdapter/);
  });
});
