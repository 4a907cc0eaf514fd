import { setMaxListeners } from 'node:events';
import { Agent } from 'node:http';
import { Faults, fates } from './faults.ts';
import { createLanes, type Letter } from './lanes.ts';
import { postWebhook, webhookBody } from './post-webhook.ts';
import type { Timers } from './timers.ts';

/** One webhook: `about` names the conversation it belongs to, whose webhooks are sent one after another. */
export type Webhook = {
  readonly about: string;
  readonly field: string;
  readonly value: object;
  /** The customer's number, where one may stand in it. */
  readonly waId?: string;
};

/** What is kept of a webhook not yet taken over a restart. */
export type Undelivered = Pick<Letter, 'about' | 'body'>;

export type Outbox = ReturnType<typeof createOutbox>;

/** A webhook due to be overtaken waits no longer than this for the one that should pass it. */
const overtakenWithin = 5_000;

/** The WhatsApp Business Account every number of the simulator belongs to. */
export const wabaId = '900000000000001';

type Options = { webhookUrl: string; appSecret: string; timers: Timers; now: () => number; changed?: () => void };

/** Sends webhooks signed, in order per conversation, again until answered with 200, and with the faults asked for. */
export function createOutbox({ webhookUrl, appSecret, timers, now, changed = () => {} }: Options) {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const stopping = new AbortController();
  const { signal } = stopping;
  setMaxListeners(0, signal); // one for every webhook under way
  const post = (body: Buffer, secret = appSecret) =>
    postWebhook(body, { webhookUrl, appSecret: secret, agent, signal });
  const { write, queue, waiting, givenUp, delivered } = createLanes({ timers, now, post, signal, changed });
  const held = new Map<string, () => void>();
  let nextFate = fates(Faults.parse({}));

  const release = (about: string) => {
    const overtaken = held.get(about);
    held.delete(about);
    overtaken?.();
  };

  const send = ({ about, field, value }: Webhook) => {
    changed();
    const { copies, overtaken, delayMs } = nextFate();
    const body = webhookBody(envelope(field, value, now())).toString();
    const letters = Array.from({ length: copies }, () => write(about, body));
    const dispatch = () => letters.forEach(queue);
    const arrive = () => {
      if (overtaken && !held.has(about)) {
        held.set(about, dispatch);
        timers.after(overtakenWithin, () => held.get(about) === dispatch && release(about));
      } else {
        dispatch();
        release(about);
      }
    };
    if (delayMs > 0) timers.after(delayMs, arrive);
    else arrive();
  };

  const stop = async () => {
    stopping.abort();
    await delivered();
    agent.destroy();
  };

  return {
    send,
    delivered,
    stop,
    waiting,
    givenUp,
    /** Sends what a former process had written and nobody had taken. */
    resume: (letters: readonly Undelivered[]) => {
      for (const { about, body } of letters) queue(write(about, body));
    },
    /** Posts anything whatever once, signed with that secret; answers the HTTP status, 0 when nobody answered. */
    postRaw: (body: unknown, secret?: string) => post(webhookBody(body), secret),
    /** One webhook in the envelope of the account. */
    envelope: (field: string, value: unknown) => envelope(field, value, now()),
    setFaults: (faults: Faults) => {
      nextFate = fates(faults);
    },
  };
}

/** Webhooks about the account itself tell when they were sent. */
const envelope = (field: string, value: unknown, now: number) => {
  const time = /^account_/.test(field) ? { time: Math.floor(now / 1_000) } : {};
  const entry = [{ id: wabaId, ...time, changes: [{ field, value }] }];
  return { object: 'whatsapp_business_account', entry };
};
