import { z } from 'zod';

const Id = z.string().min(1).max(64);

/** A place in a read model's history: which build of it (`epoch`), and how far in the log. */
const From = z.strictObject({ epoch: z.string().max(200), position: z.string().regex(/^\d{1,19}$/) });

const clientFrames = {
  hello: z.strictObject({
    type: z.literal('hello'),
    token: z.string().max(8_192),
    tab: z.string().min(1).max(100),
    callSocket: z.boolean().default(false),
    takeOver: z.boolean().default(false),
  }),
  auth: z.strictObject({ type: z.literal('auth'), token: z.string().max(8_192) }),
  subscribe: z.strictObject({
    type: z.literal('subscribe'),
    id: Id,
    topic: z.string().max(64),
    params: z.record(z.string(), z.unknown()).default({}),
    from: From.nullable().default(null),
  }),
  unsubscribe: z.strictObject({ type: z.literal('unsubscribe'), id: Id }),
  claim: z.strictObject({ type: z.literal('claim') }),
  'offer-ack': z.strictObject({ type: z.literal('offer-ack'), offerId: z.string().max(200) }),
  ping: z.strictObject({ type: z.literal('ping') }),
};

type Frames = { [T in keyof typeof clientFrames]: z.output<(typeof clientFrames)[T]> };

/** What a client may say. */
export type ClientFrame<T extends keyof Frames = keyof Frames> = Frames[T];

/** What `error` frames tell: which frame of the client it answers (`re`), a stable code, and what to do. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
  readonly code: string;

  constructor(code: string, detail: string) {
    super(detail);
    this.code = code;
  }
}

const known = (type: unknown): type is keyof Frames => typeof type === 'string' && Object.hasOwn(clientFrames, type);

/** One frame of a client, checked; throws a `FrameError` that names what is wrong with it. */
export const parseFrame = (value: unknown): ClientFrame => {
  const type = (value as { type?: unknown } | null)?.type;
  if (!known(type))
    throw new FrameError('frame.unknown', `type must be one of ${Object.keys(clientFrames).join(', ')}`);
  const parsed = clientFrames[type].safeParse(value);
  if (!parsed.success) throw new FrameError('frame.invalid', faultsOf(parsed.error));
  return parsed.data;
};

/** What is wrong, field by field, without the values. */
export const faultsOf = ({ issues }: z.ZodError) =>
  issues.map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message)).join('; ');

/** Of 4000 to 4199; from 4100 on a client connects again, and all of ours are such. */
export const closeCode = { draining: 4100, token: 4101, tooSlow: 4102, fault: 4103 } as const;
export type CloseReason = keyof typeof closeCode;
