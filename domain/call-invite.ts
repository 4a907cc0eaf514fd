import type { inviteEvents } from './call-invite-events.ts';
import { type EventOf, type Refusal, refuse } from './decider.ts';
import { windowIsOpen } from './service-window.ts';
import { type Instant, minutes, notBefore } from './time.ts';

type Event = EventOf<typeof inviteEvents>;
type Fields<T extends Event['type']> = Omit<Extract<Event, { type: T }>, 'type'>;

type Invite = {
  readonly inviteId: string;
  readonly at: Instant;
  readonly ticketId: string | null;
  readonly messageId: string | null;
  readonly expiresAt: Instant;
  readonly state: 'under_way' | 'delivered' | 'refused' | 'undelivered' | 'expired';
  /** The latest calls that came from it. */
  readonly callIds: readonly string[];
};

/** What a conversation knows for its invites. */
export type Inviting = {
  readonly ticketId: string | null;
  readonly windowUntil: Instant;
  /** Also some that are over: a customer may tap late, and we may hear of it later. */
  readonly invites: readonly Invite[];
};

/** How many invites, and how many calls of each, a conversation remembers. */
const remembered = 20;

/** Whether the customer has it, or may have it, and its time is not up. */
const mayBeTapped = ({ state }: Invite) => state === 'under_way' || state === 'delivered';

/** Beyond so many, the oldest of those that are over is forgotten, else the oldest. */
const bounded = (invites: readonly Invite[]): readonly Invite[] => {
  if (invites.length <= remembered) return invites;
  const forgotten = invites.find((invite) => !mayBeTapped(invite)) ?? invites[0];
  return invites.filter((invite) => invite !== forgotten);
};

type About = { at: Instant; channelId: string; customerId: string; inviteId: string };

/** `channel`: what the number itself has against being called (`callInRefusal`). */
type Inviter = Omit<Fields<'CallInvited'>, 'ticketId' | 'expiresAt'> & { channel: Refusal | null };

/** What is recorded of an invite belongs to its own ticket, unless the command names another. */
const onInvite =
  <C extends About>(event: (invite: Invite, c: { ticketId: string | null } & C) => Event | null) =>
  (s: Inviting, c: C): Event[] => {
    const invite = s.invites.find(({ inviteId }) => inviteId === c.inviteId);
    const happened = invite && event(invite, { ticketId: invite.ticketId, ...c, at: notBefore(invite.at)(c.at) });
    return happened ? [happened] : [];
  };

/** What is decided about inviting a customer to call: no permission is needed, and no limit applies. */
export const inviteDecisions = {
  InviteToCall: (s: Inviting, { channel, ...c }: Inviter): Event[] | Refusal => {
    if (s.invites.some(({ inviteId }) => inviteId === c.inviteId)) return [];
    if (channel) return channel;
    if (c.method === 'free_form' && !windowIsOpen(s, c.at)) return refuse('conversation.window_closed');
    return [{ type: 'CallInvited', ...c, ticketId: s.ticketId, expiresAt: c.at + minutes(c.ttlMinutes) }];
  },

  RecordInviteSent: onInvite<About & { messageId: string }>(({ messageId }, c) =>
    messageId === null ? { type: 'CallInviteSent', ...c } : null,
  ),
  RecordInviteRefused: onInvite<About & { metaErrorCode: number | null }>(({ state, messageId }, c) =>
    state === 'under_way' && messageId === null ? { type: 'CallInviteRefused', ...c } : null,
  ),
  RecordInviteDelivered: onInvite(({ state }, c) =>
    state === 'under_way' ? { type: 'CallInviteDelivered', ...c } : null,
  ),
  RecordInviteUndelivered: onInvite<About & { metaErrorCode: number | null }>(({ state }, c) =>
    state === 'under_way' ? { type: 'CallInviteUndelivered', ...c } : null,
  ),

  /** A call came from it; that call's ticket is told. Until when a button can be tapped is for Meta to say, not for us. */
  RecordInviteUsed: onInvite<About & { callId: string; ticketId: string }>(({ callIds }, c) =>
    callIds.includes(c.callId) ? null : { type: 'CallInviteUsed', ...c },
  ),

  /** Fired by a timer when its time is up. */
  ExpireInvite: onInvite((invite, c) =>
    mayBeTapped(invite) && c.at >= invite.expiresAt ? { type: 'CallInviteExpired', ...c } : null,
  ),
};

const withInvite = <S extends Inviting>(s: S, inviteId: string, change: (invite: Invite) => Partial<Invite>): S => ({
  ...s,
  invites: s.invites.map((invite) => (invite.inviteId === inviteId ? { ...invite, ...change(invite) } : invite)),
});

const becomes =
  (state: Invite['state']) =>
  <S extends Inviting>(s: S, { inviteId }: Event): S =>
    withInvite(s, inviteId, () => ({ state }));

/** The state of a conversation's invites after each event. */
export const evolveInvites: {
  [K in Event['type']]: <S extends Inviting>(s: S, event: Extract<Event, { type: K }>) => S;
} = {
  CallInvited: (s, { inviteId, at, ticketId, expiresAt }) => {
    const invite: Invite = { inviteId, at, ticketId, messageId: null, expiresAt, state: 'under_way', callIds: [] };
    return { ...s, invites: bounded([...s.invites, invite]) };
  },
  CallInviteSent: (s, { inviteId, messageId }) => withInvite(s, inviteId, () => ({ messageId })),
  CallInviteRefused: becomes('refused'),
  CallInviteDelivered: becomes('delivered'),
  CallInviteUndelivered: becomes('undelivered'),
  CallInviteUsed: (s, { inviteId, callId }) =>
    withInvite(s, inviteId, ({ callIds }) => ({ callIds: [...callIds, callId].slice(-remembered) })),
  CallInviteExpired: becomes('expired'),
};
