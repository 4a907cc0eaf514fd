import { createServer, type Server } from 'node:http';
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';

const ELSEWHERE = 'Only GET /health/live is answered outside gRPC; run EventStoreDB or KurrentDB for the rest.\n';
const ONLY_GRPC = 'Calls must have the content type application/grpc.\n';

interface Answer {
  status: number;
  text: string;
}

/** What a request outside gRPC is answered: whether the server is healthy (204 or the `liveCode` asked for, else 503). */
function answerTo(method = '', url = '', isHealthy: () => boolean): Answer {
  const [path, query = ''] = url.split('?');
  if (path !== '/health/live' || (method !== 'GET' && method !== 'HEAD')) return { status: 404, text: ELSEWHERE };
  const code = /(?:^|&)liveCode=([2-5]\d\d)(?:&|$)/.exec(query)?.[1] ?? 204;
  return { status: isHealthy() ? Number(code) : 503, text: '' };
}

/** Answers HTTP/1.1; it is handed its connections. */
export function plainServer(isHealthy: () => boolean): Server {
  return createServer((request, response) => {
    const { status, text } = answerTo(request.method, request.url, isHealthy);
    response.writeHead(status, { connection: 'close', ...headersOf(text) }).end(text);
  });
}

/** Whether a request over HTTP/2 is a gRPC call. */
export function isCall(headers: IncomingHttpHeaders): boolean {
  return headers[':method'] === 'POST' && /^application\/grpc($|[+;])/.test(headers['content-type'] ?? '');
}

/** Answers a request over HTTP/2 that is no gRPC call. */
export function answerPlainly(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, isHealthy: () => boolean): void {
  const isUntyped = headers[':method'] === 'POST';
  const { status, text } = isUntyped
    ? { status: 415, text: ONLY_GRPC }
    : answerTo(headers[':method'], headers[':path'], isHealthy);
  stream.on('error', () => {});
  stream.respond({ ':status': status, ...headersOf(text) });
  stream.end(text);
  stream.close(constants.NGHTTP2_NO_ERROR);
}

function headersOf(text: string): Record<string, string> {
  return text === '' ? {} : { 'content-type': 'text/plain' };
}
