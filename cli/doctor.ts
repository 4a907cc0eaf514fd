import { accessSync, constants, readFileSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, ConfigFault, readConfig } from '../config.ts';
import { clientOf } from '../store/client.ts';
import { connectDocuments } from '../store/documents.ts';
import { embeddedUrl, type Service } from '../store/embedded.ts';
import { bytesIn, isListening, namesIn } from './embedded-stores.ts';
import { checkEvents } from './event-files.ts';

/** One thing looked at: what was found and, if that is a fault, what to do next. */
type Finding = { readonly about: string; readonly found: string; readonly todo: string | null };

const well = (about: string, found: string): Finding => ({ about, found, todo: null });
const fault = (about: string, found: string, todo: string): Finding => ({ about, found, todo });

/** Looks at all that must be well for Ringbook to run, without disturbing it; exit code 0 only if it is. */
export const examine = async ({ json }: { json?: boolean }) => {
  const findings = [node(), ...(await installation())];
  const ok = findings.every(({ todo }) => todo === null);
  if (!ok) process.exitCode = 1;
  if (json) return console.log(JSON.stringify({ ok, findings }));
  for (const { about, found, todo } of findings)
    console.log(`${todo === null ? 'ok   ' : 'FAULT'}  ${about}: ${found}${todo === null ? '' : `\n       ${todo}`}`);
};

const node = (): Finding => {
  const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    engines: { node: string };
  };
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [, from = 0, fromMinor = 0, below = 0] = (/>=(\d+)\.(\d+) <(\d+)/.exec(engines.node) ?? []).map(Number);
  const fits = (major > from || (major === from && minor >= fromMinor)) && major < below;
  return fits
    ? well('Node', process.version)
    : fault('Node', process.version, `Install a version of Node ${engines.node}.`);
};

const installation = async (): Promise<Finding[]> => {
  const config = configured();
  if (Array.isArray(config)) return config;
  const { dataDir } = config;
  return [
    well('configuration', 'every variable is valid'),
    directory(dataDir),
    await answers('eventstore', config),
    await answers('documents', config),
    ...(config.EVENTSTORE_URL === 'embedded' ? [await eventFiles(join(dataDir, 'eventstore'))] : []),
  ];
};

const configured = (): Config | Finding[] => {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigFault)) throw error;
    const todo = 'Correct it where it is set, or unset it to take the default.';
    return error.message.split('\n').map((found) => fault('configuration', found, todo));
  }
};

const enough = 256 * 2 ** 20;
const mib = (bytes: number) => `${Math.round(bytes / 2 ** 20).toLocaleString('en')} MiB`;

const directory = (dataDir: string): Finding => {
  const about = `DATA_DIR ${dataDir}`;
  try {
    accessSync(dataDir, constants.R_OK | constants.W_OK);
  } catch {
    return fault(about, 'cannot be written', 'Give it to the user that runs Ringbook, or set DATA_DIR to another one.');
  }
  const { bavail, bsize } = statfsSync(dataDir);
  const free = bavail * bsize;
  return free > enough
    ? well(about, `${mib(free)} free`)
    : fault(about, `only ${mib(free)} free`, 'Make room: the stores stop when the disk is full.');
};

const settings = { eventstore: 'EVENTSTORE_URL', documents: 'MONGODB_URL' } as const;

/** Whether a store answers. An embedded one that does not run is no fault: `npm start` starts it. */
const answers = async (service: Service, config: Config): Promise<Finding> => {
  const setting = settings[service];
  const isEmbedded = config[setting] === 'embedded';
  const about = `${service} (${isEmbedded ? 'embedded' : setting})`;
  if (isEmbedded && !(await isListening(config.dataDir, service)))
    return well(about, `does not run now; ${mib(bytesIn(join(config.dataDir, service)))} of files`);
  const url = isEmbedded ? embeddedUrl(config.dataDir, service) : config[setting];
  try {
    await inTime(ask[service](url));
    return well(about, 'runs and answers');
  } catch (error) {
    const todo = isEmbedded
      ? 'Stop Ringbook and start it again; its log says more.'
      : `Start that server, or correct ${setting}.`;
    return fault(about, `does not answer (${(error as Error).message})`, todo);
  }
};

const ask: Readonly<Record<Service, (url: string) => Promise<void>>> = {
  async eventstore(url) {
    const client = clientOf(url);
    for await (const _ of client.events.readAll({ maxCount: 1 }));
    await client.release();
  },
  async documents(url) {
    const documents = await connectDocuments(url);
    await documents.db.command({ ping: 1 }).finally(documents.close);
  },
};

const patience = 20_000;

const inTime = async (answer: Promise<void>) => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(reject, patience, new Error(`nothing within ${patience / 1_000} s`));
  });
  await Promise.race([answer, late]).finally(() => clearTimeout(timer));
};

const eventFiles = async (dir: string): Promise<Finding> => {
  const about = `event files in ${dir}`;
  if (namesIn(dir).length === 0) return well(about, 'none yet');
  const { damage, events, streams, segments } = await checkEvents(dir);
  if (!damage)
    return well(about, `${events} events of ${streams} streams in ${segments} files: checksums and order are right`);
  return fault(
    about,
    `${damage.segment} is damaged at offset ${damage.offset}: ${damage.reason}`,
    'Stop Ringbook, move both stores out of DATA_DIR, and bring back a backup: npm run cli -- restore DIR',
  );
};
