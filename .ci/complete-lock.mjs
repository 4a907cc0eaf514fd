/**
 * Run after `npm install` changed package-lock.json, so that `npm ci` accepts it everywhere and warns nowhere:
 * - adds the optional platform packages a registry mirror did not offer (npm leaves them out, then `npm ci` misses them);
 * - drops the engines field of uws-pack, which claims Node 22 although its binaries load on Node 20 (docs/adr/0002).
 */
import { readFileSync, writeFileSync } from 'node:fs';

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const { packages } = lock;
const systems = ['android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'aix', 'win32'];
const processors = [
  'arm64',
  'armv7',
  'arm',
  'x64',
  'ia32',
  'ppc64',
  'riscv64',
  's390x',
  'loong64',
  'mips64el',
  'wasm32',
];
const part = (name, words) => words.filter((word) => new RegExp(`[-_]${word}(?![0-9])`).test(name)).slice(0, 1);
// a processor no machine reports keeps npm from fetching what this lock cannot vouch for
const platform = (name) => ({
  os: part(name, systems),
  cpu: part(name, processors).map((cpu) => (cpu === 'armv7' ? 'arm' : cpu)),
  ...(name.includes('musl') && { libc: ['musl'] }),
});

for (const { optionalDependencies = {}, dev } of Object.values(packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const path = `node_modules/${name}`;
    if (path in packages) continue;
    const { os, cpu, libc } = platform(name);
    packages[path] = {
      version: version.replace(/^[\^~]/, ''),
      cpu: cpu.length > 0 ? cpu : ['none'],
      ...(dev && { dev }),
      ...(libc && { libc }),
      optional: true,
      ...(os.length > 0 && { os }),
    };
  }
}
delete packages['node_modules/uWebSockets.js'].engines;
lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`);
