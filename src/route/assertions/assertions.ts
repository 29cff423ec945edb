// Routing assertions: what must stay true of the organisation's addresses, whatever is edited. Run by `check`, at a reload, in CI.
// Room: route. They look at the whole way, as one node that plays every role would go it; no role hides a part.

import { addressKey, parseAddress } from '../../directory/address.ts'
import type { Directory } from '../../directory/directory.ts'
import { describeLocated } from '../../directory/located.ts'
import { collectProblems } from '../../directory/data-problem.ts'
import type { Problem, ProblemList } from '../../directory/data-problem.ts'
import type { Snapshot } from '../../directory/snapshot.ts'
import { readAssertion } from './read-assertion.ts'
import type { Assertion } from './read-assertion.ts'
import type { Resolution, Router } from '../resolution.ts'
import { createRouter } from '../router.ts'
import type { RouterSettings } from '../router-settings.ts'

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
    const words = readAssertion(item, snapshot.mainDomain, list)
    if (!words) continue
    const { forwardPath, reversePath } = words
    const answer = await router.resolve({ forwardPath, reversePath, origin: { kind: 'internet' }, at })
    if (answer.kind === 'unavailable') {
      // The source that would tell is away: no reason to refuse what an admin edited, or to stay down.
      list.warn(item.place, `assertion about ${forwardPath} cannot be checked now: ${answer.reply.cause}`)
      continue
    }
    const faults = faultsOf(words, answer)
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

function faultsOf(words: Assertion, answer: Resolution): readonly string[] {
  const faults: string[] = []
  const destinations = answer.kind === 'destinations' ? answer.destinations : []
  const compare = (key: string, expected: readonly string[] | undefined, found: readonly string[]) => {
    if (!expected) return
    const missing = expected.filter((text) => !found.includes(text))
    const surplus = found.filter((text) => !expected.includes(text))
    if (missing.length > 0) faults.push(`${key} lacks ${missing.join(', ')}`)
    if (surplus.length > 0) faults.push(`${key} has ${surplus.join(', ')} besides`)
  }
  compare(
    'to',
    words.to,
    destinations.flatMap(({ recipient }) => keyOf(recipient)),
  )
  compare('next_hop', words.nextHops, [...new Set(destinations.map((one) => one.nextHop.toLowerCase()))])
  if (words.discarded !== undefined && words.discarded !== (answer.kind === 'discard')) {
    faults.push(answer.kind === 'discard' ? 'it is discarded' : 'it is not discarded')
  }
  return [...faults, ...refusalFaults(words, answer)]
}

/** `refused: true`, `false`, or the beginning of the reply: `550`, `550 5.1.1`. */
function refusalFaults({ refused }: Assertion, answer: Resolution): readonly string[] {
  if (refused === undefined) return answer.kind === 'refused' ? [`it is refused: ${answer.reply.cause}`] : []
  if (answer.kind !== 'refused') return refused === false ? [] : ['it is not refused']
  const reply = `${answer.reply.code} ${answer.reply.enhanced} ${answer.reply.text}`
  const holds = typeof refused === 'string' ? reply.startsWith(refused) : refused
  return holds ? [] : [`the reply is ${reply}`]
}

function keyOf(recipient: string): readonly string[] {
  const address = parseAddress(recipient)
  return address ? [addressKey(address)] : []
}
