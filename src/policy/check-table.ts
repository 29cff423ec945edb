// The checks by name: the frame that every node has, and those that a role file chooses, with what they cost and what test mode means for them.

/**
 * The checks around those of the role file (wiring/checks.ts). A role file cannot remove them: without them a node is an open relay, or
 * takes mail that it cannot keep.
 */
export const fixedChecks = {
  first: ['admission', 'bans', 'client-name', 'storage', 'client-limits', 'srs-bounces'],
  last: ['srs-hash-throttle', 'harvest-throttle', 'account-limits', 'recipient', 'probe', 'account-brake'],
} as const

export type FixedCheck = (typeof fixedChecks)[keyof typeof fixedChecks][number]

/**
 * What a check costs. Each costs at least ten times as much as the one before it: `memory` looks at what the node has in memory,
 * `look-up` waits for a directory or the DNS, `verify` also computes over the whole message, `scan` sends it to another program.
 */
const costs = ['memory', 'look-up', 'verify', 'scan'] as const

/**
 * What test mode turns off. `whole`: everything but the events. `marked`: only refusals that are marked as `testable`; what the check
 * finds is needed by others, and its other refusals protect.
 */
export type TestScope = 'whole' | 'marked'

interface RoleCheck {
  readonly cost: (typeof costs)[number]
  /** Else the reason, in words, why the check has no test mode. */
  readonly test: TestScope | { readonly never: string }
}

const names = 'the node vouches for the names of its clients'

/** A new check gets its line here and in wiring/checks.ts. */
export const roleChecks = {
  'hop-count': { cost: 'memory', test: { never: 'it ends mail loops' } },
  'local-names': { cost: 'memory', test: { never: 'it refuses nothing' } },
  'peer-results': { cost: 'memory', test: { never: 'it refuses nothing' } },
  'own-lists': { cost: 'memory', test: 'whole' },
  sender: { cost: 'look-up', test: { never: names } },
  author: { cost: 'look-up', test: { never: names } },
  bulk: { cost: 'memory', test: { never: 'it refuses nothing' } },
  dnsbl: { cost: 'look-up', test: 'whole' },
  'authentication-results': { cost: 'verify', test: 'marked' },
  virus: { cost: 'scan', test: 'whole' },
  spam: { cost: 'scan', test: 'whole' },
  // It costs little, and waits for what all others find.
  greylist: { cost: 'scan', test: 'whole' },
} as const satisfies Readonly<Record<string, RoleCheck>>

export type RoleCheckName = keyof typeof roleChecks

export const roleCheckNames = Object.keys(roleChecks) as readonly RoleCheckName[]

const protects = { never: 'it protects the node and its mail' }
/** The fixed checks whose limits an operator may want to try; what they count, they count in test mode too. */
const tryable: ReadonlyMap<string, TestScope> = new Map<FixedCheck, TestScope>([
  ['client-limits', 'whole'],
  ['harvest-throttle', 'whole'],
  ['account-limits', 'whole'],
  // Holds that stand act in test mode too: an operator may have made them.
  ['account-brake', 'marked'],
])

const modes: ReadonlyMap<string, RoleCheck['test']> = new Map([
  ...[...fixedChecks.first, ...fixedChecks.last].map((name): [string, RoleCheck['test']] => [
    name,
    tryable.get(name) ?? protects,
  ]),
  ...Object.entries(roleChecks).map(([name, { test }]): [string, RoleCheck['test']] => [name, test]),
])

/** What test mode means for a check, or why it has none. Null if there is no such check. */
export function testModeOf(name: string): RoleCheck['test'] | null {
  return modes.get(name) ?? null
}

/** Every check of a node whose role file has these, in the order in which they run. */
export function allChecks(ofRole: readonly string[]): readonly string[] {
  const isLast = (name: string) => name === 'greylist'
  return [
    ...fixedChecks.first,
    ...ofRole.filter((name) => !isLast(name)),
    ...fixedChecks.last,
    ...ofRole.filter(isLast),
  ]
}

/** The first two checks in the wrong order: `later` costs less, and would spare the client and the node the cost of `first`. Else null. */
export function expensiveFirst(
  checks: readonly RoleCheckName[],
): { readonly first: RoleCheckName; readonly later: RoleCheckName } | null {
  for (const [index, later] of checks.entries()) {
    const first = checks.slice(0, index).find((one) => rankOf(one) > rankOf(later))
    if (first !== undefined) return { first, later }
  }
  return null
}

function rankOf(name: RoleCheckName): number {
  const { cost }: RoleCheck = roleChecks[name]
  return costs.indexOf(cost)
}

/** The results that authentication-results and peer-results record under the names of the methods. */
const partsOf: Readonly<Partial<Record<string, RoleCheckName>>> = {
  spf: 'authentication-results',
  dkim: 'authentication-results',
  dmarc: 'authentication-results',
  arc: 'authentication-results',
  'own-author': 'authentication-results',
  'unclear-author': 'authentication-results',
  peer: 'peer-results',
}

/** The check that recorded a result of this name in a `checked` event. */
export function checkOfResult(name: string): string {
  return partsOf[name] ?? name
}
