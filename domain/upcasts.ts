type Upcast = (old: never) => object;

/**
 * How events used to look. Entry n turns version n into n + 1, so a type's version is its entries plus one.
 * Append only: what was once written stays readable. A field that merely appeared needs no entry; give it a zod default.
 */
const upcasts: Readonly<Record<string, readonly Upcast[]>> = {
  // version 1 knew only one kind of reservation: the agent's own outgoing call
  AgentReserved: [(old: { at: number; agentId: string; callId: string }) => ({ ...old, direction: 'outgoing' })],
  // version 1 did not say who the agent is that missed it
  CallMissed: [(old: object) => ({ ...old, agentName: null, team: null })],
};

/** The version at which events of this type are written today. */
export const versionOf = (type: string): number => (upcasts[type]?.length ?? 0) + 1;

/** Stored data of an older version, as it would be written today. */
export const upcast = (type: string, version: number, data: object): object =>
  (upcasts[type] ?? []).slice(version - 1).reduce((old: object, up) => up(old as never), data);
