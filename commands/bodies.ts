import { z } from 'zod';
import { Role } from '../domain/agent.ts';
import { ButtonText, TtlMinutes, usualInvite } from '../domain/call-invite-events.ts';
import { unlimited } from '../domain/capacity.ts';
import { TimeOfDay, TimeZone } from '../domain/hours.ts';
import { RoutingMode } from '../domain/routing.ts';

// What strangers may send: strict, so that a mistyped field is named rather than ignored.

const text = (longest: number) => z.string().trim().min(1).max(longest);
const id = text(128);

export const ChannelId = z
  .string()
  .regex(/^[\w-]{1,64}$/, "Meta's phone number id: letters, digits, hyphen, underscore");
export const CustomerName = z
  .string()
  .regex(/^(\+?\d{5,20}|cus_[a-z2-7]{26})$/, 'a number in digits with its country code, or a customerId (cus_…)');
export const AgentId = id;
export const Id = id;

export const Nothing = z.strictObject({});

export const ChannelBody = z.strictObject({
  name: text(128),
  displayPhoneNumber: z.string().regex(/^\+?[\d\s()./-]{5,32}$/, 'a phone number such as "+91 00000 00001"'),
  wabaId: text(64),
});

export const AgentBody = z.strictObject({
  name: text(128),
  email: z.email(),
  role: Role,
  teams: z.array(text(64)).max(50).default([]),
  capacity: z.int().positive().nullable().default(null),
});

export const AvailabilityBody = z.strictObject({ active: z.boolean(), reason: text(500).nullable().default(null) });

const TeamName = text(64).regex(/^[^.$\0]+$/, 'a team whose name has neither dot nor dollar sign');
const Capacity = z.int().min(1).max(10_000);

export const RoutingBody = z.strictObject({
  mode: RoutingMode,
  onlyIfAvailable: z.boolean().default(true),
  ringSeconds: z.int().min(1).max(120).default(30),
  queueSeconds: z.int().min(1).max(3_600).default(60),
  capacity: z
    .strictObject({
      global: Capacity.nullable().default(null),
      teams: z.record(TeamName, Capacity).default({}),
    })
    .default(unlimited),
});

const some = (item: z.ZodString) => z.array(item).max(200).default([]);

export const JourneyBody = z.strictObject({
  name: text(128),
  priority: z.int().min(0).max(1_000_000),
  when: z
    .strictObject({
      channels: some(ChannelId),
      regions: some(z.string().regex(/^[1-9]\d{0,6}$/, 'a calling code such as "91"')),
      tags: some(text(128)),
      between: z
        .strictObject({ timezone: TimeZone, from: TimeOfDay, until: TimeOfDay })
        .refine(({ from, until }) => from !== until, 'ends at another time than it begins')
        .nullable()
        .default(null),
      skills: some(text(64)),
    })
    .prefault({}),
  route: z.union(
    [z.strictObject({ team: text(64) }), z.strictObject({ agent: id })],
    'one of {"team": …} or {"agent": …}',
  ),
});

const Sdp = z.string().min(1).max(64_000).nullable().default(null);

export const PlaceCallBody = z.strictObject({ channelId: ChannelId, customer: CustomerName, sdpOffer: Sdp });
export const AcceptCallBody = z.strictObject({ sdpAnswer: Sdp });

const Template = z.strictObject({
  name: text(512),
  language: text(16),
  parameters: z.array(z.string().max(1_024)).max(50).default([]),
});

const freeForm = { method: z.literal('free_form'), body: text(1_024).nullable().default(null) };
const byTemplate = { method: z.literal('template'), template: Template };

/** Free-form text only inside the service window; a template always. */
export const PermissionRequestBody = z.discriminatedUnion('method', [
  z.strictObject(freeForm),
  z.strictObject(byTemplate),
]);

const ttlMinutes = TtlMinutes.default(usualInvite.ttlMinutes);

/** The same two methods, and the button. */
export const CallInviteBody = z.discriminatedUnion('method', [
  z.strictObject({ ...freeForm, displayText: ButtonText.default(usualInvite.displayText), ttlMinutes }),
  z.strictObject({
    ...byTemplate,
    displayText: ButtonText.optional().describe('Not used: the button of a template has its own words.'),
    ttlMinutes,
  }),
]);

export const AssignBody = z.union(
  [z.strictObject({ agentId: id }), z.strictObject({ teamId: id }), z.strictObject({ unassigned: z.literal(true) })],
  'one of {"agentId": …}, {"teamId": …} or {"unassigned": true}',
);

export const NoteBody = z.strictObject({ text: text(4_096) });
export const DismissBody = z.strictObject({ reason: text(500) });
