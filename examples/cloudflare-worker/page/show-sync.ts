/** Says whether all is saved. */
import type {PartyKitPersister} from 'tinybase-partykit/client';

export const showSync = (
  badge: HTMLElement,
  persister: PartyKitPersister,
): void => {
  const show = (): void => {
    const state = persister.getSyncState();
    const pending = persister.getPendingCount();
    badge.dataset.state = state;
    switch (state) {
      case 'offline':
        badge.textContent = pending
          ? `Connecting, ${pending} unsaved`
          : 'Connecting';
        break;
      case 'syncing':
        badge.textContent = 'Saving';
        break;
      case 'synced':
        badge.textContent = 'Saved';
        break;
    }
  };
  persister.addSyncStateListener(show);
  show();
};
