import { type Route, staff } from '../http/route.ts';
import { addNote } from './add-note.ts';
import { assignTicket } from './assign-ticket.ts';
import { AssignBody, ChannelId, CustomerName, DismissBody, Id, NoteBody, Nothing } from './bodies.ts';
import { commandRouter } from './command-route.ts';
import { dismissMissedCalls } from './dismiss-missed-calls.ts';
import { onlyForOneself } from './entitlement.ts';
import { reopenTicket } from './reopen-ticket.ts';
import { resolveTicket } from './resolve-ticket.ts';
import type { WriteSide } from './write-side.ts';

/** What is done with tickets and missed calls. */
export const ticketRoutes = (w: WriteSide): Route[] => {
  const command = commandRouter(w);
  const [assign, resolve, reopen, note] = [assignTicket(w), resolveTicket(w), reopenTicket(w), addNote(w)];
  const dismiss = dismissMissedCalls(w);
  return [
    command({
      method: 'post',
      path: '/v1/tickets/:ticketId/assign',
      summary: 'Give a ticket to an agent, a team or nobody',
      roles: staff,
      params: { ticketId: Id },
      body: AssignBody,
      run: async ({ caller, params, body }, context) => {
        const agentId = 'agentId' in body ? body.agentId : null;
        const teamId = 'teamId' in body ? body.teamId : null;
        onlyForOneself(caller, agentId);
        return assign({ ...params, agentId, teamId, isPickUp: caller.role === 'agent' }, context);
      },
    }),
    command({
      method: 'post',
      path: '/v1/tickets/:ticketId/resolve',
      summary: 'Resolve a ticket',
      roles: staff,
      params: { ticketId: Id },
      body: Nothing,
      run: ({ caller, params }, context) => resolve({ ...params, agentId: caller.sub }, context),
    }),
    command({
      method: 'post',
      path: '/v1/tickets/:ticketId/reopen',
      summary: 'Open a resolved ticket again',
      roles: staff,
      params: { ticketId: Id },
      body: Nothing,
      run: ({ caller, params }, context) => reopen({ ...params, agentId: caller.sub }, context),
    }),
    command({
      method: 'post',
      path: '/v1/tickets/:ticketId/notes',
      summary: "Write a note into a ticket's history",
      roles: staff,
      params: { ticketId: Id },
      body: NoteBody,
      run: ({ caller, params, body }, context) => note({ ...params, ...body, agentId: caller.sub }, context),
    }),
    command({
      method: 'post',
      path: '/v1/channels/:channelId/customers/:customer/missed-calls/dismiss',
      summary: 'Take a customer off the missed-calls tab, for a reason that stays on record',
      roles: staff,
      params: { channelId: ChannelId, customer: CustomerName },
      body: DismissBody,
      run: ({ caller, params, body }, context) => dismiss({ ...params, ...body, agentId: caller.sub }, context),
    }),
  ];
};
