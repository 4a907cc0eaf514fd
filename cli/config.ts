import { readConfig, variables } from '../config.ts';

/** Never shown, not even to the person who set them: terminals are copied into tickets. */
const secret = /TOKEN|SECRET/;

const shown = (name: string, value: unknown) => {
  if (value === undefined) return '(unset)';
  if (secret.test(name)) return '(set)';
  return Array.isArray(value) ? value.join(',') : String(value);
};

/** Lists the variables with their present values; fails, with one sentence per fault, when they are wrong. */
export const printConfig = ({ json }: { json?: boolean }) => {
  const config: Record<string, unknown> = readConfig(process.env);
  const rows = Object.entries(variables).map(([name, { description }]) => ({
    name,
    value: shown(name, config[name]),
    meaning: description ?? '',
  }));
  if (json) return console.log(JSON.stringify(Object.fromEntries(rows.map(({ name, ...row }) => [name, row]))));
  const width = Math.max(...rows.map(({ name }) => name.length));
  for (const { name, value, meaning } of rows)
    console.log(`${name.padEnd(width)}  ${value}\n${' '.repeat(width)}  ${meaning}`);
};
