import type { Contact as Person } from '../../store/directory.ts';
import type { Contact } from './delivery.ts';

const isAbout = (contact: Contact, waId: string | null, bsuid: string | null) =>
  (waId !== null && contact.wa_id === waId) || (bsuid !== null && contact.user_id === bsuid);

/** A lone contact that contradicts nothing is the one meant. */
const loneContact = ([contact, ...others]: readonly Contact[], waId: string | null) =>
  others.length === 0 && (waId === null || !contact?.wa_id) ? contact : undefined;

/** Who a piece is about, from its own ids and the delivery's contacts, either of which may be missing; `null`: nobody says. */
export const personOf = (contacts: readonly Contact[], waId: string | null, bsuid: string | null): Person | null => {
  const contact = contacts.find((one) => isAbout(one, waId, bsuid)) ?? loneContact(contacts, waId);
  const person = {
    waId: waId ?? contact?.wa_id ?? null,
    bsuid: bsuid ?? contact?.user_id ?? null,
    name: contact?.profile?.name ?? null,
  };
  return person.waId === null && person.bsuid === null ? null : person;
};
