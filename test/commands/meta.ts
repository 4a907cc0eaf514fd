import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Asked = { readonly path: string; readonly body: Record<string, unknown> };
type Spoken = { status: number; body?: unknown; headers?: Record<string, string>; after?: Promise<unknown> };
/** `hang` never answers; `drop` cuts the connection after the request has arrived. */
export type Answer = Spoken | 'hang' | 'drop';

/** Meta's Graph API as a server of this test's own: it notes what it is asked and answers as the test says. */
export const startMeta = async () => {
  const asked: Asked[] = [];
  let nextAnswers: Answer[] = [];
  const answersAt = new Map<string, Answer[]>();
  let count = 0;

  const usual = ({ path, body }: Asked): Answer => {
    count += 1;
    if (path.endsWith('/messages')) return { status: 200, body: { messages: [{ id: `wamid.META${count}` }] } };
    if (body.action === 'connect') return { status: 200, body: { calls: [{ id: `wacid.META${count}` }] } };
    return { status: 200, body: { messaging_product: 'whatsapp', success: true } };
  };

  const server = createServer(async (req: IncomingMessage, res: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const request = { path: req.url ?? '', body: JSON.parse(Buffer.concat(chunks).toString() || '{}') };
    asked.push(request);
    const here = [...answersAt].find(([path]) => request.path.includes(path))?.[1];
    const answer = here?.shift() ?? nextAnswers.shift() ?? usual(request);
    if (answer === 'hang') return;
    if (answer === 'drop') return void req.socket.destroy();
    await answer.after;
    res.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
    res.end(answer.body === undefined ? '' : JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v24.0`,
    asked,
    /** What was asked about one call, message or customer: whatever names `part` anywhere. */
    askedAbout: (part: string) => asked.filter((one) => JSON.stringify(one).includes(part)),
    /** The next requests, whatever they are, get these answers. */
    answerNext: (...answers: Answer[]) => {
      nextAnswers = [...nextAnswers, ...answers];
    },
    /** The next requests whose path contains `part` get these answers, whatever comes in between. */
    answerAt: (part: string, ...answers: Answer[]) => void answersAt.set(part, answers),
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

/** An error in Meta's shape. */
export const metaError = (status: number, code: number, details?: string): Answer => ({
  status,
  body: { error: { message: `(#${code}) refused`, type: 'OAuthException', code, error_data: { details } } },
});
