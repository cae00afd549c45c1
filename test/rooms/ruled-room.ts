/**
 * The same rules for both halves' rooms, by ids alone: what is called
 * 'refused' cannot be set, no number may be negative, and what is called
 * 'kept' cannot be deleted.
 */
type Id = string;

interface Hooked {
  canSetTable(tableId: Id, ...rest: any[]): boolean | Promise<boolean>;
  canDelTable(tableId: Id, ...rest: any[]): boolean | Promise<boolean>;
  canSetRow(tableId: Id, rowId: Id, ...rest: any[]): boolean | Promise<boolean>;
  canDelRow(tableId: Id, rowId: Id, ...rest: any[]): boolean | Promise<boolean>;
  canSetCell(
    t: Id,
    r: Id,
    c: Id,
    cell: any,
    ...rest: any[]
  ): boolean | Promise<boolean>;
  canDelCell(t: Id, r: Id, c: Id, ...rest: any[]): boolean | Promise<boolean>;
  canSetValue(
    valueId: Id,
    value: any,
    ...rest: any[]
  ): boolean | Promise<boolean>;
  canDelValue(valueId: Id, ...rest: any[]): boolean | Promise<boolean>;
}

const canSet = (id: Id): boolean => id !== 'refused';
const canDel = (id: Id): boolean => id !== 'kept';
const canBe = (thing: unknown): boolean =>
  !(typeof thing == 'number' && thing < 0);

export const rule = <Base extends new (...args: any[]) => Hooked>(Base: Base) =>
  class extends Base {
    override async canSetTable(tableId: Id): Promise<boolean> {
      return canSet(tableId);
    }
    override async canDelTable(tableId: Id): Promise<boolean> {
      return canDel(tableId);
    }
    override async canSetRow(_tableId: Id, rowId: Id): Promise<boolean> {
      return canSet(rowId);
    }
    override async canDelRow(_tableId: Id, rowId: Id): Promise<boolean> {
      return canDel(rowId);
    }
    override async canSetCell(
      _tableId: Id,
      _rowId: Id,
      cellId: Id,
      cell: unknown,
    ): Promise<boolean> {
      return canSet(cellId) && canBe(cell);
    }
    override async canDelCell(
      _tableId: Id,
      _rowId: Id,
      cellId: Id,
    ): Promise<boolean> {
      return canDel(cellId);
    }
    override async canSetValue(valueId: Id, value: unknown): Promise<boolean> {
      return canSet(valueId) && canBe(value);
    }
    override async canDelValue(valueId: Id): Promise<boolean> {
      return canDel(valueId);
    }
  };
