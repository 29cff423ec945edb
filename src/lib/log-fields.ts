// Every field of a log line with the class of its personal data. A field that is missing here does not compile: decide its class. Fields of
// ledger events have their classes in privacy/event-fields.ts.

/**
 * | class | what it is |
 * |---|---|
 * | open | no personal data: counts, states, names of parts, files and domains, hosts that receive mail |
 * | address | a mail address or the name of a user |
 * | ip | the address or the name of a client |
 * | subject | the subject of a message; no line has it unless the log is asked for it |
 * | origin | an origin of smtp/origin.ts, which names a user or not |
 * | text | a sentence, in which addresses and IPs are found by their form |
 * | operator | the name of an operator: the record of who did it |
 * | message-id | the Message-ID of a message |
 */
export type FieldClass = 'open' | 'address' | 'ip' | 'subject' | 'origin' | 'text' | 'operator' | 'message-id'

export const logFields = {
  action: 'open',
  // An address of this node.
  address: 'open',
  alert: 'open',
  aside: 'open',
  breaks: 'open',
  by: 'operator',
  cause: 'text',
  checks: 'text',
  client: 'ip',
  data: 'open',
  day: 'open',
  dn: 'address',
  domain: 'open',
  dropped: 'open',
  due: 'open',
  error: 'text',
  examples: 'text',
  expired: 'open',
  expires: 'open',
  failure: 'text',
  family: 'open',
  file: 'open',
  helo: 'ip',
  inMs: 'open',
  jumpMs: 'open',
  ip: 'ip',
  key: 'open',
  keys: 'open',
  kind: 'open',
  level: 'open',
  limit: 'open',
  line: 'open',
  lines: 'open',
  list: 'open',
  listener: 'open',
  listeners: 'open',
  name: 'text',
  names: 'open',
  newKey: 'open',
  operator: 'operator',
  orphansRemoved: 'open',
  owner: 'open',
  problem: 'text',
  problems: 'text',
  queueId: 'open',
  reason: 'text',
  recipient: 'address',
  record: 'open',
  recovered: 'open',
  remote: 'ip',
  result: 'open',
  role: 'open',
  session: 'open',
  severity: 'open',
  source: 'open',
  state: 'open',
  subject: 'subject',
  target: 'open',
  to: 'text',
  until: 'open',
  unused: 'open',
  uri: 'text',
  user: 'address',
  users: 'address',
  version: 'open',
  what: 'text',
} as const satisfies Readonly<Record<string, FieldClass>>

export type LogFieldName = keyof typeof logFields
