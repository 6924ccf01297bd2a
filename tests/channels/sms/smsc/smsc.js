// A message centre that speaks SMPP 3.4 through npm's `smpp`: it stores what it takes in a log, answers late, sends
// receipts, and keeps what was not acknowledged until somebody binds again. Orders come on stdin, a JSON a line; what
// happens is told on stdout the same way.
const fs = require('fs');
const smpp = require('smpp');

const options = Object.assign(
  { log: '', user: 'mitoyen', password: 'secret', answerMs: 0, receipts: true, receiptMs: 0, echo: true, refuse: {}, hexReceipts: false },
  JSON.parse(process.argv[2] || '{}')
);
const log = options.log ? fs.openSync(options.log, 'a') : null;
const waiting = []; // Messages for whoever is bound, oldest first.
let bound = null;
let count = 0;
let silent = false;
let binds = 0;

const tell = (event, more) => process.stdout.write(JSON.stringify(Object.assign({ event }, more)) + '\n');

function taken(pdu) {
  const id = (1000 + count++).toString(16).padStart(8, '0');
  const message = pdu.short_message.message;
  const entry = {
    id, to: pdu.destination_addr, from: pdu.source_addr, coding: pdu.data_coding, esm: pdu.esm_class,
    reference: pdu.user_message_reference, registered: pdu.registered_delivery, sequence: pdu.sequence_number,
    udh: (pdu.short_message.udh || []).map((one) => Buffer.from(one).toString('hex')), text: message, at: Date.now(), bind: binds
  };
  if (log !== null) fs.writeSync(log, JSON.stringify(entry) + '\n');
  tell('submit', entry);
  return entry;
}

function receipt(entry, stat) {
  const shown = options.hexReceipts ? String(parseInt(entry.id, 16)) : entry.id;
  const states = { DELIVRD: 2, EXPIRED: 3, UNDELIV: 5, REJECTD: 8 };
  const pdu = {
    source_addr_ton: 1, source_addr_npi: 1, source_addr: entry.to, destination_addr: entry.from, esm_class: 4,
    short_message: `id:${shown} sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:${stat} err:000 text:`
  };
  if (options.echo) {
    Object.assign(pdu, { receipted_message_id: shown, message_state: states[stat], user_message_reference: entry.reference });
  }
  give(pdu);
}

function give(pdu) {
  const kept = { pdu, on: null };
  waiting.push(kept);
  if (bound) send(bound, kept);
}

function send(session, kept) {
  kept.on = session;
  session.deliver_sm(Object.assign({}, kept.pdu), (answer) => {
    tell('delivered', { status: answer.command_status });
    if (answer.command_status === 0) waiting.splice(waiting.indexOf(kept), 1);
  });
}

function submit(session, pdu) {
  const refused = options.refuse[pdu.destination_addr];
  if (refused && refused.times !== 0) {
    if (refused.times > 0) refused.times--;
    session.send(pdu.response({ command_status: refused.status }));
    return;
  }
  const entry = taken(pdu);
  const answer = () => session.send(pdu.response({ message_id: entry.id }));
  if (options.receipts && pdu.registered_delivery) {
    setTimeout(() => receipt(entry, (options.fails || {})[entry.to] || 'DELIVRD'), options.receiptMs);
  }
  if (options.answerMs) setTimeout(answer, options.answerMs);
  else answer();
}

const server = smpp.createServer((session) => {
  session.on('error', () => session.close());
  session.on('close', () => {
    if (bound === session) bound = null;
    tell('closed', {});
  });
  session.on('bind_transceiver', (pdu) => {
    if (pdu.system_id !== options.user || pdu.password !== options.password) {
      session.send(pdu.response({ command_status: smpp.ESME_RINVPASWD }), () => session.close());
      return;
    }
    session.send(pdu.response({ system_id: 'smsc' }));
    bound = session;
    binds++;
    tell('bound', { version: pdu.interface_version });
    for (const kept of waiting.slice()) send(session, kept);
  });
  session.on('submit_sm', (pdu) => { if (!silent) submit(session, pdu); });
  session.on('enquire_link', (pdu) => { if (!silent) { tell('enquired', {}); session.send(pdu.response()); } });
  session.on('enquire_link_resp', () => tell('alive', {}));
  session.on('generic_nack', (pdu) => tell('nack', { status: pdu.command_status, sequence: pdu.sequence_number }));
  session.on('unbind', (pdu) => { tell('unbound', {}); session.send(pdu.response(), () => session.close()); });
});

const orders = {
  // As if it had just been started.
  reset() {
    waiting.length = 0;
    count = 0;
    silent = false;
    if (bound) bound.destroy();
    bound = null;
    if (log !== null) fs.ftruncateSync(log, 0);
    tell('reset', {});
  },
  // `message`: text, or { udh, message } in hex; `coding`, and any other field of a deliver_sm, under `more`.
  deliver({ from, message, coding, more }) {
    const body = typeof message === 'string' ? message
      : { udh: Buffer.from(message.udh || '', 'hex'), message: Buffer.from(message.message, 'hex') };
    give(Object.assign({
      source_addr_ton: 1, source_addr_npi: 1, source_addr: from, destination_addr: '38000',
      data_coding: coding === undefined ? 0 : coding, short_message: body
    }, more));
  },
  raw({ hex }) { bound.socket.write(Buffer.from(hex, 'hex')); },
  enquire() { bound.enquire_link(); },
  unbind() { bound.unbind(); },
  drop() { if (bound) bound.destroy(); },
  silence({ on }) { silent = on; }
};

let held = '';
process.stdin.on('data', (chunk) => {
  held += chunk;
  const lines = held.split('\n');
  held = lines.pop();
  for (const line of lines) {
    const { order, ...rest } = JSON.parse(line);
    orders[order](rest);
  }
});
process.stdin.on('end', () => process.exit(0));
server.listen(options.port || 0, '127.0.0.1', () => tell('listening', { port: server.address().port }));
