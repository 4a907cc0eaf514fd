import { expect } from 'vitest';
import { openPage, type Page } from './page.ts';
import { eventually, type Ringbook } from './ringbook.ts';

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into by tests, each in its own way
type Json = any;
type Answer = { readonly status: number; readonly body: Json };

const succeeds = ({ status }: Answer) => status < 300;
const insist = (act: () => Promise<Answer>) => eventually(act, succeeds);
/** Whether something has at least these fields, as deep as they go. */
const holding = (expected: object) => (found: Json) => {
  try {
    expect(found).toMatchObject(expected);
    return true;
  } catch {
    return false;
  }
};

export type Customer = ReturnType<typeof customerOf>;
export type Desk = Awaited<ReturnType<ReturnType<typeof desks>['open']>>;
export type Agent = Awaited<ReturnType<Desk['arrives']>>;

type Opening = { readonly rules?: object; readonly agents?: readonly string[]; readonly calling?: object };

const freeForm = { method: 'free_form' };

const alwaysOpen = {
  enabled: true,
  userInitiated: { enabled: true, workingHours: null, holidays: [] },
  callbackRequests: { enabled: false },
};

/** A customer of one channel: what they do on their phone, and what the helpdesk shows of them. */
const customerOf = (ringbook: Ringbook, owner: object, channelId: string, waId: string) => {
  const ask = async (path: string): Promise<Json> => (await ringbook.ask(owner as { sub: string }, path)).body;
  const does = (action: string, more: object = {}) => ringbook.customer(waId, action, { channelId, ...more });
  const at = `/v1/channels/${channelId}/customers/${waId}`;
  const shows = (read: () => Promise<Json>, expected: object) => eventually(read, holding(expected));
  const row = async (expected: object) => {
    const read = async () => (await ask(`/v1/call-logs?customer=${waId}`)).items.find(holding(expected));
    return eventually(read, (found) => found !== undefined);
  };
  return {
    waId,
    at,
    /** Calls the business; `how` is what the simulator takes. */
    async rings(how: object = {}) {
      const { body } = await insist(() => does('call', how));
      return row({ metaCallId: body.metaCallId });
    },
    answers: () => insist(() => does('answer')),
    declines: () => insist(() => does('decline')),
    hangsUp: () => insist(() => does('hang-up')),
    loses: () => insist(() => does('fail')),
    /** Writes, and our side knows: the service window is open. */
    writes: () => insist(() => does('message', { text: 'Hello' })),
    permits: (how: object = { source: 'request' }) => insist(() => does('permission', { response: 'accept', ...how })),
    refuses: (how: object = { source: 'request' }) => insist(() => does('permission', { response: 'reject', ...how })),
    /** A call with this customer, once one reads so. */
    row,
    /** The answer to "may we call?", once it reads so. */
    permission: (expected: object = {}) => shows(() => ask(`${at}/permission`), expected),
    /** The customer's newest ticket, once it reads so. */
    ticket: (expected: object = {}) =>
      shows(async () => (await ask(`/v1/tickets?q=${waId}&sort=-openedAt`)).items[0], expected),
    /** The titles in the history of their newest ticket, the oldest first, once all of these are there. */
    async history(...titles: readonly string[]): Promise<string[]> {
      const read = async () => {
        const [ticket] = (await ask(`/v1/tickets?q=${waId}&sort=-openedAt`)).items;
        const { items } = await ask(`/v1/tickets/${ticket.ticketId}/activities?limit=200`);
        return items.map(({ type }: { type: string }) => type);
      };
      return eventually(read, (told) => titles.every((title) => told.includes(title)));
    },
    /** Their newest callback request, once it reads so. */
    callback: (expected: object = {}) =>
      shows(async () => (await ask(`/v1/callback-requests?customer=${waId}&sort=-requestedAt`)).items[0], expected),
    missed: async () => (await ask('/v1/missed-calls')).items.find((item: Json) => item.customer.waId === waId),
  };
};

const days = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'];

