const fingerprint = '00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF'.repeat(2).replace('FF00', 'FF:00');

const sdp = (setup: 'actpass' | 'passive') =>
  [
    'v=0',
    'o=- 1790000000 2 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=group:BUNDLE audio',
    'a=ice-lite',
    'm=audio 3480 UDP/TLS/RTP/SAVPF 111 126',
    'c=IN IP4 127.0.0.1',
    'a=rtcp-mux',
    'a=mid:audio',
    `a=setup:${setup}`,
    'a=ice-ufrag:synth',
    'a=ice-pwd:synthsynthsynthsynthsynth',
    `a=fingerprint:sha-256 ${fingerprint}`,
    'a=rtpmap:111 opus/48000/2',
    'a=rtpmap:126 telephone-event/8000',
    'a=candidate:1 1 udp 2113937151 127.0.0.1 3480 typ host',
    'a=sendrecv',
    '',
  ].join('\r\n');

/** The SDP Meta offers for a customer's call, and the one it answers ours with. No media stands behind them. */
export const offerSdp = sdp('actpass');
export const answerSdp = sdp('passive');
