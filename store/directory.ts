import { type Collection, type Db, MongoServerError } from 'mongodb';
import { randomId } from './ids.ts';
import type { Keys } from './keys.ts';

/** What WhatsApp tells about a person: digits of the number, business-scoped user id, profile name. */
export type Contact = { waId: string | null; bsuid: string | null; name: string | null };
export type Customer = Contact & { customerId: string; store: string };

export type Directory = {
  /** The store's customer with this number or else this BSUID, who is entered if new and learnt about if known. */
  identify(store: string, contact: Contact): Promise<Customer>;
  /** The store's customer with this number (digits, with or without `+`) or `customerId`; never another store's. */
  find(store: string, waIdOrCustomerId: string): Promise<Customer | null>;
};

type CustomerDocument = {
  _id: string;
  store: string;
  firstSeenAt: Date;
  waId?: string;
  bsuid?: string;
  name?: string;
};

/** Collection `customers`: who the people behind the opaque ids of the log are. Creates its indexes. */
export const customerDirectory = async (db: Db, keys: Keys, now: () => number = Date.now): Promise<Directory> => {
  const customers = db.collection<CustomerDocument>('customers');
  await customers.createIndexes([
    { key: { store: 1, waId: 1 }, unique: true, partialFilterExpression: { waId: { $exists: true } } },
    { key: { store: 1, bsuid: 1 }, unique: true, partialFilterExpression: { bsuid: { $exists: true } } },
  ]);

  const enter = async (store: string, known: Known): Promise<Customer | null> => {
    const document = { _id: randomId('cus'), store, firstSeenAt: new Date(now()), ...known };
    const entered = await unlessTaken(customers.insertOne(document));
    return entered && customerOf(document);
  };

  return {
    async identify(store, contact) {
      const known = knownOf(contact);
      for (let attempt = 0; attempt < 10; attempt++) {
        const present = await lookUp(customers, store, known);
        const customer = present ? await learn(customers, present, known) : await enter(store, known);
        if (customer === null) continue; // another was first, who is found now
        await keys.keysFor([customer.customerId], true);
        return customer;
      }
      throw new Error(`the customer directory of ${store} keeps changing under this contact: try again`);
    },

    async find(store, waIdOrCustomerId) {
      const filter = waIdOrCustomerId.startsWith('cus_')
        ? { _id: waIdOrCustomerId, store }
        : { store, waId: digits(waIdOrCustomerId) };
      const document = await customers.findOne(filter);
      return document && customerOf(document);
    },
  };
};

type Known = Pick<CustomerDocument, 'waId' | 'bsuid' | 'name'>;

const digits = (number: string) => number.replace(/^\+/, '');

const knownOf = ({ waId, bsuid, name }: Contact): Known => {
  if (waId === null && bsuid === null) throw new Error('a contact needs a number or a BSUID to be known by');
  return { ...(waId && { waId: digits(waId) }), ...(bsuid && { bsuid }), ...(name && { name }) };
};

const customerOf = ({ _id, store, waId, bsuid, name }: CustomerDocument): Customer => ({
  customerId: _id,
  store,
  waId: waId ?? null,
  bsuid: bsuid ?? null,
  name: name ?? null,
});

const lookUp = async (customers: Collection<CustomerDocument>, store: string, { waId, bsuid }: Known) =>
  (waId === undefined ? null : await customers.findOne({ store, waId })) ??
  (bsuid === undefined ? null : await customers.findOne({ store, bsuid }));

/** Adds an id that was missing and the newest name; an id that is already another customer's stays there. */
const learn = async (customers: Collection<CustomerDocument>, present: CustomerDocument, known: Known) => {
  const { name = present.name, ...ids } = known;
  const learnt = { ...ids, ...present, ...(name && { name }) };
  if (sameContact(learnt, present)) return customerOf(present);
  const { _id, ...fields } = learnt;
  const updated = await unlessTaken(customers.updateOne({ _id }, { $set: fields }));
  if (updated) return customerOf(learnt);
  await customers.updateOne({ _id }, { $set: name ? { name } : {} });
  return customerOf({ ...present, ...(name && { name }) });
};

const sameContact = (a: Known, b: Known) => a.waId === b.waId && a.bsuid === b.bsuid && a.name === b.name;

const duplicate = 11_000;

/** The write's answer, or `null` when a unique index refused it. */
const unlessTaken = async <R>(write: Promise<R>): Promise<R | null> => {
  try {
    return await write;
  } catch (fault) {
    if (fault instanceof MongoServerError && fault.code === duplicate) return null;
    throw fault;
  }
};
