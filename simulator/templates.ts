import { z } from 'zod';
import { GraphError } from './graph-error.ts';
import { wabaId } from './outbox.ts';
import { Problem } from './problem.ts';
import type { World } from './world.ts';

const Button = z
  .looseObject({
    type: z.string().toLowerCase(),
    text: z.string().optional(),
    ttl_minutes: z.int().min(1_440).max(43_200).optional(),
  })
  .refine(({ type, text }) => type !== 'voice_call' || (text ?? '').length <= 20, 'a call button has 20 characters');

const Component = z.looseObject({
  type: z.string().toLowerCase(),
  text: z.string().optional(),
  buttons: z.array(Button).optional(),
});
type Component = z.infer<typeof Component>;

const has = (components: readonly Component[], wanted: string) => components.some(({ type }) => type === wanted);
const asksPermission = (components: readonly Component[]) => has(components, 'call_permission_request');

/** The body of `POST /{wabaId}/message_templates`. */
export const NewTemplate = z
  .object({
    name: z.string().regex(/^[a-z0-9_]{1,512}$/, 'lower-case letters, digits and _'),
    language: z.string().min(2),
    category: z.enum(['UTILITY', 'MARKETING', 'AUTHENTICATION']),
    components: z.array(Component).min(1),
  })
  .refine(
    ({ components }) => components.some(({ type, text }) => type === 'body' && text),
    'a BODY with text is needed',
  )
  .refine(
    ({ components }) => !asksPermission(components) || !has(components, 'buttons'),
    'a permission request has no buttons beside it',
  )
  .refine(
    ({ components, category }) => !asksPermission(components) || category !== 'AUTHENTICATION',
    'a permission request is UTILITY or MARKETING',
  );

const Status = z.enum(['APPROVED', 'PENDING', 'REJECTED', 'PAUSED', 'DISABLED']);

export type Template = z.infer<typeof NewTemplate> & { readonly id: string; status: z.infer<typeof Status> };

/** How Meta treats templates: whether it sends only those it knows, and whether it approves a new one by itself. */
export const TemplateRules = z.strictObject({
  registeredOnly: z.boolean().default(false),
  approval: z.enum(['at_once', 'when_told']).default('at_once'),
});
export type TemplateRules = z.infer<typeof TemplateRules>;

/** What Meta decides about a template. */
export const TemplateVerdict = z.strictObject({ status: Status, reason: z.string().min(1).default('NONE') });

/** How a template is found. */
export const templateKey = (name: string, language: string): string => `${name} ${language}`;

/** Registers a template, which Meta approves at once, and says so by webhook, unless it waits to be told. */
export function createTemplate(world: World, given: z.infer<typeof NewTemplate>) {
  const { templates, templateRules } = world.records;
  const { name, language, category } = given;
  if (templates.has(templateKey(name, language))) {
    throw new GraphError(100, `name: ${name} exists in ${language}: take another name.`);
  }
  const template: Template = { ...given, id: String(700_000_000_000_001 + templates.size), status: 'PENDING' };
  templates.set(templateKey(name, language), template);
  const answer = { id: template.id, status: template.status, category };
  if (templateRules.approval === 'at_once') judge(world, template, { status: 'APPROVED', reason: 'NONE' });
  return answer;
}

/** Meta decides about a template; a `Problem` (404) when nobody registered it. */
export function judgeTemplate(world: World, name: string, language: string, verdict: z.infer<typeof TemplateVerdict>) {
  const template = world.records.templates.get(templateKey(name, language));
  if (!template) throw new Problem(404, 'template.unknown', `No template ${name} in ${language}: register it first.`);
  judge(world, template, verdict);
}

function judge(world: World, template: Template, { status, reason }: z.infer<typeof TemplateVerdict>) {
  template.status = status;
  world.send({
    about: `template ${template.name}`,
    field: 'message_template_status_update',
    value: {
      event: status,
      message_template_id: Number(template.id),
      message_template_name: template.name,
      message_template_language: template.language,
      reason,
    },
  });
}

/** The answer of `GET /{wabaId}/message_templates`, perhaps of one name only. */
export const templateList = (world: World, name?: string) => ({
  data: [...world.records.templates.values()]
    .filter((template) => name === undefined || template.name === name)
    .map((template) => ({ ...template, waba_id: wabaId })),
});

type Sent = {
  readonly name: string;
  readonly language: { readonly code: string };
  readonly components: readonly { readonly type: string; readonly parameters: readonly unknown[] }[];
};

/** The template that a message is made of, if anybody registered it; throws Meta's error where it would not send it. */
export function templateOf(world: World, sent: Sent): Template | undefined {
  const { name, language } = sent;
  const template = world.records.templates.get(templateKey(name, language.code));
  if (!template && !world.records.templateRules.registeredOnly) return undefined;
  if (!template || template.status === 'PENDING' || template.status === 'REJECTED') {
    throw new GraphError(132001, `${name} is not an approved template in ${language.code}.`);
  }
  if (template.status === 'PAUSED') throw new GraphError(132015, `${name} is paused for its low quality.`);
  if (template.status === 'DISABLED') throw new GraphError(132016, `${name} was paused too often.`);
  for (const part of ['header', 'body']) checkParameters(template, sent, part);
  return template;
}

function checkParameters(template: Template, { components }: Sent, part: string) {
  const text = template.components.find(({ type }) => type === part)?.text ?? '';
  const expected = new Set(text.match(/\{\{\s*\w+\s*\}\}/g)).size;
  const given = components.find(({ type }) => type === part)?.parameters.length ?? 0;
  if (given !== expected) {
    throw new GraphError(132000, `${part}: ${template.name} has ${expected} parameters, ${given} were given.`);
  }
}

/** Whether a registered template asks for permission to call, or invites a call with a button. */
export const kindOfTemplate = ({ components }: Template): 'request' | 'invite' | 'other' => {
  if (asksPermission(components)) return 'request';
  return components.some(({ buttons }) => buttons?.some(({ type }) => type === 'voice_call')) ? 'invite' : 'other';
};
