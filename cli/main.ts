import { Command, Option } from 'commander';
import { Role } from '../domain/agent.ts';
import { printConfig } from './config.ts';
import { printToken } from './token.ts';

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

await program.parseAsync().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
