type Call = { channelId: string; metaCallId: string; waId: string; at?: number };
type Fields = Record<string, unknown>;

/** Unix seconds at which the samples' calls begin. */
export const began = 1_795_165_200;

/** One delivery around these changes. */
export const delivery = (...changes: Fields[]) => ({
  object: 'whatsapp_business_account',
  entry: [{ id: '900000000000001', changes }],
});

const value = (channelId: string, more: Fields): Fields => ({
  messaging_product: 'whatsapp',
  metadata: { display_phone_number: '910000000001', phone_number_id: channelId },
  ...more,
});

const contactsOf = (waId: string) => [{ profile: { name: 'Asha Synthétique' }, wa_id: waId, user_id: `IN.${waId}` }];

const onCall = ({ channelId, metaCallId, waId }: Call, call: Fields, more: Fields = {}) => ({
  field: 'calls',
  value: value(channelId, { contacts: contactsOf(waId), calls: [{ id: metaCallId, ...call }], ...more }),
});

const offer = { sdp_type: 'offer', sdp: 'v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n' };
const answer = { sdp_type: 'answer', sdp: 'v=0\r\no=- 3 4 IN IP4 127.0.0.1\r\n' };
const text = (seconds: number) => String(seconds);

export const incoming = {
  connect: (c: Call, more: Fields = {}) =>
    onCall(c, {
      from: c.waId,
      to: '910000000001',
      event: 'connect',
      direction: 'USER_INITIATED',
      timestamp: text(c.at ?? began),
      cta_payload: 'invite-7781',
      session: offer,
      ...more,
    }),
  missed: (c: Call, more: Fields = {}) => incoming.terminate(c, { timestamp: text((c.at ?? began) + 45), ...more }),
  completed: (c: Call, more: Fields = {}) =>
    incoming.terminate(c, {
      timestamp: text((c.at ?? began) + 160),
      start_time: text((c.at ?? began) + 12),
      end_time: text((c.at ?? began) + 158),
      duration: 146,
      ...more,
    }),
  failed: (c: Call, more: Fields = {}) =>
    incoming.terminate(
      c,
      { timestamp: text((c.at ?? began) + 60), status: 'FAILED', ...more },
      { errors: [{ code: 138021, message: 'Media receive timeout' }] },
    ),
  terminate: (c: Call, more: Fields, beside: Fields = {}) =>
    onCall(
      c,
      {
        from: c.waId,
        to: '910000000001',
        event: 'terminate',
        direction: 'USER_INITIATED',
        status: 'COMPLETED',
        ...more,
      },
      beside,
    ),
};

type Outgoing = Call & { callId?: string };
const ours = ({ callId }: Outgoing) => (callId === undefined ? {} : { biz_opaque_callback_data: callId });
const status = (c: Outgoing, name: string, after: number) => ({
  field: 'calls',
  value: value(c.channelId, {
    statuses: [
      {
        id: c.metaCallId,
        type: 'call',
        status: name,
        timestamp: text((c.at ?? began) + after),
        recipient_id: c.waId,
        ...ours(c),
      },
    ],
  }),
});
const outgoingCall = (c: Outgoing, more: Fields, beside: Fields = {}) =>
  onCall(c, { from: '910000000001', to: c.waId, direction: 'BUSINESS_INITIATED', ...ours(c), ...more }, beside);

export const outgoing = {
  connect: (c: Outgoing) =>
    outgoingCall(c, {
      event: 'connect',
      timestamp: text((c.at ?? began) + 1),
      session: answer,
      connection: { webrtc: { sdp: 'legacy copy' } },
    }),
  ringing: (c: Outgoing) => status(c, 'RINGING', 3),
  accepted: (c: Outgoing) => status(c, 'ACCEPTED', 20),
  rejected: (c: Outgoing) => status(c, 'REJECTED', 9),
  completed: (c: Outgoing) =>
    outgoingCall(c, {
      event: 'terminate',
      timestamp: text((c.at ?? began) + 160),
      status: 'COMPLETED',
      start_time: text((c.at ?? began) + 20),
      end_time: text((c.at ?? began) + 158),
      duration: 138,
    }),
  unanswered: (c: Outgoing) =>
    outgoingCall(c, { event: 'terminate', timestamp: text((c.at ?? began) + 50), status: 'COMPLETED' }),
  failed: (c: Outgoing) =>
    outgoingCall(
      c,
      { event: 'terminate', timestamp: text((c.at ?? began) + 10), status: 'Failed' },
      { errors: [{ code: 138020, message: 'Connection error' }] },
    ),
};

type Message = { channelId: string; waId: string; id: string; at?: number };

export const message = (
  { channelId, waId, id, at = began }: Message,
  more: Fields = { type: 'text', text: { body: 'Hi' } },
) => ({
  field: 'messages',
  value: value(channelId, {
    contacts: contactsOf(waId),
    messages: [{ from: waId, id, timestamp: text(at), ...more }],
  }),
});

/** A customer's or Meta's decision about calls; `contextId` is what it answers. */
export const permissionReply = (m: Message, reply: Fields, contextId?: string) =>
  message(m, {
    type: 'interactive',
    interactive: { type: 'call_permission_reply', call_permission_reply: reply },
    ...(contextId !== undefined && { context: { from: '910000000001', id: contextId } }),
  });

export const messageStatus = (m: Message, name: string, more: Fields = {}) => ({
  field: 'messages',
  value: value(m.channelId, {
    statuses: [{ id: m.id, status: name, timestamp: text(m.at ?? began), recipient_id: m.waId, ...more }],
  }),
});

export const restriction = (phone: string, restriction_type: string, expiration?: number) => ({
  field: 'account_update',
  value: {
    phone_number: phone,
    event: 'ACCOUNT_RESTRICTION',
    restriction_info: [{ restriction_type, ...(expiration !== undefined && { expiration }) }],
  },
});

export const violation = (phone: string) => ({
  field: 'account_update',
  value: {
    phone_number: phone,
    event: 'ACCOUNT_VIOLATION',
    violation_info: { violation_type: 'USER_INITIATED_CALLS_LOW_PICKUP_RATE', remediation: 'synthetic text' },
  },
});

/** What Meta holds of a number's calling settings; `null` where other settings changed. */
export const settings = (channelId: string, calling: Fields | null, at = began) => ({
  field: 'account_settings_update',
  value: {
    messaging_product: 'whatsapp',
    timestamp: text(at),
    type: 'phone_number_settings',
    phone_number_settings: { phone_number_id: channelId, calling },
  },
});
