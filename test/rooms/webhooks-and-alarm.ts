import type * as Party from 'partykit/server';
import Webhooks from './webhooks.js';

/** A room with webhooks, and an alarm of its own that it counts. */
export default class extends Webhooks {
  async onAlarm(): Promise<void> {
    const {storage} = this.party;
    const rings = ((await storage.get('rings')) as number | undefined) ?? 0;
    await storage.put('rings', rings + 1);
    if (await storage.get('throws')) {
      await storage.delete('throws');
      throw new Error('What an app may throw');
    }
    this.getStore().setValue('rings', rings + 1);
  }

  override async onRequest(request: Party.Request): Promise<Response> {
    const {storage} = this.party;
    const {pathname, searchParams} = new URL(request.url);
    if (!pathname.endsWith('/alarm')) {
      return await super.onRequest(request);
    }
    const at = Date.now() + Number(searchParams.get('ms'));
    if (request.method == 'POST') {
      await storage.setAlarm(at);
    } else if (request.method == 'PUT') {
      await storage.transaction(async (inner) => await inner.setAlarm(at));
    }
    return Response.json(await storage.getAlarm());
  }
}
