import { z } from 'zod';
import { agent } from './agent.ts';
import { call } from './call.ts';
import { channel } from './channel.ts';
import { conversation } from './conversation.ts';
import type { Decider } from './decider.ts';
import { permission } from './permission.ts';
import { personalFields, type Subject } from './personal.ts';
import { routing } from './routing.ts';
import { ticket } from './ticket.ts';

const deciders = [agent, call, channel, conversation, permission, routing, ticket] as const;

type EventOf<D> = D extends Decider<infer _, infer E, infer _> ? E : never;

/** Every fact the system can record. */
export type DomainEvent = EventOf<(typeof deciders)[number]>;
export type EventType = DomainEvent['type'];
export type Named<T extends EventType> = Extract<DomainEvent, { type: T }>;

export type EventShape = {
  readonly category: string;
  readonly schema: z.ZodType<DomainEvent>;
  /** The event's personal fields, each with the field that names its person. */
  readonly personal: ReadonlyMap<string, Subject>;
};

/** Every event type: where it lives, what it looks like, which of its fields are personal. */
export const catalogue: ReadonlyMap<string, EventShape> = new Map(
  deciders.flatMap(({ category, events }) =>
    Object.entries(events).map(([type, shape]) => [
      type,
      { category, schema: z.object({ type: z.literal(type), ...shape }) as never, personal: personalFields(shape) },
    ]),
  ),
);
