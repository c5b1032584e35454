// An ESME of the npm package `smpp`: binds, takes COUNT messages, says how it read each, unbinds.
// node peers_esme.js PORT COUNT; every line that it writes is a JSON value.
'use strict';

const smpp = require('smpp');

const [port, count] = process.argv.slice(2).map(Number);
const say = (value) => process.stdout.write(JSON.stringify(value) + '\n');
const hex = (value) => (Buffer.isBuffer(value) ? { hex: value.toString('hex') } : value);
let seen = 0;

function take(session, pdu) {
  session.send(pdu.response());
  const { message = '', udh = [] } = pdu.message_payload || pdu.short_message || {};
  say({
    command: pdu.command,
    source: [pdu.source_addr_ton, pdu.source_addr],
    coding: pdu.data_coding,
    esm_class: pdu.esm_class,
    text: hex(message),
    udh: udh.map((element) => element.toString('hex')),
    sar: [pdu.sar_msg_ref_num, pdu.sar_total_segments, pdu.sar_segment_seqnum],
    receipt: [pdu.receipted_message_id, pdu.message_state],
  });
  seen += 1;
  if (seen === count) session.unbind(() => session.close());
}

const session = smpp.connect({ host: '127.0.0.1', port }, () => {
  session.bind_transceiver({ system_id: 'me', password: 'secret' }, (answer) => say({ bound: answer.command_status }));
});
session.on('deliver_sm', (pdu) => take(session, pdu));
session.on('data_sm', (pdu) => take(session, pdu));
session.on('error', (error) => say({ error: String(error) }));
