/** The page: a list that everybody in its room shares. */
import {joinRoom} from './join-room';
import {showSync} from './show-sync';
import {showThings} from './show-things';
import {addThing} from './things';
import {getRoom, getUser, setUser} from './where-and-who';

const find = <Found extends HTMLElement>(selector: string): Found =>
  document.querySelector<Found>(selector)!;

const room = getRoom();
const notice = find('#notice');
const {store, persister} = joinRoom(room, getUser, () => {
  notice.textContent =
    'The room has refused that, and it is back: whoever has added a thing removes it.';
});

find('#room').textContent = room;
showSync(find('#sync'), persister);
showThings(find('#things'), store, {
  onRemove: () => find('#text').focus(),
});

find<HTMLFormElement>('#add').addEventListener('submit', (event) => {
  event.preventDefault();
  const field = find<HTMLInputElement>('#text');
  const text = field.value.trim();
  if (text) {
    addThing(store, {text, by: getUser()});
    field.value = '';
    notice.textContent = '';
  }
});

const name = find<HTMLInputElement>('#user');
name.value = getUser();
name.addEventListener('change', () => {
  name.value = setUser(name.value);
  // The room knows by the token who this is: come back with another.
  persister.getConnection().reconnect();
});
