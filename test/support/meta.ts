import { createHmac } from 'node:crypto';

/** The secret of the simulator, which a Ringbook without a token expects. */
const appSecret = 'simulator-secret';

const escaped = (body: object) =>
  JSON.stringify(body).replace(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Posts a delivery as Meta does: non-ASCII escaped, signed over the raw bytes. Resolves with the status. */
export const deliver = async (http: string, body: object): Promise<number> => {
  const raw = escaped(body);
  const signature = createHmac('sha256', appSecret).update(raw).digest('hex');
  const response = await fetch(`${http}/webhooks/whatsapp`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` },
    body: raw,
  });
  await response.arrayBuffer();
  return response.status;
};

type IncomingCall = { channelId: string; metaCallId: string; waId: string; name?: string; at: number };

const change = (channelId: string, value: object) => ({
  object: 'whatsapp_business_account',
  entry: [
    {
      id: '900000000000001',
      changes: [
        {
          field: 'calls',
          value: {
            messaging_product: 'whatsapp',
            metadata: { display_phone_number: '910000000001', phone_number_id: channelId },
            ...value,
          },
        },
      ],
    },
  ],
});

const contacts = ({ waId, name = 'Asha Synthétique' }: IncomingCall) => [{ profile: { name }, wa_id: waId }];
const seconds = (at: number) => String(Math.floor(at / 1_000));

/** `calls` connect, USER_INITIATED. Times in milliseconds. */
export const incomingConnect = (call: IncomingCall) =>
  change(call.channelId, {
    contacts: contacts(call),
    calls: [
      {
        id: call.metaCallId,
        from: call.waId,
        to: '910000000001',
        event: 'connect',
        timestamp: seconds(call.at),
        direction: 'USER_INITIATED',
        session: { sdp_type: 'offer', sdp: 'v=0\r\nm=audio 3480 UDP/TLS/RTP/SAVPF 111 126\r\n' },
      },
    ],
  });

/** `calls` terminate of an incoming call that nobody answered. */
export const incomingTerminate = (call: IncomingCall) =>
  change(call.channelId, {
    contacts: contacts(call),
    calls: [
      {
        id: call.metaCallId,
        from: call.waId,
        to: '910000000001',
        event: 'terminate',
        direction: 'USER_INITIATED',
        timestamp: seconds(call.at),
        status: 'COMPLETED',
      },
    ],
  });
