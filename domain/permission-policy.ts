import { days, hours, type Instant } from './time.ts';

/** The limits on calling a customer, in force from an instant on. Lengths in milliseconds. */
export type PermissionPolicy = {
  readonly effectiveFrom: Instant;
  readonly requestsPer24h: number;
  readonly requestsPer7d: number;
  readonly waitAfterDecline: number;
  readonly temporaryFor: number;
  readonly connectedPer24h: number;
  readonly warnAfterUnanswered: number;
  readonly revokeAfterUnanswered: number;
  readonly requestAnswerableFor: number;
};

/** The product's numbers, which are Meta's of late 2025. A new rule is a new entry; old decisions keep the old one. */
export const defaultPolicies: readonly PermissionPolicy[] = [
  {
    effectiveFrom: 0,
    requestsPer24h: 1,
    requestsPer7d: 2,
    waitAfterDecline: hours(24),
    temporaryFor: hours(168),
    connectedPer24h: 10,
    warnAfterUnanswered: 2,
    revokeAfterUnanswered: 4,
    requestAnswerableFor: days(7),
  },
];

/** The policy in force at an instant. */
export const policyAt = (policies: readonly PermissionPolicy[], at: Instant): PermissionPolicy =>
  policies.findLast(({ effectiveFrom }) => effectiveFrom <= at) ?? policies[0]!;
