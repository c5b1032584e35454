// An SMSC of the npm package `smpp`: waits for a bind, sends one message of each case, says how each was answered, unbinds, ends.
// node peers_smsc.js RECIPIENT SENDER_PREFIX [CERTIFICATE KEY]; every line that it writes is a JSON value.
'use strict';

const fs = require('fs');
const smpp = require('smpp');

const [recipient, prefix, certificate, key] = process.argv.slice(2);
const say = (value) => process.stdout.write(JSON.stringify(value) + '\n');

const polish = 'Zażółć gęślą jaźń 👍😀🇵🇱';
const long = ('Czesc pierwsza {1} ' + 'abcdefghij '.repeat(40)).slice(0, 400);
const pairs = 'x'.repeat(65) + '👍' + 'y'.repeat(65) + '😀' + 'koniec';

function cut(text, size) {
  const parts = [];
  for (let at = 0; at < text.length; at += size) parts.push(text.slice(at, at + size));
  return parts;
}

// A user data header: its length, then the elements.
const header = (...elements) => Buffer.concat([Buffer.from([elements.reduce((sum, one) => sum + one.length, 0)]), ...elements.map(Buffer.from)]);
const udh8 = (reference, total, number) => [0x00, 3, reference, total, number];
const udh16 = (reference, total, number) => [0x08, 4, reference >> 8, reference & 255, total, number];

function withHeader(text, size, reference, element, coding, order) {
  const parts = cut(text, size);
  return order.map((number) => ({
    data_coding: coding,
    short_message: { udh: header(element(reference, parts.length, number)), message: parts[number - 1] },
  }));
}

function withParameters(text, size, reference, coding, order) {
  const parts = cut(text, size);
  return order.map((number) => ({
    data_coding: coding,
    short_message: parts[number - 1],
    sar_msg_ref_num: reference,
    sar_total_segments: parts.length,
    sar_segment_seqnum: number,
  }));
}

function inPayload(text, size, reference, element, coding, order) {
  return withHeader(text, size, reference, element, coding, order).map((pdu) => ({
    data_coding: coding,
    short_message: '',
    esm_class: 0x40,
    message_payload: pdu.short_message,
  }));
}

function national(text, language, ...elements) {
  return [{ data_coding: 0, short_message: { udh: header(...elements.map((tag) => [tag, 1, language])), message: text } }];
}

const one = (coding, text) => [{ data_coding: coding, short_message: text }];
const cases = [
  ['GSM alphabet', '@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà', (text) => one(0, text)],
  ['GSM extension', 'Cena 10€ [ok] {a|b} ^~ \\ koniec', (text) => one(0, text)],
  ['Latin-1', 'café ñ ü', (text) => one(3, text)],
  ['UCS-2 with emoji', polish, (text) => one(8, text)],
  ['empty', '', (text) => one(0, text)],
  ['binary', '0001FF80', () => one(4, Buffer.from([0, 1, 255, 128]))],
  ['UDH 8 bit, GSM, order 3 1 2', long, (text) => withHeader(text, 153, 11, udh8, 0, [3, 1, 2])],
  ['UDH 8 bit, a part twice', long, (text) => withHeader(text, 153, 12, udh8, 0, [3, 2, 2, 1])],
  ['UDH 16 bit, UCS-2, pairs cut in two', pairs, (text) => withHeader(text, 66, 4097, udh16, 8, [2, 3, 1])],
  ['SAR, GSM, order 2 3 1', long, (text) => withParameters(text, 153, 21, 0, [2, 3, 1])],
  ['SAR, UCS-2', polish.repeat(5), (text) => withParameters(text, 67, 22, 8, [1, 2])],
  ['message_payload, GSM', long, (text) => [{ data_coding: 0, message_payload: text }]],
  ['message_payload, UCS-2', polish.repeat(5), (text) => [{ data_coding: 8, message_payload: text }]],
  ['message_payload with UDH', long, (text) => inPayload(text, 153, 23, udh8, 0, [2, 1, 3])],
  ['data_sm, UCS-2', polish, (text) => [{ command: 'data_sm', data_coding: 8, message_payload: text }]],
  ['Turkish tables', 'İğüş çığ ŞĞı €', (text) => national(text, 1, 0x24, 0x25)],
  ['Spanish single shift', 'Árbol, corazón, último Ó Í Ú', (text) => national(text, 2, 0x24)],
  ['Portuguese tables', 'coração, pão, ô ê á í ó ú ã õ', (text) => national(text, 3, 0x24, 0x25)],
  // A receipt is no message: nothing with this text may be found.
  ['receipt', null, () => [{ esm_class: 4, data_coding: 0, short_message: 'id:AB sub:001 dlvrd:001 submit date:1410211115 done date:1410211118 stat:DELIVRD err:000 text:x' }]],
];

async function run(session) {
  for (const [number, [name, expected, make]] of cases.entries()) {
    const sender = `${prefix}${String(number).padStart(4, '0')}`;
    const addresses = { source_addr_ton: 1, source_addr_npi: 1, source_addr: sender, dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: recipient };
    const statuses = [];
    for (const { command = 'deliver_sm', ...fields } of make(expected)) {
      statuses.push(await new Promise((resolve) => session[command]({ ...addresses, ...fields }, (answer) => resolve(answer.command_status))));
    }
    say({ case: name, sender: `+${sender}`, expected, statuses });
  }
  const link = await new Promise((resolve) => session.enquire_link((answer) => resolve(answer.command_status)));
  say({ link });
  session.unbind(() => session.close());
}

const options = certificate ? { cert: fs.readFileSync(certificate), key: fs.readFileSync(key) } : {};
const server = smpp.createServer(options, (session) => {
  session.on('error', (error) => say({ error: String(error) }));
  session.on('bind_transceiver', (pdu) => {
    session.send(pdu.response({ system_id: 'npm' }));
    if (pdu.system_id !== 'me' || pdu.password !== 'secret') return;
    say({ bound: pdu.system_id });
    server.close();
    run(session);
  });
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => { session.send(pdu.response()); session.close(); });
});
server.listen(0, '127.0.0.1', () => say({ port: server.address().port }));