/** Helpdesks in one running Ringbook, each a store of its own with one channel, its agents off duty. */
export const desks = (ringbook: Ringbook) => {
  let opened = 0;
  const pages: Page[] = [];

  const open = async ({ rules = { mode: 'round_robin' }, agents = ['asha'], calling = {} }: Opening = {}) => {
    const number = ++opened;
    const [store, channelId] = [`store${number}`, `8000000000001${String(number).padStart(2, '0')}`];
    const owner = { sub: 'owner', store, role: 'admin' as const };
    const put = async (path: string, body: object) => {
      const answer = await ringbook.ask(owner, path, { method: 'PUT', body });
      expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    };
    const configure = (change: object) => put(`/v1/channels/${channelId}/calling`, { ...alwaysOpen, ...change });
    await put(`/v1/channels/${channelId}`, { name: 'Care', displayPhoneNumber: '+910000000001', wabaId: '9' });
    await configure(calling);
    await put('/v1/routing', { ringSeconds: 30, queueSeconds: 60, ...rules });
    for (const agentId of agents)
      await put(`/v1/agents/${agentId}`, {
        name: agentId,
        email: `${agentId}@acme.example`,
        role: 'agent',
        teams: [agentId],
      });

    let customers = 0;
    return {
      store,
      channelId,
      owner,
      put,
      configure,
      ask: (path: string, body?: object) => ringbook.ask(owner, path, body && { body }),
      items: async (path: string): Promise<Json[]> => (await ringbook.ask(owner, path)).body.items,
      customer: () =>
        customerOf(
          ringbook,
          owner,
          channelId,
          `9190${String(number).padStart(4, '0')}${String(++customers).padStart(4, '0')}`,
        ),

      /** Comes on duty with a page open. */
      async arrives(agentId: string, { tab = 'tab-1', active = true } = {}) {
        const who = { sub: agentId, store };
        const page = await openPage(ringbook.realtime, { token: await ringbook.token(who), tab });
        pages.push(page);
        if (active) await put(`/v1/agents/${agentId}/availability`, { active: true });
        const post = (path: string, body: object = {}) => ringbook.ask(who, path, { body });
        const isOver = (id: string) =>
          page.frames.some(({ type, callId }) => callId === id && /^call\.(connected|ended|withdrawn)$/.test(type));
        /** The call of theirs that rings here now. */
        const offer = ({ waId }: Customer) =>
          page.until(({ type, from, callId }) => type === 'call.offer' && from?.waId === waId && !isOver(callId));
        const end = (callId: string) => post(`/v1/calls/${callId}/end`);
        return {
          who,
          page,
          post,
          /** It rings here, and our side knows that the page shows it. */
          async offered(customer: Customer): Promise<Json> {
            const frame = await offer(customer);
            await eventually(
              () => ringbook.ask(who, `/v1/call-logs/${frame.callId}`),
              ({ body }) => body.timeline.some(({ type }: { type: string }) => type === 'OfferAcknowledged'),
            );
            return frame;
          },
          wasOffered: ({ waId }: Customer) =>
            page.frames.some(({ type, from }) => type === 'call.offer' && from?.waId === waId),
          async declines(customer: Customer) {
            const { callId } = await offer(customer);
            await insist(() => post(`/v1/calls/${callId}/decline`));
          },
          /** Answers the customer's call; both speak. */
          async takes(customer: Customer) {
            const { callId, ticketId } = await offer(customer);
            await insist(() => post(`/v1/calls/${callId}/accept`));
            await page.until((frame) => frame.type === 'call.connected' && frame.callId === callId);
            return { callId: String(callId), ticketId: String(ticketId), end: () => end(callId) };
          },
          /** Tries to ask for leave to call. */
          asks: ({ at }: Customer, how: object = freeForm) => post(`${at}/permission-requests`, how),
          /** Asks, as soon as that is allowed. Resolves with the request's id. */
          async hasAsked({ at }: Customer, how: object = freeForm): Promise<string> {
            return (await insist(() => post(`${at}/permission-requests`, how))).body.requestId;
          },
          /** Tries to call. */
          calls: ({ waId }: Customer) => post('/v1/calls', { channelId, customer: waId }),
          /** Tries to take on a callback request, or to give it back. */
          claims: ({ id }: { id: string }) => post(`/v1/callback-requests/${id}/claim`),
          gives: ({ id }: { id: string }) => post(`/v1/callback-requests/${id}/release`),
          /** Calls, as soon as that is allowed. Resolves with the call's id. */
          async dials({ waId }: Customer): Promise<string> {
            return (await insist(() => post('/v1/calls', { channelId, customer: waId }))).body.callId;
          },
          end,
          /** Calls, is picked up, and both speak. */
          async reaches(customer: Customer) {
            const { body } = await insist(() => post('/v1/calls', { channelId, customer: customer.waId }));
            await customer.answers();
            await page.until((frame) => frame.type === 'call.connected' && frame.callId === body.callId);
            return { callId: String(body.callId), ticketId: String(body.ticketId), end: () => end(body.callId) };
          },
          resolves: (ticketId: string) => insist(() => post(`/v1/tickets/${ticketId}/resolve`)),
        };
      },
    };
  };

  /** The time of day, weekday and date so many minutes from now by the simulator's clock; UTC. */
  const inMinutes = async (minutes: number) => {
    const { now } = (await ringbook.simulate('/clock')).body;
    const at = new Date(Date.parse(now) + minutes * 60_000);
    return { day: days[at.getUTCDay()], time: at.toISOString().slice(11, 16), date: at.toISOString().slice(0, 10) };
  };

  return {
    open,
    inMinutes,
    /** Takes calls from `from` to `until` minutes from now, and at no other time of the week. */
    async openFrom(from: number, until: number) {
      const [opens, closes] = [await inMinutes(from), await inMinutes(until)];
      const weekly = [{ day: opens.day, open: opens.time, close: closes.time }];
      return { enabled: true, workingHours: { timezone: 'UTC', weekly }, holidays: [] };
    },
    advance: (by: string) => ringbook.simulate('/clock', { advance: by }),
    async closePages() {
      await Promise.all(pages.splice(0).map((page) => page.close()));
    },
  };
};
