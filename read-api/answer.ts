import { createHash } from 'node:crypto';
import type { Answer } from '../http/route.ts';

/**
 * A body with the position it reflects. The weak ETag is of the content alone, so that "nothing new" stays 304 while
 * the log moves on; the HTTP layer compares it with If-None-Match.
 */
export const answerAt = (position: bigint, content: object): Answer => ({
  headers: {
    'X-Position': position.toString(),
    ETag: `W/"${fingerprint(content)}"`,
    'Cache-Control': 'private, no-cache',
  },
  body: { ...content, position: position.toString() },
});

const fingerprint = (content: object) => createHash('sha1').update(JSON.stringify(content)).digest('base64url');
