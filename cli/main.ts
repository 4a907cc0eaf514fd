import { Command, Option } from 'commander';
import { Role } from '../domain/agent.ts';
import { RoutingMode } from '../domain/routing.ts';
import { printConfig } from './config.ts';
import { printToken } from './token.ts';

// what a tool needs is loaded when it is asked for: the clients of the stores take a second
const program = new Command('ringbook').description('The tools of Ringbook.').showHelpAfterError();

program
  .command('token')
  .description('print a signed token for local use')
  .addOption(new Option('--role <role>', 'what the token may do').choices(Role.options).default('agent'))
  .option('--agent <id>', 'the agent it stands for', 'asha')
  .option('--store <store>', 'the store it belongs to', 'demo')
  .option('--ttl <time>', 'how long it is valid, e.g. 30m or 12h', '12h')
  .option('--json', 'print one object')
  .action(printToken);

program
  .command('config')
  .description('list every variable, its value here and its meaning')
  .option('--json', 'print one object')
  .action(printConfig);

program
  .command('doctor')
  .description('find out what is wrong, and what to do about it')
  .option('--json', 'print one object')
  .action(async (options) => (await import('./doctor.ts')).examine(options));

program
  .command('backup <dir>')
  .description('copy the embedded stores, running or not, into a new or empty directory')
  .option('--json', 'print one object')
  .action(async (dir, options) => (await import('./backup.ts')).backUp(dir, options));

program
  .command('restore <dir>')
  .description('put a backup into DATA_DIR, which must not hold stores yet')
  .option('--json', 'print one object')
  .action(async (dir, options) => (await import('./restore.ts')).restore(dir, options));

program
  .command('routing')
  .description('how incoming calls are handed out')
  .command('what-if')
  .description('replay the calls of a while under other rules, and compare; docs/what-if.md says how to read it')
  .addOption(new Option('--mode <mode>', 'the assignment mode').choices(RoutingMode.options))
  .addOption(new Option('--only-if-available <bool>', 'whether to wait for staff').choices(['true', 'false']))
  .option('--ring-seconds <n>', 'how long it rings at an agent')
  .option('--queue-seconds <n>', 'how long a call waits for an agent')
  .option('--capacity <n>', 'how many open tickets an agent may hold whose own capacity and team say nothing')
  .option('--rules <file>', 'all of it: the body of PUT /v1/routing as JSON')
  .option('--store <store>', 'whose calls', 'demo')
  .option('--from <time>', 'calls from then on, RFC 3339 or a date; the last 7 days')
  .option('--to <time>', 'calls before then; now')
  .option('--json', 'print one object')
  .action(async (options) => (await import('./what-if.ts')).printWhatIf(options));

await program.parseAsync().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
