// Personal data in the queue: mail that waits, and the event ledger.

import type { FilePlace } from './place.ts'

const UNTIL_IT_LEAVES = 'The mail waits for its delivery; `waypost queue remove QUEUE-ID` removes it.'

export const queuePlace: FilePlace = {
  file: 'queue/queue.db',
  kind: 'database',
  holds: 'Mail that waits for its delivery, and the event ledger: what happened to each message and each refusal.',
  purpose: 'To deliver mail without loss, to explain each decision (`waypost trace`), to find abuse.',
  readers: '`waypost trace` and `queue`; targets of `webhooks` get the events that they name.',
  kept: 'Mail: until it is delivered or returned, at most `queue.lifetime` (mail on hold: until an operator decides). Events: `queue.keep_events`; their addresses and Message-IDs only for `privacy.forget.addresses`, addresses of clients for `privacy.forget.ips`.',
  erased:
    'Events of mail that has left: the address is replaced, and the clients in the same events are dropped. Mail that waits is listed.',
  tables: {
    messages: {
      erasure: 'keep',
      queueId: 'queue_id',
      whyKept: UNTIL_IT_LEAVES,
      columns: {
        id: 'open',
        queue_id: 'open',
        arrived_at: 'open',
        expires_at: 'open',
        sender: 'address',
        sender_proven: 'open',
        origin: 'text',
        parameters: 'text',
        spool_file: 'open',
        header_size: 'open',
        body_size: 'open',
        content: 'content',
      },
    },
    recipients: {
      erasure: 'keep',
      // store/recipient-id.ts
      queueId: 'SELECT queue_id FROM messages m WHERE m.id = recipients.id / 65536',
      whyKept: UNTIL_IT_LEAVES,
      columns: {
        id: 'open',
        state: 'open',
        next_hop: 'open',
        next_attempt_at: 'open',
        attempt: 'open',
        notice: 'open',
        notify: 'open',
        private: 'open',
        address: 'address',
        original: 'address',
        reverse_path: 'address',
        orcpt: 'address',
        pending_action: 'text',
        delay_notified: 'open',
        last_at: 'open',
        last_status: 'open',
        last_reply: 'text',
        last_host: 'open',
        last_class: 'open',
        flow: 'open',
        hold: 'text',
        kept_state: 'open',
        kept_notice: 'open',
        hold_until: 'open',
      },
    },
    suspensions: { columns: { next_hop: 'open', at: 'open', by: 'operator', reason: 'open' } },
    ledger: {
      erasure: 'replace',
      queueId: 'queue_id',
      keptWhile: 'EXISTS (SELECT 1 FROM messages m WHERE m.queue_id = ledger.queue_id)',
      whyKept: 'Events of mail that waits; erase again when it has left.',
      columns: { id: 'open', at: 'open', queue_id: 'open', events: 'text' },
    },
    // 32 bits of the hash of each search term: rebuilt when the addresses of its rows are forgotten.
    ledger_index: { columns: { bucket: 'open', first: 'open', last: 'open', entries: 'open' } },
    meta: { columns: { name: 'open', value: 'open' } },
    pending_transfers: { columns: { message: 'open', token: 'open', target: 'open', address: 'open', at: 'open' } },
    receipts: { columns: { token: 'open', accepted: 'open', at: 'open' } },
    transferred_messages: { columns: { look_at: 'open', message: 'open' } },
    identity: { columns: { queue: 'open' } },
  },
}
