import { invalidArgument } from './grpc-error.ts';
import type { WireReader } from './wire.ts';

/** The name in a StreamIdentifier; it must be UTF-8, so that two names never become one. */
export function readStreamName(identifier: WireReader): string {
  let bytes = Buffer.alloc(0);
  for (let field = identifier.field(); field !== 0; field = identifier.field()) {
    if (field === 3) bytes = Buffer.from(identifier.view());
    else identifier.skip();
  }
  const name = bytes.toString();
  if (name.includes('\ufffd') && !Buffer.from(name).equals(bytes))
    throw invalidArgument('A stream name must be UTF-8.');
  return name;
}
