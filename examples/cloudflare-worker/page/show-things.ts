/** Shows the things of a Store in a list, where they can be ticked and removed. */
import type {Store} from 'tinybase';
import {readThings, type Thing, THINGS} from './things';

type Item = {element: HTMLElement; show(thing: Thing): void};

export const showThings = (
  list: HTMLElement,
  store: Store,
  {onRemove}: {onRemove(): void},
): void => {
  const items = new Map<string, Item>();

  const createItem = (id: string): Item => {
    const element = document.createElement('li');
    const label = document.createElement('label');
    const box = document.createElement('input');
    box.type = 'checkbox';
    box.addEventListener('change', () =>
      store.setCell(THINGS, id, 'done', box.checked),
    );
    const text = document.createElement('span');
    const by = document.createElement('small');
    const remove = document.createElement('button');
    remove.type = 'button';
    remove.textContent = '×';
    remove.addEventListener('click', () => {
      store.delRow(THINGS, id);
      onRemove();
    });
    label.append(box, text);
    element.append(label, by, remove);
    return {
      element,
      show: (thing) => {
        box.checked = thing.done;
        text.textContent = thing.text;
        by.textContent = thing.by;
        remove.setAttribute('aria-label', `Remove ${thing.text}`);
      },
    };
  };

  const show = (): void => {
    const things = readThings(store);
    for (const [id, {element}] of items) {
      if (!store.hasRow(THINGS, id)) {
        element.remove();
        items.delete(id);
      }
    }
    things.forEach((thing, index) => {
      const item = items.get(thing.id) ?? createItem(thing.id);
      items.set(thing.id, item);
      item.show(thing);
      // Only what is elsewhere is moved, for the focus to stay.
      if (list.children[index] != item.element) {
        list.insertBefore(item.element, list.children[index] ?? null);
      }
    });
  };

  store.addTableListener(THINGS, show);
  show();
};
