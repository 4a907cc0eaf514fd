import type { Refusal } from '../domain/decider.ts';
import { staff } from '../http/route.ts';
import { type ClientFrame, FrameError } from './frames.ts';
import type { identity } from './identity.ts';
import { newSeat, type Seat } from './seat.ts';
import type { SessionContext } from './session.ts';
import type { subscriptions } from './subscriptions.ts';
import { maySee, questionOf } from './topics.ts';

/** One socket, as the answers to its frames see it. */
export type Conversation = SessionContext & {
  readonly id: string;
  readonly who: ReturnType<typeof identity>;
  readonly subs: ReturnType<typeof subscriptions>;
  /** Sends at once. */
  say(frame: object): void;
  beat(): void;
  seat(): Seat | null;
  sit(seat: Seat): void;
  greeted(): void;
};

type Answers = { [T in ClientFrame['type']]: (c: Conversation, frame: ClientFrame<T>) => Promise<void> | void };

/** What each frame of a client does; a frame that cannot be is a `FrameError`. */
const answers: Answers = {
  async hello(c, { token, tab, callSocket, takeOver }) {
    if (c.who.isKnown()) throw new FrameError('hello.repeated', 'this socket has said hello; open another one');
    const { store, sub: agentId, role } = await c.who.admit(token);
    c.greeted();
    if (!callSocket || !staff.includes(role)) return welcome(c);
    const seat = newSeat({ store, agentId, sessionId: c.id, tab, signal: c.say });
    c.sit(seat);
    await takeSeat(c, seat, takeOver, 'hello');
  },

  async auth(c, { token }) {
    c.who.caller();
    const { role } = await c.who.admit(token);
    for (const { id, feed } of c.subs.all()) {
      if (maySee(feed.question.topic, role)) continue;
      c.subs.remove(id);
      c.say({ type: 'gone', id, code: 'topic.forbidden' });
    }
    welcome(c);
  },

  subscribe(c, { id, topic, params, from }) {
    const question = questionOf(topic, params, c.who.caller(), c.directory);
    c.subs.add(id, c.source(question), question, from && { epoch: from.epoch, position: BigInt(from.position) });
  },

  unsubscribe(c, { id }) {
    c.who.caller();
    if (!c.subs.remove(id)) throw new FrameError('subscription.unknown', 'there is no subscription of that id');
  },

  async claim(c) {
    c.who.caller();
    const seat = c.seat();
    if (!seat) throw new FrameError('claim.no_call_socket', 'say hello with callSocket: true to have one to claim');
    await takeSeat(c, seat, true, 'claim');
  },

  async 'offer-ack'(c, { offerId }) {
    c.who.caller();
    const seat = c.seat();
    if (!seat || !(await c.desk.acknowledge(seat, offerId)))
      throw new FrameError('offer.unknown', 'no such offer rings here; it may have been withdrawn');
  },

  ping(c) {
    c.who.caller();
    c.beat();
  },
};

/** Does what a frame asks for. */
export const respond = (c: Conversation, frame: ClientFrame) => answers[frame.type](c, frame as never);

/** How the session stands: the answer to hello, to a claim and to a new token. Only an active call socket has a fence. */
const welcome = (c: Conversation) => {
  const { store, sub, exp } = c.who.caller();
  const seat = c.seat();
  c.say({
    type: 'welcome',
    sessionId: c.id,
    store,
    agentId: sub,
    now: new Date(c.now()).toISOString(),
    heartbeatMs: c.limits.heartbeatMs,
    tokenExpiresAt: exp === undefined ? null : new Date(exp * 1_000).toISOString(),
    callSocket: seat?.role ?? 'none',
    fence: seat?.role === 'active' ? seat.fence : 0,
  });
};

const takeSeat = async (c: Conversation, seat: Seat, takeOver: boolean, re: string) => {
  const refusal = await c.desk.open(seat, takeOver);
  welcome(c);
  if (refusal) c.say({ type: 'error', re, ...explained(refusal) });
  await c.desk.begin(seat);
};

const explained = ({ refused, facts }: Refusal) => ({ code: refused, detail: `refused: ${refused}`, ...facts });
