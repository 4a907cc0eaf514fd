import fc from 'fast-check';
import type { DomainEvent } from '../../domain/index.ts';
import { happened } from './events.ts';

const callId = fc.constantFrom('c1', 'c2', 'c3');
const customerId = fc.constantFrom('cus_mia', 'cus_leo');
const ticketId = fc.constantFrom('t1', 't2');

/** Any event of the stories, of a few calls, customers and tickets; in no order that makes sense. */
export const anyEvent: fc.Arbitrary<DomainEvent> = fc
  .tuple(fc.constantFrom(...Object.values(happened)), fc.nat(60), fc.record({ callId, customerId, ticketId }))
  .map(([make, minute, ids]) => {
    const event = make(minute);
    const known = Object.entries(ids).filter(([name]) => name in event);
    return { ...event, ...Object.fromEntries(known) } as DomainEvent;
  });
