/**
 * Who waits for a timer: somebody on the line (`calls`); people who count in days (`terms`); or only we, for Meta is asked,
 * who may be silent (`meta`). No lane waits for another.
 */
export const lanes = ['calls', 'terms', 'meta'] as const;
export type Lane = (typeof lanes)[number];

/** What time alone causes. A timer is never cancelled nor moved: one that has been overtaken finds nothing to do. */
export const laneOf = {
  offer_unacknowledged: 'calls',
  offer_timed_out: 'calls',
  socket_lost: 'calls',
  queue_ended: 'calls',
  answer_unconfirmed: 'calls',
  end_unconfirmed: 'calls',
  outgoing_call_silent: 'calls',
  authorisation_unused: 'calls',
  permission_expires: 'terms',
  request_expires: 'terms',
  invite_expires: 'terms',
  callback_expires: 'terms',
  settings_retried: 'terms',
  channel_time_passed: 'terms',
  request_unconfirmed: 'meta',
  restriction_checked: 'meta',
} as const satisfies Record<string, Lane>;

export type TimerKind = keyof typeof laneOf;
