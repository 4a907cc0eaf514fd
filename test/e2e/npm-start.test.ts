import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const anyPorts = { HTTP_PORT: '0', REALTIME_PORT: '0', WHATSAPP_API_URL: 'http://127.0.0.1:0' };

test('npm start ends with everything it started when npm is told to end', { timeout: 60_000 }, async () => {
  const dir = await mkdtemp(join(tmpdir(), 'ringbook-npm-'));
  const env = { ...process.env, ...anyPorts, DATA_DIR: dir, DEMO: 'off' };
  const npm = spawn('npm', ['start', '--silent'], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => rm(dir, { recursive: true, force: true }));

  const lines = createInterface({ input: npm.stdout });
  for await (const line of lines) if (JSON.parse(line).msg === 'ready') break;
  npm.stdout.resume();
  npm.kill('SIGTERM');
  // The pipe closes when the last process that holds it is gone.
  expect(await once(npm, 'close')).toEqual([0, null]);
});
