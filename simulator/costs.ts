/** A call that was picked up, and a message that was delivered, as Meta bills them. `at` is when it ended or arrived. */
export type BilledCall = { at: number; phone_number: string; country: string; direction: string; seconds: number };
export type BilledMessage = {
  at: number;
  phone_number: string;
  country: string;
  pricing_category: string;
  pricing_type: string;
};

export type Costs = ReturnType<typeof createCosts>;

/** What the account bills in. */
export const currency = 'INR';

/** Invented prices: for a minute of an outgoing call by the customer's country, and for a delivered template. */
const perMinute: Readonly<Record<string, number>> = { IN: 0.85, AE: 1.12, GB: 0.96, US: 0.91 };
const elsewhere = 0.99;
const perMessage: Readonly<Record<string, number>> = { UTILITY: 0.115, AUTHENTICATION: 0.115, MARKETING: 0.8631 };

/** A started pulse of six seconds counts whole. */
const pulse = 6;

/** The price of a call: incoming ones are free. */
export const callCost = ({ direction, country, seconds }: BilledCall): number =>
  direction === 'USER_INITIATED' ? 0 : (Math.ceil(seconds / pulse) * pulse * (perMinute[country] ?? elsewhere)) / 60;

/** The price of a message: free inside the service window. */
export const messageCost = ({ pricing_type, pricing_category }: BilledMessage): number =>
  pricing_type === 'REGULAR' ? (perMessage[pricing_category] ?? 0) : 0;

const callingCodes: readonly (readonly [code: string, country: string])[] = [
  ['91', 'IN'],
  ['971', 'AE'],
  ['44', 'GB'],
  ['1', 'US'],
];

/** The country of a phone number, ZZ where the simulator does not know it. */
export const countryOf = (waId: string): string => callingCodes.find(([code]) => waId.startsWith(code))?.[1] ?? 'ZZ';

/** Meta looks back no further than a year. */
const lookBack = 366 * 86_400_000;

/** What Meta bills; kept over a restart as it is. */
export type Billed = { calls: BilledCall[]; messages: BilledMessage[]; factor: number };

/** What Meta will bill. `revise` multiplies every cost from now on: Meta corrects its figures for some days. */
export function createCosts(billed: Billed = { calls: [], messages: [], factor: 1 }) {
  return {
    billed,
    addCall: (call: BilledCall) => add(billed.calls, call),
    addMessage: (message: BilledMessage) => add(billed.messages, message),
    revise: (factor: number) => {
      billed.factor = factor;
    },
  };
}

function add<R extends { at: number }>(rows: R[], row: R) {
  rows.push(row);
  while (rows[0] && rows[0].at <= row.at - lookBack) rows.shift();
}
