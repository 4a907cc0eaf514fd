import type { DomainEvent, EventType, Named } from '../domain/index.ts';
import type { Actor } from '../domain/metadata.ts';
import type { Instant } from '../domain/time.ts';
import type { Projection } from './projection.ts';

type Words = string | ((event: never) => string);

/** The events that are a ticket's history, in the words of the people who read it. */
const titles = {
  TicketOpened: 'Ticket Opened',
  TicketAssigned: 'Ticket Assigned',
  TicketResolved: 'Ticket Resolved',
  TicketReopened: 'Ticket Reopened',
  NoteAdded: 'Note Added',
  FirstResponseMade: 'First Response',
  MissedCallsDismissed: 'Missed Calls Dismissed',
  CallLinked: ({ direction }: Named<'CallLinked'>) => (direction === 'incoming' ? 'Call Received' : 'Call Placed'),
  CallOffered: 'Call Offered',
  OfferDeclined: 'Call Declined by Agent',
  OfferTimedOut: 'Call Not Picked Up by Agent',
  OfferNotAcknowledged: 'Call Did Not Reach Agent',
  CallAnswered: 'Call Connected',
  CallAnswerFailed: 'Call Could Not Be Connected',
  CallPickedUp: 'Call Connected',
  CallConcluded: ({ status }: Named<'CallConcluded'>) => `Call ${capitalised(status)}`,
  PermissionRequestSent: 'Permission Sent',
  PermissionRequestRefused: 'Permission Not Sent',
  PermissionRequestUndelivered: 'Permission Not Delivered',
  PermissionRequestNeverArrived: 'Permission Not Sent',
  PermissionRequestExpired: 'Permission Request Expired',
  PermissionGranted: 'Permission Approved',
  PermissionDeclined: 'Permission Declined',
  PermissionExpired: 'Permission Expired',
  PermissionRevoked: 'Permission Revoked',
  CallInvited: 'Call Invite Created',
  CallInviteSent: 'Call Invite Sent',
  CallInviteRefused: 'Call Invite Not Sent',
  CallInviteDelivered: 'Call Invite Delivered',
  CallInviteUndelivered: 'Call Invite Not Delivered',
  CallInviteUsed: 'Call Invite Used',
  CallInviteExpired: 'Call Invite Expired',
  CallbackRequested: 'Callback Requested',
  CallbackRequestRenewed: 'Callback Requested Again',
  CallbackClaimed: 'Callback Claimed',
  CallbackReleased: 'Callback Released',
  CallbackFulfilled: 'Callback Fulfilled',
  CallbackExpired: 'Callback Expired',
  CallbackClosed: 'Callback Closed',
  UnansweredWarningRaised: 'Unanswered Calls Warning',
} as const satisfies Partial<Record<EventType, Words>>;

const capitalised = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);

type Told = Extract<DomainEvent, { type: keyof typeof titles }>;

export type Activity = {
  readonly activityId: string;
  readonly ticketId: string;
  readonly at: Instant;
  readonly type: string;
  /** The name of the event behind it. */
  readonly event: string;
  readonly actor: Actor;
  /** What else the event tells. */
  readonly data: Readonly<Record<string, unknown>>;
};

const titleOf = (event: Told): string => {
  const words: Words = titles[event.type];
  return typeof words === 'string' ? words : words(event as never);
};

/** Who it is about stands on the ticket; the ids of the places are of no use here. */
const untold = new Set(['type', 'at', 'ticketId', 'channelId', 'channelName', 'customerId', 'waId', 'customerName']);

const dataOf = (event: Told) => Object.fromEntries(Object.entries(event).filter(([field]) => !untold.has(field)));

const ticketOf = (event: DomainEvent) => ('ticketId' in event && event.ticketId !== '' ? event.ticketId : null);

/** The history of every ticket, one document per activity, keyed by the event's id, in the order of the log. */
export const activities: Projection<Activity> = {
  name: 'activities',
  version: 1,
  indexes: [[{ store: 1, 'doc.ticketId': 1, at: 1, _id: 1 }]],
  listensTo: new Set(Object.keys(titles)),
  keyOf: ({ event, id }) => (ticketOf(event) === null ? null : id),
  evolve: (_, { event, id, metadata }) => ({
    activityId: id,
    ticketId: ticketOf(event) ?? '',
    at: event.at,
    type: titleOf(event as Told),
    event: event.type,
    actor: metadata.actor,
    data: dataOf(event as Told),
  }),
};
