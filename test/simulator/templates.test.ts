import { expect, test } from 'vitest';
import { permissionTemplate, running, summary } from './running.ts';

type Running = Awaited<ReturnType<typeof running>>;

const waba = '/v23.0/900000000000001/message_templates';
const callButton = { type: 'BUTTONS', buttons: [{ type: 'voice_call', text: 'Call', ttl_minutes: 1_440 }] };
const request = { type: 'call_permission_request' };
const template = (change: object = {}) => ({
  name: 'may_we_call',
  language: 'en',
  category: 'UTILITY',
  components: [{ type: 'BODY', text: 'May we call?' }, request],
  ...change,
});

const register = ({ send }: Running, change: object = {}) => send('POST', waba, template(change));
const sendIt = ({ graph }: Running, components: object[] = []) =>
  graph('messages', { ...permissionTemplate, template: { ...permissionTemplate.template, components } });
const code = async (answer: ReturnType<Running['send']>) => {
  const { code, body } = await answer;
  return body.error?.code ?? code;
};
const judge = ({ tell }: Running, verdict: object) => tell('/templates/may_we_call/en', verdict);

test.each([
  [[{ type: 'FOOTER', text: 'No body' }], 'a BODY'],
  [[{ type: 'BODY', text: 'May we?' }, request, callButton], 'no buttons'],
  [
    [
      { type: 'BODY', text: 'Call us' },
      { type: 'BUTTONS', buttons: [{ type: 'voice_call', text: 'x'.repeat(21) }] },
    ],
    'components.1.buttons',
  ],
  [
    [
      { type: 'BODY', text: 'Call us' },
      { type: 'BUTTONS', buttons: [{ type: 'voice_call', ttl_minutes: 1_439 }] },
    ],
    'components.1.buttons.0.ttl_minutes',
  ],
])('does not register %j', async (components, named) => {
  const { code, body } = await register(await running(), { components });

  expect([code, body.error.error_data.details]).toEqual([400, expect.stringContaining(named)]);
});

test('registers a permission request as UTILITY or MARKETING only, and a name once per language', async () => {
  const simulator = await running();

  expect(await code(register(simulator, { category: 'AUTHENTICATION' }))).toBe(100);
  expect(await code(register(simulator, { category: 'MARKETING' }))).toBe(200);
  expect(await code(register(simulator))).toBe(100);
  expect(await code(register(simulator, { language: 'hi' }))).toBe(200);
});

test('leaves a template pending until told of it, when told so', async () => {
  const simulator = await running();
  await simulator.tell('/templates', { approval: 'when_told' });
  await register(simulator);

  expect(simulator.webhooks()).toEqual([]);
  expect(await code(sendIt(simulator))).toBe(132001);

  expect((await judge(simulator, { status: 'APPROVED' })).code).toBe(200);

  expect(simulator.webhooks().map(summary)).toEqual(['message_template_status_update']);
  expect(await code(sendIt(simulator))).toBe(200);
});

test.each([
  ['REJECTED', 132001],
  ['PAUSED', 132015],
  ['DISABLED', 132016],
  ['PENDING', 132001],
])('says that a template is %s, and refuses it with %i', async (status, refusal) => {
  const simulator = await running();
  await register(simulator);
  simulator.webhooks();

  await judge(simulator, { status, reason: 'SCAM' });

  const [{ value }] = simulator.webhooks() as [ReturnType<Running['webhooks']>[number]];
  expect(value).toEqual({
    event: status,
    message_template_id: 700_000_000_000_001,
    message_template_name: 'may_we_call',
    message_template_language: 'en',
    reason: 'SCAM',
  });
  expect(await code(sendIt(simulator))).toBe(refusal);
  const { body } = await simulator.send('GET', `${waba}?name=may_we_call`);
  expect(body.data).toMatchObject([{ status }]);
});

test('lists the templates of one name', async () => {
  const simulator = await running();
  await register(simulator);
  await register(simulator, { name: 'other' });

  const { body } = await simulator.send('GET', `${waba}?name=other`);

  expect(body.data).toMatchObject([{ id: '700000000000002', name: 'other' }]);
});

test.each([
  [{}, 200],
  [{ registeredOnly: true }, 132001],
])('answers with rules %o to a template nobody registered: %i', async (rules, expected) => {
  const simulator = await running();
  await simulator.tell('/templates', rules);

  expect(await code(sendIt(simulator))).toBe(expected);
});

const parameters = (type: string, n: number) => ({ type, parameters: Array(n).fill({ type: 'text', text: 'x' }) });

test.each([
  [132000, []],
  [132000, [parameters('body', 1), parameters('header', 1)]],
  [132000, [parameters('body', 3), parameters('header', 1)]],
  [132000, [parameters('body', 2)]],
  [200, [parameters('body', 2), parameters('header', 1)]],
])('counts the parameters of a template: %i for %j', async (expected, components) => {
  const simulator = await running();
  await register(simulator, {
    components: [
      { type: 'HEADER', format: 'TEXT', text: 'Order {{1}}' },
      { type: 'BODY', text: '{{1}}, may we call about {{2}}? Yes, {{1}}!' },
      request,
    ],
  });

  expect(await code(sendIt(simulator, components))).toBe(expected);
});

test('tells its rules and templates', async () => {
  const simulator = await running();
  await register(simulator);

  expect((await simulator.send('GET', '/simulator/templates')).body).toMatchObject({
    registeredOnly: false,
    approval: 'at_once',
    items: [{ name: 'may_we_call', status: 'APPROVED' }],
  });
});

test.each([
  ['/templates/none/en', { status: 'APPROVED' }, 404, 'register it first'],
  ['/templates/none/en', { status: 'approved' }, 422, 'status'],
  ['/templates', { strict: true }, 422, 'unknown field strict (known: registeredOnly, approval)'],
])('refuses %s %o', async (path, body, status, named) => {
  const { code, body: problem } = await (await running()).tell(path, body);

  expect([code, problem.detail]).toEqual([status, expect.stringContaining(named)]);
});
