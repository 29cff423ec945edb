// Routing assertions: what must stay true of the organisation's addresses, whatever is edited. Run by `check`, at a reload, in CI.
// Room: route. They look at the whole way, as one node that plays every role would go it; no role hides a part.

import type { Directory } from '../directory/directory.ts'
import type { Located, LocatedMap } from '../directory/located.ts'
import { describeLocated, entryOf, textOf } from '../directory/located.ts'
import { collectProblems } from '../directory/problem.ts'
import type { Problem, ProblemList } from '../directory/problem.ts'
import type { Snapshot } from '../directory/snapshot.ts'
import type { Resolution, Router } from './resolution.ts'
import { createRouter } from './router.ts'
import type { RouterSettings } from './router-settings.ts'

/** The sender, if an assertion names none: a stranger. */
const STRANGER = 'stranger@assertions.invalid'
const knownKeys = ['address', 'from', 'to', 'next_hop', 'refused', 'discarded', 'comment']

export interface AssertionRun {
  readonly checked: number
  /** One error for each assertion that does not hold or cannot be read, at its place; a warning if nobody answers for postmaster. */
  readonly problems: readonly Problem[]
}

/** A directory, whatever stands behind it, with the assertions about it. */
export type AssertedDirectory = Directory & Pick<Snapshot, 'assertions'>

/** Checks every assertion of the snapshot. `settings` are the node's own; `at` is unix milliseconds. */
export async function checkAssertions(
  snapshot: AssertedDirectory,
  settings: RouterSettings,
  at: number,
): Promise<AssertionRun> {
  const list = collectProblems()
  const { assertions } = snapshot
  const { srs, ...rest } = settings
  // Nothing is stored for a question: senders too long for SRS are refused here.
  const whole: RouterSettings = {
    ...rest,
    ...(srs ? { srs: { ...srs, tokens: undefined } } : {}),
    own: 'resolve',
    forwards: 'resolve',
    copies: false,
  }
  const router = createRouter(whole, () => snapshot)
  if (settings.own === 'resolve') await checkPostmaster(snapshot, router, list)
  if (assertions && assertions.kind !== 'list') {
    list.error(assertions.place, `expected a list of assertions, found ${describeLocated(assertions)}`)
  }
  const items = assertions?.kind === 'list' ? assertions.items : []
  for (const item of items) {
    const forwardPath = addressOf(item, list)
    if (forwardPath === null || item.kind !== 'map') continue
    const from = textAt(item, 'from') ?? STRANGER
    const reversePath = from === '<>' || from === '' ? null : from
    const answer = await router.resolve({ forwardPath, reversePath, origin: { kind: 'internet' }, at })
    if (answer.kind === 'unavailable') {
      // The source that would tell is away: no reason to refuse what an admin edited, or to stay down.
      list.warn(item.place, `assertion about ${forwardPath} cannot be checked now: ${answer.reply.cause}`)
      continue
    }
    const faults = faultsOf(item, answer)
    if (faults.length > 0) list.error(item.place, `assertion about ${forwardPath} does not hold: ${faults.join('; ')}`)
  }
  return { checked: items.length, problems: list.problems }
}

/** RFC 5321 4.5.1 wants it answered, whether anybody asserts it or not. */
async function checkPostmaster(snapshot: Directory, router: Router, list: ProblemList): Promise<void> {
  const forwardPath = `postmaster@${snapshot.mainDomain}`
  const answer = await router.resolve({ forwardPath, reversePath: null, origin: { kind: 'internet' }, at: 0 })
  if (answer.kind === 'destinations' || answer.kind === 'unavailable') return
  const why = answer.kind === 'discard' ? 'discarded' : `refused (${answer.reply.cause})`
  const place = { file: 'configuration', line: 0, column: 0 }
  list.warn(
    place,
    `mail to ${forwardPath} is ${why}: give it an alias, or set the node's postmaster to an address that is answered`,
  )
}

function addressOf(item: Located, list: ProblemList): string | null {
  if (item.kind !== 'map') {
    list.error(item.place, `expected a record with address, found ${describeLocated(item)}`)
    return null
  }
  for (const entry of item.entries) {
    if (!knownKeys.includes(entry.key))
      list.error(entry.place, `unknown key "${entry.key}": expected ${knownKeys.join(', ')}`)
  }
  const address = textAt(item, 'address')
  if (address === null) list.error(item.place, 'an assertion needs an address')
  const says = ['to', 'next_hop', 'refused', 'discarded'].some((key) => entryOf(item, key))
  if (!says) list.error(item.place, 'an assertion says to, next_hop, refused or discarded')
  return says ? address : null
}

function faultsOf(item: LocatedMap, answer: Resolution): readonly string[] {
  const faults: string[] = []
  const destinations = answer.kind === 'destinations' ? answer.destinations : []
  const compare = (key: string, found: readonly string[]) => {
    const entry = entryOf(item, key)
    if (!entry) return
    const expected = textsOf(entry.value)
    const missing = expected.filter((text) => !found.includes(text))
    const surplus = found.filter((text) => !expected.includes(text))
    if (missing.length > 0) faults.push(`${key} lacks ${missing.join(', ')}`)
    if (surplus.length > 0) faults.push(`${key} has ${surplus.join(', ')} besides`)
  }
  compare(
    'to',
    destinations.map((one) => one.recipient.toLowerCase()),
  )
  compare('next_hop', [...new Set(destinations.map((one) => one.nextHop))])
  if (entryOf(item, 'discarded') && (textAt(item, 'discarded') === 'true') !== (answer.kind === 'discard')) {
    faults.push(answer.kind === 'discard' ? 'it is discarded' : 'it is not discarded')
  }
  return [...faults, ...refusalFaults(item, answer)]
}

/** `refused: true`, `false`, or the beginning of the reply: `550`, `550 5.1.1`. */
function refusalFaults(item: LocatedMap, answer: Resolution): readonly string[] {
  const expected = textAt(item, 'refused')
  if (expected === null) return answer.kind === 'refused' ? [`it is refused: ${answer.reply.cause}`] : []
  if (answer.kind !== 'refused') return expected === 'false' ? [] : ['it is not refused']
  const reply = `${answer.reply.code} ${answer.reply.enhanced} ${answer.reply.text}`
  return expected === 'true' || (expected !== 'false' && reply.startsWith(expected)) ? [] : [`the reply is ${reply}`]
}

function textAt(map: LocatedMap, key: string): string | null {
  const entry = entryOf(map, key)
  return entry ? textOf(entry.value) : null
}

function textsOf(value: Located): readonly string[] {
  const items = value.kind === 'list' ? value.items : [value]
  return items.flatMap((item) => textOf(item)?.toLowerCase() ?? [])
}
