import { z } from 'zod';
import type { Limits } from './limits.ts';
import type { Restriction } from './restrictions.ts';
import { type CallingSettings, defaultSettings } from './settings.ts';

/** What else Meta has to know of a business before it lets it call: how it pays, where it is, how much it may send. */
export const Account = z.strictObject({
  paymentMethod: z.boolean().default(true),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, 'two capital letters, such as IN')
    .default('IN'),
  messagingLimit: z.int().min(0).default(2_000),
  subscribedToCalls: z.boolean().default(true),
});
export type Account = z.infer<typeof Account>;

/** A business phone number. */
export type Channel = {
  readonly id: string;
  settings: CallingSettings;
  account: Account;
  restrictions: Restriction[];
  /** Its own limits, where they differ from everybody's. */
  limits?: Limits;
  /** When it placed calls, and asked for permissions. */
  placedAt: number[];
  queriedAt: number[];
};

/** A number nobody has set up. */
export const newChannel = (id: string): Channel => ({
  id,
  settings: defaultSettings,
  account: Account.parse({}),
  restrictions: [],
  placedAt: [],
  queriedAt: [],
});

/** From these countries no business may call. */
const withoutOutgoingCalls: readonly string[] = ['US', 'CA', 'EG', 'VN', 'NG'];

/** Whether a business of this country may call its customers, and so ask for their permission. */
export const mayCallFrom = ({ country }: Account): boolean => !withoutOutgoingCalls.includes(country);
