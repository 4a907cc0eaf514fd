/** An approved template with the values for its body. */
export type Template = { readonly name: string; readonly language: string; readonly parameters: readonly string[] };

/** What the log keeps of a template; its values may be personal. */
export const nameOf = ({ name, language }: Template) => ({ name, language });

/** What an invite to call says: the words of its own, or those of a template, whose button has its own text. */
export type InviteContent =
  | { readonly body: string; readonly displayText: string; readonly template: null }
  | { readonly template: Template };

const templateMessage = ({ name, language, parameters }: Template, buttons: readonly object[] = []) => {
  const body = { type: 'body', parameters: parameters.map((text) => ({ type: 'text', text })) };
  const components = [...(parameters.length > 0 ? [body] : []), ...buttons];
  return { type: 'template', template: { name, language: { code: language }, components } };
};

/** The request for leave to call, as Meta's `messages` takes it. */
export const permissionMessage = (body: string | null, template: Template | null) => {
  if (template !== null) return templateMessage(template);
  const action = { name: 'call_permission_request' };
  const interactive = { type: 'call_permission_request', action, ...(body !== null && { body: { text: body } }) };
  return { type: 'interactive', interactive };
};

/** The invite to call us; `payload` comes back with every call by its button. */
export const inviteMessage = (content: InviteContent, ttl_minutes: number, payload: string) => {
  if (content.template !== null) {
    const parameters = [
      { type: 'ttl_minutes', ttl_minutes },
      { type: 'payload', payload },
    ];
    return templateMessage(content.template, [{ type: 'button', sub_type: 'voice_call', parameters }]);
  }
  const parameters = { display_text: content.displayText, ttl_minutes, payload };
  const action = { name: 'voice_call', parameters };
  return { type: 'interactive', interactive: { type: 'voice_call', body: { text: content.body }, action } };
};
