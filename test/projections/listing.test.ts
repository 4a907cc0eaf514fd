import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { callLogsListing } from '../../projections/filters/call-logs.ts';
import type { Listing } from '../../projections/filters/listing.ts';
import { missedCallsListing } from '../../projections/filters/missed-calls.ts';
import { ticketsListing } from '../../projections/filters/tickets.ts';

const parsed = ({ shape }: Listing, parameters: object) => z.strictObject(shape).safeParse(parameters);
const filterOf = (listing: Listing, parameters: object) => listing.filterOf(parsed(listing, parameters).data ?? {});

describe('the filters of the call logs', () => {
  test('let everything through when there are none', () => {
    expect(filterOf(callLogsListing, {})).toEqual({});
  });

  test.each<[object, object]>([
    [{ direction: 'incoming' }, { 'doc.direction': 'incoming' }],
    [{ status: 'missed' }, { 'doc.status': 'missed' }],
    [{ status: 'incoming.missed' }, { 'doc.direction': 'incoming', 'doc.status': 'missed' }],
    [
      { status: ['incoming.missed', 'unanswered'] },
      { $or: [{ 'doc.direction': 'incoming', 'doc.status': 'missed' }, { 'doc.status': 'unanswered' }] },
    ],
    [{ from: '1970-01-01T00:00:01Z' }, { 'doc.startedAt': { $gte: 1_000 } }],
    [{ to: '1970-01-01T01:00:00+01:00' }, { 'doc.startedAt': { $lt: 0 } }],
    [{ from: '1970-01-02' }, { 'doc.startedAt': { $gte: 86_400_000 } }],
    [{ minDuration: '60' }, { 'doc.talkSeconds': { $gte: 60 } }],
    [{ customer: 'cus_mia' }, { 'doc.customer.customerId': 'cus_mia' }],
    [{ customer: '+4915112345' }, { 'doc.customer.waId': '4915112345' }],
    [{ q: 'mi.a' }, { 'doc.customer.name': { $regex: 'mi\\.a', $options: 'i' } }],
  ])('turn %j into what MongoDB understands', (parameters, expected) => {
    expect(filterOf(callLogsListing, parameters)).toEqual({ $and: [expected] });
  });

  test('look for digits in the number as well', () => {
    expect(filterOf(callLogsListing, { q: '+49 151' })).toMatchObject({
      $and: [{ $or: [{ 'doc.customer.waId': { $regex: '49151' } }, { 'doc.customer.name': {} }] }],
    });
  });

  test.each([
    { direction: 'sideways' },
    { status: 'outgoing.missed' },
    { from: 'yesterday' },
    { minDuration: '-1' },
    { customer: { $ne: null } },
    { sort: 'customer.waId' },
    { colour: 'red' },
  ])('refuse %j', (parameters) => {
    expect(parsed(callLogsListing, parameters).success).toBe(false);
  });

  test.each<[string | undefined, object]>([
    [undefined, { path: 'doc.startedAt', direction: -1 }],
    ['startedAt', { path: 'doc.startedAt', direction: 1 }],
    ['-talkSeconds', { path: 'doc.talkSeconds', direction: -1 }],
  ])('order by %s', (sort, expected) => {
    expect(callLogsListing.sortOf({ sort })).toEqual(expected);
  });
});

test('missed calls are counted without a look at those who wait no more', () => {
  expect(filterOf(missedCallsListing, { channel: 'ch1' })).toEqual({
    $and: [{ 'doc.lastAt': { $gt: 0 } }, { 'doc.channelId': 'ch1' }],
  });
});

test.each<[string, object]>([
  ['true', { 'doc.assignee.agentId': null, 'doc.assignee.teamId': null }],
  ['false', { $or: [{ 'doc.assignee.agentId': { $ne: null } }, { 'doc.assignee.teamId': { $ne: null } }] }],
])('tickets are found by whether anybody holds them: unassigned=%s', (unassigned, expected) => {
  expect(filterOf(ticketsListing, { unassigned })).toEqual({ $and: [expected] });
});
