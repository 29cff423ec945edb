// docs/reference/personal-data.md, for the data-protection officer.

import { type FieldClass, logFields } from '../../lib/log-fields.ts'
import { eventFields } from '../event-fields.ts'
import { outputs } from './outputs.ts'
import type { DataClass, FilePlace } from './place.ts'
import { places } from './schema.ts'

const meanings: Readonly<Record<DataClass, string>> = {
  open: 'No personal data: counts, states, names of parts, domains, hosts that receive mail.',
  address: 'Mail addresses and names of users.',
  ip: 'Addresses and names of clients. In a file of accounts or bans also an account.',
  subject: 'Subjects of messages. No log line has one.',
  origin: 'How a message came in: `internet`, `user:kim`.',
  text: 'A sentence, a reply or a record with addresses in it.',
  operator: 'The name of the operator who did something. It is kept as the record of it.',
  'message-id': 'The Message-ID of a message.',
  content: 'Header and body of messages.',
  secret: 'What proves an identity. No output shows it.',
}

type Stored = Exclude<FilePlace, { readonly kind: 'none' }>

/** The complete page. */
export function personalDataPage(): string {
  const lines = [...introduction, ...settingLines, ...classLines(), ...fileLines(), ...outputLines(), ...fieldLines()]
  return [...lines, ...rights, ''].join('\n')
}

const introduction = [
  '# Personal data',
  '',
  'This page is for the data-protection officer: what a node knows about people, why, for how long, and which recipients',
  'get it. It is generated from the schema in `src/privacy/schema`. A test compares the schema with every column of every',
  'database, every file and every metric, so nothing is missing here.',
  '',
  'A node relays mail; it has no mailboxes. It keeps a message until the next mail host has it. The legal basis and the',
  'information of the people concerned are tasks of the organisation that runs the node. How to answer a request:',
  '[answer a request about personal data](../how-to/answer-a-privacy-request.md).',
]

const settingLines = [
  '',
  '## Settings',
  '',
  '| setting | `privacy.profile: standard` | `strict` |',
  '|---|---|---|',
  '| `log.addresses`, `log.ips` | keep | hash |',
  '| `privacy.webhooks.addresses`, `.ips` | keep | hash |',
  '| `privacy.forget.addresses` (events, greylist) | 30 days | 7 days |',
  '| `privacy.forget.ips` (events, bans, greylist) | 30 days | 7 days |',
  '| `privacy.forget.accounts` (own users: logins, sent mail) | 90 days | 30 days |',
  '',
  'Each of them can be set alone; see [configuration](configuration.md). Counts stay: after that time an event has no',
  'address any more, and the event itself goes after `queue.keep_events`.',
  '',
  '- **keep**: as it is.',
  '- **hash**: the first 80 bits of HMAC-SHA-256 (RFC 2104) with a random key of 256 bits. The key changes at midnight UTC,',
  '  and the old one is overwritten. Equal values have equal hashes on one day; hashes of different days cannot be',
  '  connected, and after the day no guess can be tested.',
  '- **drop**: it is not written.',
  '',
  'Deleted data is overwritten in the databases, in unused pages once a day. What the file system, the disk or a backup',
  'keeps is outside of the node: encrypt the disk, and let backups end.',
]

function classLines(): string[] {
  return [
    '',
    '## Classes',
    '',
    '| class | meaning |',
    '|---|---|',
    ...Object.entries(meanings).map(([name, text]) => `| ${name} | ${text} |`),
  ]
}

function fileLines(): string[] {
  const stored = places.filter((place): place is Stored => place.kind !== 'none')
  const empty = places.filter((place) => place.kind === 'none')
  return [
    '',
    '## Files of the data directory',
    ...stored.flatMap((place) => ['', ...placeLines(place)]),
    '',
    'Files without personal data:',
    '',
    ...empty.map(({ file, holds }) => `- \`${file}\`: ${holds}`),
    '',
    'A damaged database is set aside as `NAME.damaged`, with all that it holds. The log says so. Remove it when it is',
    'examined.',
    '',
    'The configuration is no state of the node: routing data, `users`, `app_passwords`, `user_certificates`, own lists.',
    '`waypost privacy export` and `erase` list the lines that name the person.',
  ]
}

function outputLines(): string[] {
  return [
    '',
    '## Recipients',
    '',
    '| output | data | classes | purpose | recipients | setting | kept | erased |',
    '|---|---|---|---|---|---|---|---|',
    ...outputs.map(
      ({ name, holds, classes, purpose, recipients, setting, kept, erased }) =>
        `| ${name} | ${holds} | ${classes.join(', ')} | ${purpose} | ${recipients} | ${setting === null ? 'always' : `\`${setting}\``} | ${kept} | ${erased} |`,
    ),
  ]
}

function fieldLines(): string[] {
  const others = Object.fromEntries(Object.entries(logFields).filter(([name]) => !(name in eventFields)))
  return [
    '',
    '## Fields of events',
    '',
    'The ledger has them; the log and webhooks repeat them. Fields of the class `open` are left out. Meaning:',
    '[events](events.md).',
    '',
    '| class | fields |',
    '|---|---|',
    ...byClass(eventFields),
    '',
    '## Other fields of the log',
    '',
    '| class | fields |',
    '|---|---|',
    ...byClass(others),
  ]
}

const rights = [
  '',
  '## Rights of people',
  '',
  '| right | how |',
  '|---|---|',
  '| access, portability | `waypost privacy export ADDRESS` prints all that the node holds, as JSON |',
  '| rectification | in the routing data or the account; events are a record and are not changed |',
  '| erasure | `waypost privacy erase ADDRESS`; it lists what stays, why, and what removes it |',
  '| restriction | `waypost account hold`, `waypost queue hold` |',
  '| information about logins | the page of `self_service` shows each person the own logins |',
  '',
  'Each node answers for itself: run the commands on every node of the fleet.',
]

function placeLines(place: Stored): string[] {
  return [
    `### ${place.file}`,
    '',
    place.holds,
    '',
    '| | |',
    '|---|---|',
    `| purpose | ${place.purpose} |`,
    `| readers | ${place.readers} |`,
    `| kept | ${place.kept} |`,
    `| erased | ${place.erased} |`,
    ...(place.kind === 'lines' ? [`| classes | ${place.classes.join(', ')} |`] : tableLines(place)),
  ]
}

/** The columns with personal data. */
function tableLines({ tables }: Stored & { readonly kind: 'database' }): string[] {
  return Object.entries(tables).flatMap(([name, { columns }]) => {
    const personal = Object.entries(columns).filter(([, one]) => one !== 'open')
    return personal.length === 0
      ? []
      : [`| table \`${name}\` | ${personal.map(([column, one]) => `\`${column}\` (${one})`).join(', ')} |`]
  })
}

function byClass(fields: Readonly<Record<string, FieldClass>>): string[] {
  const classes = [...new Set(Object.values(fields))].filter((one) => one !== 'open').toSorted()
  return classes.map((one) => {
    const names = Object.keys(fields).filter((name) => fields[name] === one)
    return `| ${one} | ${names
      .toSorted()
      .map((name) => `\`${name}\``)
      .join(', ')} |`
  })
}
