import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ConfigFault, readConfig, variables } from '../config.ts';

const dir = mkdtempSync(join(tmpdir(), 'ringbook-config-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const read = (env: Record<string, string> = {}) => readConfig({ DATA_DIR: dir, ...env });

describe('the configuration', () => {
  test('runs everything on one machine by default', () => {
    const config = read();
    expect(config).toMatchObject({
      EVENTSTORE_URL: 'embedded',
      MONGODB_URL: 'embedded',
      HTTP_PORT: 8080,
      simulated: true,
    });
    expect(config.ROLES).toContain('engines');
    expect(config.whatsapp.apiUrl).toBe('http://127.0.0.1:8082');
  });

  test('keeps the secret it makes', () => {
    expect(read().auth).toEqual(read().auth);
    expect(read().auth).toMatchObject({ secret: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  test.each([
    { env: { HTTP_PORT: '65536' }, says: /HTTP_PORT/ },
    { env: { HTTP_PORT: 'many' }, says: /HTTP_PORT: a port/ },
    { env: { ROLES: 'commands,cook' }, says: /ROLES: "cook": roles are engines/ },
    { env: { EVENTSTORE_URL: 'http://x' }, says: /EVENTSTORE_URL.*esdb:/ },
    { env: { MONGODB_URL: 'redis://x' }, says: /MONGODB_URL.*mongodb:/ },
    { env: { AUTH_JWKS_URL: 'nowhere' }, says: /AUTH_JWKS_URL/ },
    { env: { WHATSAPP_ACCESS_TOKEN: 'token' }, says: /WHATSAPP_APP_SECRET and WHATSAPP_VERIFY_TOKEN/ },
  ])('refuses $env with a message that names it', ({ env, says }) => {
    expect(() => read(env as unknown as Record<string, string>)).toThrowError(ConfigFault);
    expect(() => read(env as unknown as Record<string, string>)).toThrowError(says);
  });

  test('names every fault at once', () => {
    expect(() => read({ HTTP_PORT: 'x', REALTIME_PORT: 'y' })).toThrowError(/HTTP_PORT[\s\S]*REALTIME_PORT/);
  });
});

describe('the deployment files', () => {
  const compose = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true });
  const example = readFileSync('.env.example', 'utf8');
  const assigned = [...example.matchAll(/^#? ?([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => ({
    name: name!,
    value: value!,
  }));
  const published = Object.values(compose.services as Record<string, { ports?: string[] }>)
    .flatMap(({ ports = [] }) => ports)
    .map((port) => port.split(':')[1]);

  test('set only variables the program reads', () => {
    expect(assigned.map(({ name }) => name).filter((name) => !(name in variables))).toEqual([]);
  });

  test('give addresses the program accepts, on ports that are published', () => {
    for (const { name, value } of assigned.filter(({ name }) => name === 'EVENTSTORE_URL' || name === 'MONGODB_URL')) {
      expect(read({ [name]: value })).toMatchObject({ [name]: value });
      const ports = [...value.matchAll(/localhost:(\d+)/g)].map(([, port]) => port);
      expect(ports.length, value).toBeGreaterThan(0);
      for (const port of ports) expect(published, value).toContain(port);
    }
  });

  test('start a single node of each by default, and the clusters only on demand', () => {
    const services = Object.entries(compose.services as Record<string, { profiles?: string[] }>);
    expect(services.filter(([, { profiles }]) => !profiles).map(([name]) => name)).toEqual(['eventstore', 'mongodb']);
    expect(services.filter(([, { profiles }]) => profiles).map(([name]) => name)).toHaveLength(7);
  });

  test('publish on the loopback only', () => {
    const ports = Object.values(compose.services as Record<string, { ports?: string[] }>).flatMap(
      ({ ports = [] }) => ports,
    );
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });
});
