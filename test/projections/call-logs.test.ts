import { describe, expect, test } from 'vitest';
import type { DomainEvent } from '../../domain/index.ts';
import { callEvidence } from '../../projections/call-detail.ts';
import { callLogs } from '../../projections/call-logs.ts';
import { at, happened, noon, shownAfter } from './events.ts';

const { received, routed, offered, declined, answering, answered, missed, ended, concluded, placed, rang, pickedUp } =
  happened;
const { inviteUsed } = happened;
const incoming = (...events: DomainEvent[]) => shownAfter(callLogs, 'c1', [received(0), ...events]);
const outgoing = (...events: DomainEvent[]) => shownAfter(callLogs, 'c2', [placed(0), ...events]);

describe('a row of the call logs', () => {
  test('names who called whom and when', () => {
    expect(incoming()).toMatchObject({
      callId: 'c1',
      metaCallId: 'wacid.1',
      direction: 'incoming',
      status: 'ongoing',
      channelId: 'ch1',
      channelName: 'Support',
      customer: { customerId: 'cus_mia', waId: '4915112345', name: 'Mia' },
      agentId: null,
      agentName: null,
      ticketId: null,
      startedAt: noon,
      answeredAt: null,
      endedAt: null,
      ringSeconds: 0,
      talkSeconds: 0,
      cost: null,
    });
  });

  test.each<[string, DomainEvent[]]>([
    ['queued', []],
    ['queued', [routed(1), offered(1), declined(2)]],
    ['ringing', [routed(1), offered(1)]],
    ['ringing', [routed(1), offered(1), answering(2)]],
    ['in_call', [routed(1), offered(1), answering(2), answered(3)]],
  ])('says of an incoming call that goes on: %s', (subStatus, events) => {
    expect(incoming(...events)).toMatchObject({ status: 'ongoing', subStatus });
  });

  test.each<[string, DomainEvent[]]>([
    ['dialling', []],
    ['ringing', [rang(1)]],
    ['in_call', [rang(1), pickedUp(2)]],
    ['in_call', [pickedUp(1), rang(2)]],
  ])('says of an outgoing call that goes on: %s', (subStatus, events) => {
    expect(outgoing(...events)).toMatchObject({ status: 'ongoing', subStatus, agentName: 'Asha', team: 'voice' });
  });

  test('tells how the call ended', () => {
    const doc = incoming(routed(1), offered(1), missed(2), concluded(2));
    expect(doc).toMatchObject({
      status: 'missed',
      missReason: 'agent_did_not_answer',
      endedAt: at(2),
      ringSeconds: 30,
      endedBy: 'system',
      agentId: 'asha',
      agentName: 'Asha',
      team: 'voice',
      ticketId: 't1',
    });
  });

  test('follows later evidence', () => {
    const corrected = concluded(3, {
      status: 'completed',
      missReason: null,
      corrects: true,
      answeredAt: at(1),
      talkSeconds: 60,
    });
    expect(incoming(missed(2), concluded(2), corrected)).toMatchObject({
      status: 'completed',
      missReason: null,
      talkSeconds: 60,
    });
  });

  test('names the agent who answered, not the one who declined', () => {
    const toBea = offered(3, { offerId: 'o2', agentId: 'bea', agentName: 'Bea', team: 'night' });
    const doc = incoming(
      routed(1),
      offered(1),
      declined(2),
      toBea,
      answering(4, { offerId: 'o2', agentId: 'bea' }),
      answered(5, { agentId: 'bea' }),
    );
    expect(doc).toMatchObject({ agentId: 'bea', agentName: 'Bea', team: 'night', answeredAt: at(5), ringSeconds: 300 });
  });

  test('keeps each agent’s part, every step and the evidence', () => {
    const detail = incoming(routed(1), offered(1), declined(2), ended(3, { failed: true, metaErrorCode: 1 }))?.detail;
    expect(detail?.legs).toMatchObject([
      { offerId: 'o1', agentId: 'asha', state: 'declined', offeredAt: at(1), changedAt: at(2) },
    ]);
    expect(detail?.timeline.map(({ type, eventId }) => `${eventId} ${type}`)).toEqual([
      'e10 CallReceived',
      'e20 CallRouted',
      'e30 CallOffered',
      'e40 OfferDeclined',
      'e50 CallEnded',
    ]);
    expect(callEvidence(detail!.state)).toMatchObject({
      endedFrom: 'meta',
      metaFailed: true,
      metaErrorCode: 1,
      metaConnectedAt: null,
    });
  });

  const byButton = { ctaPayload: 'i1' };
  const revealed = { type: 'CallOriginRevealed', at: at(1), callId: 'c1', ...byButton, deeplinkPayload: null } as const;
  const ofInvite = { kind: 'call_button', inviteId: 'i1', payload: 'i1' };

  test.each<[string, DomainEvent[], object]>([
    ['the profile', [received(0)], { kind: 'profile' }],
    ['a link', [received(0, { deeplinkPayload: 'site' })], { kind: 'deep_link', payload: 'site' }],
    ['a button', [received(0, byButton)], { kind: 'call_button', inviteId: null, payload: 'i1' }],
    ['a button first', [received(0, { ...byButton, deeplinkPayload: 'site' }), inviteUsed(1)], ofInvite],
    ['an invite', [received(0, byButton), inviteUsed(1), routed(1), concluded(2)], ofInvite],
    ['an invite, told late', [received(0), revealed, inviteUsed(1), routed(1)], ofInvite],
  ])('says where the customer called from: %s', (_, events, origin) => {
    expect(shownAfter(callLogs, 'c1', events)?.origin).toEqual(origin);
  });

  test('says of an outgoing call that it came from nowhere', () => {
    expect(outgoing()?.origin).toBeNull();
  });

  test('is not made by the use of an invite alone', () => {
    expect(shownAfter(callLogs, 'c1', [inviteUsed(1)])).toBeNull();
  });

  test('holds no session description', () => {
    expect(JSON.stringify(incoming(routed(1), offered(1)))).not.toContain('v=0');
  });
});
