import { createHash } from 'node:crypto';
import type { Answer, Request } from '../http/route.ts';

/**
 * A body with the position it reflects, or 304 when the client has the same already. The weak ETag is of the content
 * alone, so that "nothing new" stays so while the log moves on.
 */
export const answerAt = (
  { header }: Pick<Request<never, never, never>, 'header'>,
  position: bigint,
  content: object,
): Answer => {
  const etag = `W/"${createHash('sha1').update(JSON.stringify(content)).digest('base64url')}"`;
  const headers = {
    'X-Position': position.toString(),
    ETag: etag,
    'Cache-Control': 'private, no-cache',
    Vary: 'Accept',
  };
  return tagsIn(header('if-none-match')).includes(etag)
    ? { status: 304, headers, body: {} }
    : { headers, body: { ...content, position: position.toString() } };
};

// fetch adds `Cache-Control: no-cache` to a conditional request, at which Express would not compare
const tagsIn = (ifNoneMatch = '') => ifNoneMatch.split(',').map((tag) => tag.trim());
