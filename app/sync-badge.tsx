/**
 * Offline, syncing or synced, and how many changes the room has not answered.
 */
import {useEffect, useState} from 'react';
import type {Sync} from './use-sync.js';

// A change is often answered within a millisecond. Eyes can ignore such a
// flicker, a screen reader would read it out.
const SETTLED_MS = 600;

type Props = {sync: Sync; online: boolean};

export const SyncBadge = ({sync, online}: Props) => {
  const label = describe(sync, online);
  return (
    <>
      <span className="badge" data-state={sync.state} aria-hidden="true">
        {label}
      </span>
      <span className="visually-hidden" role="status">
        {useSettled(label)}
      </span>
    </>
  );
};

const describe = ({state, pending}: Sync, online: boolean): string => {
  switch (state) {
    case 'offline': {
      const link = online ? 'Connecting' : 'Offline';
      return pending ? `${link}, ${pending} unsent` : link;
    }
    case 'syncing':
      return pending ? `Syncing ${pending}` : 'Syncing';
    case 'synced':
      return 'Synced';
  }
};

const useSettled = (label: string): string => {
  const [settled, setSettled] = useState(label);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(label), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [label]);
  return settled;
};
