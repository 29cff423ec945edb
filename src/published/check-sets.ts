// Compares every planned set of records with the authoritative servers of its zone and with resolvers.

import { createSemaphore } from '../lib/semaphore.ts'
import { compareSet, type SetState } from './compare-set.ts'
import type { ZoneServers } from './find-servers.ts'
import type { DnsFinding } from './findings.ts'
import type { Observer } from './observer.ts'
import type { PlannedSet } from './planned-record.ts'
import { purposes } from './purposes.ts'

/** Sets that are looked up at once: some sixty queries on the way, which neither a resolver nor a small server refuses. */
const MAX_AT_ONCE = 12

export interface CheckSetsPorts {
  readonly serversOf: (name: string) => Promise<ZoneServers>
  readonly resolvers: readonly Observer[]
}

/** A set, and whether its servers have it. */
export interface CheckedSet {
  readonly set: PlannedSet
  readonly state: SetState['kind']
  /** True if a resolver has validated the answer; null if none has an answer. */
  readonly authentic: boolean | null
}

export interface SetsCheck {
  readonly findings: readonly DnsFinding[]
  readonly sets: readonly CheckedSet[]
}

export async function checkSets(sets: readonly PlannedSet[], ports: CheckSetsPorts): Promise<SetsCheck> {
  const places = createSemaphore(MAX_AT_ONCE)
  const checked = await Promise.all(
    sets.map(async (set) => {
      const release = await places.acquire()
      try {
        return await checkSet(set, ports)
      } finally {
        release()
      }
    }),
  )
  return { findings: checked.flatMap((one) => one.findings), sets: checked.map(({ checked: one }) => one) }
}

interface Witness {
  readonly label: string
  readonly state: SetState
  readonly ttl: number
  readonly authentic: boolean
}

async function checkSet(set: PlannedSet, { serversOf, resolvers }: CheckSetsPorts) {
  const servers = await serversOf(set.name)
  const own = servers.kind === 'found' ? servers.observers : []
  const [authorities, caches] = await Promise.all([ask(set, own), ask(set, resolvers)])
  const heard = (list: readonly Witness[]) => list.filter(({ state }) => state.kind !== 'unavailable')
  const subject = `${set.name} ${set.type}`
  const validated = heard(caches)
  const authentic = validated.length === 0 ? null : validated.some((one) => one.authentic)
  const decisive = heard(authorities).length > 0 ? heard(authorities) : validated
  if (decisive.length === 0) {
    const causes = [...new Set([...authorities, ...caches].map(({ label, state }) => `${label}: ${causeOf(state)}`))]
    const cause = servers.kind === 'unavailable' ? [servers.cause, ...causes] : causes
    return { findings: [unknown(subject, cause)], checked: { set, state: 'unavailable', authentic } as const }
  }
  const findings = [
    ...differences(set, subject, decisive),
    ...otherTtl(set, subject, heard(authorities)),
    ...staleCaches(subject, decisive, validated),
  ]
  return { findings, checked: { set, state: decisiveState(decisive), authentic } }
}

async function ask(set: PlannedSet, observers: readonly Observer[]): Promise<readonly Witness[]> {
  return Promise.all(
    observers.map(async (observer) => {
      const { label } = observer
      const observed = await observer.observe(set.name, set.type)
      const isFound = observed.kind === 'found'
      const facts = { ttl: isFound ? observed.ttl : 0, authentic: isFound && observed.authentic }
      return { label, state: compareSet(set, observed), ...facts }
    }),
  )
}

function causeOf(state: SetState): string {
  return state.kind === 'unavailable' ? state.cause : state.kind
}

function decisiveState(witnesses: readonly Witness[]): SetState['kind'] {
  return witnesses.find(({ state }) => state.kind !== 'published')?.state.kind ?? 'published'
}

function unknown(subject: string, causes: readonly string[]): DnsFinding {
  return {
    id: `unknown ${subject}`,
    severity: 'warning',
    subject,
    problem: `no server answers, so it is not known whether it is published: ${causes.join('; ')}`,
    breaks: null,
    advice: null,
    isUnknown: true,
  }
}

/** One finding for each kind of difference, with the servers that have it. */
function differences(set: PlannedSet, subject: string, witnesses: readonly Witness[]): readonly DnsFinding[] {
  const facts = purposes[set.purpose]
  const wanted = set.data.map((data) => shown(set, data)).join(', ')
  const wrong = witnesses.filter(({ state }) => state.kind === 'missing' || state.kind === 'different')
  const groups = Map.groupBy(wrong, ({ state }) => describe(set, state))
  return [...groups].map(([problem, group]) => {
    const { severity, breaks } = problem === MISSING ? (facts.missing ?? facts) : facts
    const where = group.length === witnesses.length ? '' : ` at ${group.map(({ label }) => label).join(', ')} only`
    return {
      id: `${(group[0] as Witness).state.kind} ${set.purpose} ${subject}`,
      severity,
      subject,
      problem: `${problem}${where}`,
      breaks,
      advice:
        set.purpose === 'reverse' ? `Ask the provider of the address to set it to ${wanted}` : `Publish ${wanted}`,
    }
  })
}

const MISSING = 'missing'

function describe(set: PlannedSet, state: SetState): string {
  if (state.kind !== 'different') return MISSING
  return `found ${state.found.map((data) => shown(set, data)).join(', ')}, expected ${set.data.map((data) => shown(set, data)).join(', ')}`
}

function shown({ type }: PlannedSet, data: string): string {
  return type === 'TXT' ? `"${data}"` : data
}

/** Only the servers of the zone know it: a resolver counts it down. */
function otherTtl(set: PlannedSet, subject: string, authorities: readonly Witness[]): readonly DnsFinding[] {
  const [first] = authorities
  if (!first || decisiveState(authorities) !== 'published' || authorities.every(({ ttl }) => ttl === set.ttl)) return []
  const found = [...new Set(authorities.map(({ ttl }) => ttl))].join(' and ')
  return [
    {
      id: `ttl ${set.purpose} ${subject}`,
      severity: 'note',
      subject,
      problem: `the time to live is ${found} s, expected ${set.ttl} s`,
      breaks: null,
      advice: 'waypost dns publish changes it, or set records.ttl in the fleet file',
    },
  ]
}

/** A resolver that has something else than the servers: it keeps an old answer for a time. */
function staleCaches(subject: string, decisive: readonly Witness[], caches: readonly Witness[]): readonly DnsFinding[] {
  const own = decisiveState(decisive)
  // What one kind of server lacks is reported already.
  const stale = own === 'published' ? caches.filter(({ state }) => state.kind !== 'published') : []
  return stale.map(({ label, state, ttl }) => ({
    id: `stale ${label} ${subject}`,
    severity: 'note',
    subject,
    problem: `the servers of the zone have it, but the resolver ${label} has ${state.kind === 'missing' ? 'nothing' : 'other data'}`,
    breaks: null,
    advice: ttl > 0 ? `It keeps its answer for at most ${ttl} s` : 'It keeps its answer for a time',
  }))
}
