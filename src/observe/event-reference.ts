// The reference of all events, printed as docs/reference/events.md. The compiler rejects an event or a field without a description.

import { finalKinds } from './events.ts'
import type { EventBase, EventKind, EventOf } from './events.ts'

type OwnField<K extends EventKind> = Exclude<keyof EventOf<K> & string, keyof EventBase | 'kind'>

interface Description<Field extends string> {
  /** One sentence: when the event is recorded. */
  readonly when: string
  readonly fields: Readonly<Record<Field, string>>
}

const common: Readonly<Record<keyof EventBase, string>> = {
  at: 'Time of the event, Unix milliseconds.',
  queueId: 'Queue ID of the message; `null` for mail that was not queued and for suspended or resumed destinations.',
  session: 'ID of the SMTP session.',
  recipient: 'Final address of the recipient that the event concerns.',
  node: 'The node that recorded the event, for the history of a message that was transferred from it.',
}

const attempt = {
  attempt: 'Number of the attempt, from 1.',
  host: 'Remote host as `name[ip]:port`; `null` if no host was reached.',
  reply: 'Reply of the remote host, verbatim; without one, the cause in words.',
  status: 'Enhanced status code (RFC 3463).',
  tls: 'Level, policy, protocol and failure of TLS; `null` if no host was reached.',
  class: 'Class of the reply, if a reply rule matches it.',
  advice: 'What the operator can do about the reply, from the same rule.',
}
const scope = 'What the result concerns: `recipient`, `message`, `session` or `site`.'
const action = {
  by: 'The operator or program that requested the action.',
  reason: 'The reason given for it; empty if none.',
}
const forwarded = {
  client: 'The client of `remote` as `name[ip]`, or `local`, if `remote` is a trusted host that names it (XFORWARD).',
  clientQueueId: 'Queue ID of the message at `remote`, in the same case.',
}
const controlled = {
  ...action,
  until: 'Of mail in quarantine: time at which it fails unless it is released.',
  destination: 'Next hop of the recipient, for `retried`.',
}

const banned = {
  banned: 'What is banned: `address`, `network` or `account`.',
  ip: 'The address or network.',
  user: 'The account.',
}

