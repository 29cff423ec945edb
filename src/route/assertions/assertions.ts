// Checks routing assertions: what must hold for the organisation's addresses after every edit. Run by `check`, at a reload and in CI. An
// assertion sees the whole resolution, as one node with every role would make it.

import { addressKey, parseAddress } from '../../directory/address.ts'
import type { Directory } from '../../directory/directory.ts'
import { describeLocated } from '../../directory/located.ts'
import { collectProblems } from '../../directory/data-problem.ts'
import type { Problem, ProblemList } from '../../directory/data-problem.ts'
import type { Snapshot } from '../../directory/snapshot.ts'
import { createOwnLists } from '../lists/create-own-lists.ts'
import { answerOfLists, blockReply, listFaults } from './assert-lists.ts'
import { readAssertion } from './read-assertion.ts'
import type { Assertion } from './read-assertion.ts'
import type { Resolution, Router } from '../resolution.ts'
import { createRouter } from '../router.ts'
import type { RouterSettings } from '../router-settings.ts'

export interface AssertionRun {
  readonly checked: number
  /** An error for each assertion that fails or is invalid, at its place; a warning if postmaster is not answered. */
  readonly problems: readonly Problem[]
}

/** A directory with the assertions about it. */
export type AssertedDirectory = Directory & Pick<Snapshot, 'assertions'>

/** Checks every assertion of the snapshot. `settings` are those of the node; `at` is unix milliseconds. */
export async function checkAssertions(
  snapshot: AssertedDirectory,
  settings: RouterSettings,
  at: number,
): Promise<AssertionRun> {
  const list = collectProblems()
  const { assertions } = snapshot
  const { srs, ...rest } = settings
  // A check stores nothing, so senders that are too long for SRS are refused here.
  const whole: RouterSettings = {
    ...rest,
    ...(srs ? { srs: { ...srs, tokens: undefined } } : {}),
    own: 'resolve',
    forwards: 'resolve',
    copies: false,
  }
  const router = createRouter(whole, () => snapshot)
  const lists = createOwnLists(snapshot, settings)
  if (settings.own === 'resolve') await checkPostmaster(snapshot, router, list)
  if (assertions && assertions.kind !== 'list') {
    list.error(assertions.place, `expected a list of assertions, found ${describeLocated(assertions)}`)
  }
  const items = assertions?.kind === 'list' ? assertions.items : []
  for (const item of items) {
    const assertion = readAssertion(item, snapshot.mainDomain, list)
    if (!assertion) continue
    const { forwardPath, reversePath } = assertion
    const listed = answerOfLists(lists, assertion, at)
    const answer: Resolution = listed.block
      ? { kind: 'refused', reply: blockReply(listed.block), via: [] }
      : await router.resolve({ forwardPath, reversePath, origin: { kind: 'internet' }, at })
    if (answer.kind === 'unavailable') {
      // An unavailable source is no reason to refuse an edit or a start.
      list.warn(item.place, `cannot check the assertion about ${forwardPath} now: ${answer.reply.cause}`)
      continue
    }
    const faults = [...listFaults(assertion, listed), ...faultsOf(assertion, answer)]
    if (faults.length > 0) list.error(item.place, `assertion about ${forwardPath} fails: ${faults.join('; ')}`)
  }
  return { checked: items.length, problems: list.problems }
}

/** RFC 5321 4.5.1 requires a postmaster, with or without an assertion. */
async function checkPostmaster(snapshot: Directory, router: Router, list: ProblemList): Promise<void> {
  const forwardPath = `postmaster@${snapshot.mainDomain}`
  const answer = await router.resolve({ forwardPath, reversePath: null, origin: { kind: 'internet' }, at: 0 })
  if (answer.kind === 'destinations') return
  // A look-up that fails is no fault of the data.
  if (answer.kind === 'unavailable' && answer.reply.enhanced !== '4.1.1') return
  const why = answer.kind === 'discard' ? 'discarded' : `refused (${answer.reply.cause})`
  const place = { file: 'configuration', line: 0, column: 0 }
  list.warn(
    place,
    `mail to ${forwardPath} is ${why}: add an alias for it, or set "postmaster:" of the node to a deliverable address`,
  )
}

function faultsOf(assertion: Assertion, answer: Resolution): readonly string[] {
  const faults: string[] = []
  const destinations = answer.kind === 'destinations' ? answer.destinations : []
  const compare = (key: string, expected: readonly string[] | undefined, found: readonly string[]) => {
    if (!expected) return
    const missing = expected.filter((text) => !found.includes(text))
    const surplus = found.filter((text) => !expected.includes(text))
    if (missing.length > 0) faults.push(`${key} lacks ${missing.join(', ')}`)
    if (surplus.length > 0) faults.push(`${key} also has ${surplus.join(', ')}`)
  }
  compare(
    'to',
    assertion.to,
    destinations.flatMap(({ recipient }) => keyOf(recipient)),
  )
  compare('next_hop', assertion.nextHops, [...new Set(destinations.map((one) => one.nextHop.toLowerCase()))])
  if (assertion.discarded !== undefined && assertion.discarded !== (answer.kind === 'discard')) {
    faults.push(answer.kind === 'discard' ? 'it is discarded' : 'it is not discarded')
  }
  return [...faults, ...refusalFaults(assertion, answer)]
}

/** `refused` is true, false, or the start of the reply: `550`, `550 5.1.1`. */
function refusalFaults({ refused, blocked }: Assertion, answer: Resolution): readonly string[] {
  // What refuses a blocked message is what the assertion expects.
  if (refused === undefined && blocked !== undefined && blocked !== false && answer.kind === 'refused') return []
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
