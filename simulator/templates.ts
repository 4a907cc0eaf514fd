import { z } from 'zod';
import { wabaId } from './outbox.ts';
import type { World } from './world.ts';

const Component = z.looseObject({ type: z.string().toLowerCase(), text: z.string().optional() });

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
  );

/** Registers a template; Meta approves it at once and says so by webhook. */
export function createTemplate(world: World, template: z.infer<typeof NewTemplate>) {
  const id = 700_000_000_000_000 + world.templates().length + 1;
  world.saveTemplate(template);
  world.send({
    about: `template ${template.name}`,
    field: 'message_template_status_update',
    value: {
      event: 'APPROVED',
      message_template_id: id,
      message_template_name: template.name,
      message_template_language: template.language,
      reason: 'NONE',
    },
  });
  return { id: String(id), status: 'PENDING', category: template.category };
}

/** The answer of `GET /{wabaId}/message_templates`. */
export const templateList = (world: World) => ({
  data: world.templates().map((template) => ({ ...template, status: 'APPROVED', waba_id: wabaId })),
});
