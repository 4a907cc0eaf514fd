import { setMaxListeners } from 'node:events';
import { Agent } from 'node:http';
import { Faults, fates } from './faults.ts';
import { postWebhook, webhookBody } from './post-webhook.ts';
import type { Timers } from './timers.ts';

/** One webhook: `about` names the conversation it belongs to, whose webhooks are sent one after another. */
export type Webhook = { readonly about: string; readonly field: string; readonly value: object };

export type Outbox = ReturnType<typeof createOutbox>;

/** How often a webhook not answered with 200 is tried again, each wait twice the one before: 1 s to about 34 min. */
const retries = 12;
const backOff = (attempt: number) => 1_000 * 2 ** (attempt - 1);

/** A webhook due to be overtaken waits no longer than this for the one that should pass it. */
const overtakenWithin = 5_000;

/** The WhatsApp Business Account every number of the simulator belongs to. */
export const wabaId = '900000000000001';

type Options = { webhookUrl: string; appSecret: string; timers: Timers };

/** Sends webhooks signed, in order per conversation, again until answered with 200, and with the faults asked for. */
export function createOutbox({ webhookUrl, appSecret, timers }: Options) {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal); // one for every webhook under way
  const underway = new Map<string, Promise<void>>();
  const held = new Map<string, () => void>();
  let nextFate = fates(Faults.parse({}));

  const attempt = async (about: string, body: Buffer, number: number) => {
    const status = await postWebhook(body, { webhookUrl, appSecret, agent, signal: stopping.signal });
    if (status === 200 || stopping.signal.aborted || number > retries) return;
    timers.after(backOff(number), () => queue(about, body, number + 1));
  };

  const queue = (about: string, body: Buffer, number = 1) => {
    const sent = (underway.get(about) ?? Promise.resolve())
      .then(() => attempt(about, body, number))
      .then(() => {
        if (underway.get(about) === sent) underway.delete(about);
      });
    underway.set(about, sent);
  };

  const release = (about: string) => {
    const waiting = held.get(about);
    held.delete(about);
    waiting?.();
  };

  const send = ({ about, field, value }: Webhook) => {
    const { copies, overtaken, delayMs } = nextFate();
    const entry = [{ id: wabaId, changes: [{ field, value }] }];
    const body = webhookBody({ object: 'whatsapp_business_account', entry });
    const dispatch = () => {
      for (let copy = 0; copy < copies; copy++) queue(about, body);
    };
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

  const delivered = async () => {
    while (underway.size > 0) await Promise.all(underway.values());
  };

  const stop = async () => {
    stopping.abort();
    await delivered();
    agent.destroy();
  };

  return {
    send,
    /** Resolves once every webhook on its way has been answered, or has failed and waits for its next attempt. */
    delivered,
    stop,
    setFaults: (faults: Faults) => {
      nextFate = fates(faults);
    },
  };
}
