import { createHmac, timingSafeEqual } from 'node:crypto';
import express, { type RequestHandler, Router } from 'express';
import { Problem } from '../../http/problem.ts';
import type { WriteSide } from '../write-side.ts';
import { receiver } from './receive.ts';

export type WebhookSecrets = { readonly appSecret: string; readonly verifyToken: string };

const path = '/webhooks/whatsapp';
const largest = 3_000_000;

/**
 * Meta's side of the door: the handshake (`GET`), and deliveries (`POST`), which are answered 200 only once all they tell is
 * durable. Mount it before anything that parses bodies: the signature is over the raw bytes.
 */
export const whatsappWebhook = (w: WriteSide, { appSecret, verifyToken }: WebhookSecrets): Router => {
  const { receive } = receiver(w);
  const raw = express.raw({ type: () => true, limit: largest, inflate: false });
  return Router()
    .get(path, handshake(verifyToken))
    .post(path, raw, checkSignature(appSecret), async (req, res) => {
      await durably(w, receive(parseJson(req.body), w.now()));
      res.sendStatus(200);
    });
};

const handshake =
  (verifyToken: string): RequestHandler =>
  ({ query }, res) => {
    const challenge = query['hub.challenge'];
    const isMeta = query['hub.mode'] === 'subscribe' && isSame(String(query['hub.verify_token']), verifyToken);
    if (!isMeta || typeof challenge !== 'string')
      throw new Problem(403, 'webhook.bad_verify_token', 'The verify token is not the one configured here.');
    res.type('text/plain').send(challenge);
  };

const checkSignature =
  (appSecret: string): RequestHandler =>
  (req, _, next) => {
    const body: Buffer = Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0);
    const expected = `sha256=${createHmac('sha256', appSecret).update(body).digest('hex')}`;
    if (!isSame(req.get('x-hub-signature-256') ?? '', expected))
      throw new Problem(
        401,
        'webhook.bad_signature',
        'X-Hub-Signature-256 is not the HMAC-SHA256 of these bytes under the app secret.',
      );
    next();
  };

/** Compares digests, so that neither content nor length shows in the time it takes. */
const isSame = (a: string, b: string) => timingSafeEqual(digest(a), digest(b));
const digest = (text: string) => createHmac('sha256', 'compare').update(text).digest();

const parseJson = (body: unknown): unknown => {
  try {
    return JSON.parse(Buffer.isBuffer(body) ? body.toString('utf8') : '');
  } catch {
    throw new Problem(400, 'webhook.malformed', 'The body is not valid JSON.');
  }
};

const durably = async (w: WriteSide, recording: Promise<void>) => {
  await recording.catch((err: unknown) => {
    w.logger.error({ err }, 'a delivery of Meta is not durable; Meta will send it again');
    throw new Problem(503, 'webhook.not_durable', 'The delivery could not be stored; send it again.', {
      headers: { 'Retry-After': '5' },
    });
  });
};
