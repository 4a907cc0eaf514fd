import { createHmac } from 'node:crypto';
import { type Agent, request } from 'node:http';

/** Meta counts an answer later than this as a failure. */
const answerWithin = 20_000;

/** The bytes Meta signs and sends: JSON with everything beyond ASCII as \uXXXX in lower-case hex. */
export const webhookBody = (webhook: unknown): Buffer =>
  Buffer.from(
    JSON.stringify(webhook).replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );

/** The value of `X-Hub-Signature-256`: HMAC-SHA256 of the raw bytes with the app secret. */
const signatureOf = (body: Buffer, appSecret: string): string =>
  `sha256=${createHmac('sha256', appSecret).update(body).digest('hex')}`;

type Target = { webhookUrl: string; appSecret: string; agent: Agent; signal: AbortSignal };

/** Delivers one webhook and answers the status it got, 0 when nobody answered. */
export const postWebhook = (body: Buffer, { webhookUrl, appSecret, agent, signal }: Target): Promise<number> =>
  new Promise((resolve) => {
    const headers = {
      'Content-Type': 'application/json',
      'Content-Length': body.length,
      'X-Hub-Signature-256': signatureOf(body, appSecret),
    };
    const sending = request(webhookUrl, { method: 'POST', agent, signal, headers, timeout: answerWithin });
    sending.on('timeout', () => sending.destroy());
    sending.on('error', () => resolve(0));
    sending.on('response', (response) => {
      response.resume().on('error', () => resolve(0));
      response.on('close', () => resolve(response.complete ? (response.statusCode ?? 0) : 0));
    });
    sending.end(body);
  });
