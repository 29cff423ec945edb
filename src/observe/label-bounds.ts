// How many values each label of a metric can have: every value takes memory in the node and in Prometheus for good. None comes from a
// stranger. A metric with a label that is not in this table fails a test.

import { mailProviders } from '../smtp/mail-provider.ts'
import { replyClasses } from '../smtp/reply-class.ts'
import { TLS_WORDS } from './tls-word.ts'

export interface LabelBound {
  /** Most values, or those of a large configuration. */
  readonly most: number
  /** Where the values come from. */
  readonly from: string
}

/** Values of a label with words of events: each list is closed, but several parts of the program have their own. */
const MOST_WORDS = 200
/** Nodes are run with up to ten of what an operator names: listeners, lists, sources, targets. */
const NAMED = 10

const program = (most: number, what: string): LabelBound => ({ most, from: `${what}, a list of the program` })
const configured = (what: string): LabelBound => ({ most: NAMED, from: `${what} in the configuration` })

export const labelBounds: Readonly<Record<string, LabelBound>> = {
  action: program(12, 'actions on the queue'),
  algorithm: program(3, 'algorithms of DKIM'),
  banned: program(3, 'what can be banned'),
  budget: program(80, 'names of budgets'),
  by: program(2, '`node` or `operator`'),
  change: program(12, 'changes of an account'),
  check: program(40, 'names of checks'),
  class: program(replyClasses.length + 1, 'classes of remote replies, and `none`'),
  client: configured('OAuth clients'),
  dnssec: program(4, 'states of DNSSEC'),
  failure: program(11, 'failures of TLS (RFC 8460 section 4.3)'),
  hop: { most: NAMED + mailProviders.length, from: 'names of nodes in the configuration, and large providers' },
  key: { most: NAMED, from: 'keys of certificates in the configuration' },
  kind: program(10, 'kinds of entries'),
  level: program(3, 'levels of TLS'),
  limit: program(8, 'limits of a budget'),
  list: configured('lists'),
  listener: configured('listeners'),
  measure: program(10, 'what the limits of accounts count'),
  mode: program(2, '`active` or `test`'),
  notice: program(5, 'kinds of DSNs'),
  origin: program(6, 'origin classes, and `probe`'),
  policy: program(12, 'TLS policies'),
  provider: program(mailProviders.length + 2, 'large providers by their MX hosts, `fleet`, `local` and `other`'),
  purpose: program(6, 'purposes of questions'),
  reason: program(20, 'reasons'),
  result: program(20, 'results'),
  role: { most: NAMED, from: 'roles of nodes' },
  sent: program(2, '`yes` or `no`'),
  severity: program(3, 'severities of findings'),
  source: configured('sources of routing data'),
  stage: program(6, 'stages of a session'),
  state: program(8, 'states'),
  status: program(190, 'enhanced status codes of a table (RFC 3463); others are folded to their class'),
  target: configured('targets of webhooks and of the probe'),
  tls: program(TLS_WORDS, 'protocols of TLS, with the level for outgoing mail'),
  verdict: program(3, 'kinds of a reply'),
  version: program(1, 'the version of the node'),
}

/** The most series of a metric with these labels; null if one has no bound. A histogram has one for each bucket, and three more. */
export function mostSeries(labels: readonly string[], buckets: number | null): number | null {
  const each = labels.map((label) => labelBounds[label]?.most)
  if (each.includes(undefined)) return null
  const combinations = each.reduce<number>((product, most) => product * (most as number), 1)
  return combinations * (buckets === null ? 1 : buckets + 3)
}

/** Words for a label: as this program writes them, and no more different ones than there are lists. Any other text is `other`. */
export function createWords(most = MOST_WORDS): (text: string) => string {
  const known = new Set<string>()
  return (text) => {
    if (known.has(text)) return text
    if (known.size >= most || !/^[a-z0-9-]{1,32}$/.test(text)) return 'other'
    known.add(text)
    return text
  }
}