const events: { readonly [K in EventKind]: Description<OwnField<K>> } = {
  received: {
    when: 'The node accepted a message.',
    fields: {
      origin:
        'Origin class: `internet`, `peer`, `user`, `machine` or `local`, with role or identity after a colon; ` (app LABEL)` follows where the user logged in with an app password.',
      sender: 'Reverse-path; `null` for the null sender.',
      remote: 'Client as `name[ip]`, with the name `unknown` if none is confirmed; `local` for mail of this node.',
      ...forwarded,
      helo: 'Argument of EHLO or HELO.',
      tls: 'TLS protocol of the session; `null` without TLS.',
      size: 'Size of the message in bytes.',
      messageId: 'Message-ID of the header; `null` if it has none.',
    },
  },
  checked: {
    when: 'A check examined a message.',
    fields: {
      check: 'Name of the check, such as `spf`, `dkim`, `dmarc`, `arc`, `virus` or `spam`.',
      result: 'Its result.',
      detail: 'What the result is based on.',
    },
  },
  timed: {
    when: 'Checks of an accepted message took a millisecond or more.',
    fields: {
      checks:
        'For each check and stage: `check`, `stage`, `ms` (milliseconds of all calls), and `calls` if there was more than one.',
    },
  },
  resolved: {
    when: 'A recipient was resolved to one destination.',
    fields: {
      original: 'The forward-path as given by the client.',
      reversePath: 'Reverse-path for this recipient; `null` for the null sender.',
      nextHop: 'Next hop.',
      steps: 'Steps of the resolution as `rule from -> to (source)`.',
    },
  },
  signed: {
    when: 'The node signed a message with DKIM.',
    fields: { domain: 'Signing domain.', selector: 'Selector of the key.', algorithm: 'Algorithm of the signature.' },
  },
  unsigned: {
    when: 'The node did not sign a message.',
    fields: { reason: 'Why.' },
  },
  delivered: {
    when: 'A remote host accepted the message for the recipient.',
    fields: {
      ...attempt,
      sender: 'Reverse-path as received; `null` for the null sender.',
      delayMs: 'Time from the arrival of the message at this node to the delivery, milliseconds.',
      size: 'Size of the message in bytes.',
    },
  },
  deferred: {
    when: 'An attempt failed temporarily; the recipient is retried.',
    fields: { ...attempt, scope, nextAttemptAt: 'Time of the next attempt, Unix milliseconds.' },
  },
  failed: { when: 'An attempt failed permanently.', fields: { ...attempt, scope } },
  expired: { when: 'The lifetime of the recipient passed without a delivery.', fields: attempt },
  notified: {
    when: 'A DSN for the recipient was queued, or suppressed for a reason.',
    fields: {
      notice: 'What the DSN reports: `failed`, `delayed`, `delivered`, `relayed` or `expanded`.',
      to: 'Recipient of the DSN; `null` for the null sender.',
      dsn: 'Queue ID of the DSN; `null` if none was sent.',
      copy: 'Queue ID of the copy for the operator.',
      reason: 'Why no DSN was sent.',
    },
  },
  held: { when: 'A recipient was held.', fields: controlled },
  released: { when: 'A held recipient was released.', fields: controlled },
  retried: { when: 'A recipient was scheduled for an immediate attempt.', fields: controlled },
  removed: { when: 'A recipient was removed from the queue without a DSN.', fields: controlled },
  bounced: { when: 'A recipient was returned to the sender.', fields: controlled },
  recovered: { when: 'The node ended during an attempt; the recipient is retried.', fields: controlled },
  'action-pending': {
    when: 'An action was requested during an attempt; it is applied if the attempt ends without a final result.',
    fields: {
      ...action,
      action: 'The action: `hold`, `retry`, `remove` or `bounce`; `release` cancels a pending action.',
    },
  },
  suspended: {
    when: 'Attempts for a destination were suspended.',
    fields: { ...action, destination: 'The next hop.' },
  },
  resumed: { when: 'Attempts for a destination were resumed.', fields: { ...action, destination: 'The next hop.' } },
  discarded: {
    when: 'A recipient was accepted and dropped, as the routing data says.',
    fields: { reason: 'The text of the routing data.' },
  },
  transferred: {
    when: 'A recipient was transferred to the queue of another node.',
    fields: { to: 'The other node.', by: 'The operator who requested the transfer.' },
  },
  'transfer-accepted': {
    when: 'A recipient was accepted from the queue of another node, with its history.',
    fields: { from: 'The other node.' },
  },
  rejected: {
    when: 'The node rejected a connection, a command or a message; nothing was queued.',
    fields: {
      stage: 'Stage of the session: `connect`, `helo`, `auth`, `mail`, `rcpt` or `data`.',
      sender: 'Reverse-path; `null` for the null sender and before MAIL.',
      remote: 'Client as `name[ip]`, with the name `unknown` if none is confirmed.',
      ...forwarded,
      reply: 'The reply of the node.',
      cause: 'The cause, for the operator only.',
      check: 'The check that rejected; absent if no check did.',
      ms: 'Time of that check, milliseconds; absent below 1.',
    },
  },
  'would-reject': {
    when: 'A check in test mode would have rejected; it changed nothing.',
    fields: {
      check: 'The check.',
      stage: 'Stage of the session, as of `rejected`.',
      sender: 'Reverse-path; `null` for the null sender and before MAIL.',
      remote: 'Client as `name[ip]`, with the name `unknown` if none is confirmed.',
      ...forwarded,
      reply: 'The reply that the node would have given.',
      cause: 'The cause, for the operator only.',
      recipients:
        'If above 1: recipients that the check would have rejected in this transaction; `recipient` is the first.',
    },
  },
  banned: {
    when: 'An address, a network or an account was banned for a time.',
    fields: {
      ...banned,
      until: 'End of the ban, Unix milliseconds.',
      by: '`node`, or the operator.',
      reason: 'Why.',
      evidence: 'What the node counted; empty for a ban of an operator.',
      times: 'How many bans in turn this is, from 1: each is twice as long as the one before.',
    },
  },
  'limit-near': {
    when: 'A message took an account near one of its limits. It is recorded once until the limit is free again.',
    fields: {
      account: 'The account or app password, as the origin of `received`.',
      measure: 'What is counted: `messages`, `recipients` or `new_domains`.',
      window: '`burst` (five minutes), `hour` or `day`.',
      used: 'Units used, with this message.',
      limit: 'Units that it can have.',
    },
  },
  'account-held': {
    when: 'An account or an app password was put on hold: its queued mail stops.',
    fields: {
      account: 'The account or app password, as the origin of `received`.',
      by: '`node`, or the operator.',
      reason: 'Why.',
      evidence: 'The signs with their points; empty for a hold of an operator.',
    },
  },
  'probe-sent': {
    when: 'The node sent a probe (section `probe`).',
    fields: {
      target: 'Name of the target.',
      probe: 'ID of the probe.',
      to: 'Recipient of the probe.',
    },
  },
  'probe-result': {
    when: 'A probe ended, or arrived after it was given up.',
    fields: {
      target: 'Name of the target.',
      probe: 'ID of the probe.',
      outcome:
        '`arrived`; `accepted` by the next server, if the target asks for no more; `incomplete`: it arrived without passing a server of `hops`; `missing`: not there in time; `refused`; `late`: it arrived after it was missing.',
      sentAt: 'Time of the sending, Unix milliseconds.',
      ms: 'From the sending to the end, milliseconds.',
      provider: 'The large provider on the way, `fleet` for a way within the fleet, or `other`.',
      hops: 'The servers on the way: `by` (host name), `group` (as provider), `ms` after the sending (Received fields have seconds).',
      detail: 'Why the outcome is not a good one; empty if it is.',
    },
  },
  'probe-alert': {
    when: 'A target of `probe` stopped working, or works again.',
    fields: {
      target: 'Name of the target.',
      state: '`failing` or `working`.',
      failures: 'Bad results in a row.',
      detail: 'The last result.',
    },
  },
  'account-released': {
    when: 'An operator ended the hold of an account.',
    fields: {
      account: 'The account or app password, as the origin of `received`.',
      by: 'The operator.',
      reason: 'The reason given for it; empty if none.',
    },
  },
  complained: {
    when: 'A mail provider reports that a recipient complained about mail of ours.',
    fields: {
      report: 'Queue ID of the message with the complaint.',
      feedback: 'Feedback type (RFC 5965), such as `abuse` or `fraud`; `auth-failure` for a failure report of DMARC.',
      provider: 'Domain of the provider, from the author of the report if DMARC proves it, else from its reverse-path.',
      isProven: 'Whether DMARC proves that domain.',
      account: 'Origin of the mail, as of `received`; `null` if the ledger of this node does not have it.',
      messageId: 'Message-ID of the mail; `null` if the complaint does not have it.',
    },
  },
  'account-changed': {
    when: 'A person changed the password, an app password or the second factor at the page of `self_service`, or an operator removed the second factor (`waypost passwd totp remove`).',
    fields: {
      account: 'The account, as the origin of `received`.',
      change:
        '`password`, `app-password-added`, `app-password-removed`, `second-factor-on`, `second-factor-off` or `recovery-code-used`.',
      by: '`self-service`, or the operator.',
      ip: 'Address of the client of the page.',
      app: 'Label of the app password.',
    },
  },
  erased: {
    when: 'An operator erased a person from the records of the node (`waypost privacy erase`).',
    fields: {
      by: 'The operator.',
      reason: 'The reason given for it; empty if none.',
      rows: 'Rows of the databases that named the person.',
    },
  },
  unbanned: {
    when: 'An operator ended a ban.',
    fields: { ...banned, by: 'The operator.', reason: 'The reason given for it; empty if none.' },
  },
}

/** docs/reference/events.md: every event with its fields. */
export function eventsPage(): string {
  return [
    '# Events',
    '',
    'The ledger of a node holds an event for each step of each message. `waypost trace` prints them, the log',
    'repeats them as JSON lines, and the [metrics](metrics.md) count them. Each accepted recipient ends in',
    `exactly one final event: ${finalKinds.map((kind) => `\`${kind}\``).join(', ')}.`,
    '',
    'A program that reads events should ignore kinds and fields that it does not know.',
    'This page is generated from `src/observe/event-reference.ts`.',
    '',
    '## Fields of every event',
    '',
    ...table({ kind: 'One of the kinds below.', ...common }),
    ...Object.entries(events).flatMap(([kind, { when, fields }]) => ['', `## ${kind}`, '', when, '', ...table(fields)]),
    '',
  ].join('\n')
}

function table(fields: Readonly<Record<string, string>>): string[] {
  return [
    '| field | meaning |',
    '|---|---|',
    ...Object.entries(fields).map(([name, text]) => `| \`${name}\` | ${text} |`),
  ]
}
