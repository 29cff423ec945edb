// A resolution as text for `waypost explain`: a block for each destination with its steps and their sources, or the reply of a rejection.

import { counted } from '../../lib/counted.ts'
import type { Destination, ForwardTerms, Resolution, Step } from '../../route/resolution.ts'
import type { Refusal } from '../../smtp/reply.ts'

const INDENT = '   '

/** The lines. `forwardPath` is the address that was resolved. */
export function explainLines(forwardPath: string, resolution: Resolution): string[] {
  switch (resolution.kind) {
    case 'destinations':
      return [
        `${forwardPath}: ${counted(resolution.destinations.length, 'destination')}`,
        ...resolution.destinations.flatMap(destinationLines),
        ...(resolution.failedMembers ?? []).flatMap(({ reply, via }) => rejectedMemberLines(reply, via)),
      ]
    case 'discard':
      return [`${forwardPath}: accepted and discarded: ${resolution.reason}`, ...stepLines(resolution.via)]
    case 'refused':
      return [`${forwardPath}: rejected`, ...stepLines(resolution.via), ...replyLines(resolution.reply)]
    case 'unavailable':
      return [`${forwardPath}: deferred`, ...stepLines(resolution.via), ...replyLines(resolution.reply)]
  }
}

function destinationLines(destination: Destination, index: number): readonly string[] {
  const { recipient, nextHop, reversePath, via, forward, relayedForwards = [] } = destination
  const terms = forward ? [forward] : relayedForwards
  const hidden = destination.private ? ' (leaves our domains; bounces do not name it)' : ''
  return [
    '',
    `${index + 1}. ${recipient}${hidden}`,
    ...stepLines(via),
    `${INDENT}next hop   ${nextHop}`,
    `${INDENT}MAIL FROM  <${reversePath ?? ''}>`,
    ...terms.flatMap(termLines),
  ]
}

function termLines({ action, ceiling }: ForwardTerms): readonly string[] {
  const score = ceiling?.score ?? null
  const spam = score === null ? 'forwarded with any score' : `not forwarded with a score of ${score} or more`
  return [
    ...(action ? [`${INDENT}if DMARC would fail: ${action.treatment}  [${action.source}]`] : []),
    ...(ceiling ? [`${INDENT}spam score: ${spam}  [${ceiling.source}]`] : []),
  ]
}

function rejectedMemberLines(reply: Refusal, via: readonly Step[]): readonly string[] {
  return ['', 'This target is rejected; the other targets are not affected:', ...stepLines(via), ...replyLines(reply)]
}

/** The steps, each indented below the previous one, then other paths to the same address. */
function stepLines(via: readonly Step[]): readonly string[] {
  const steps = via.filter((step) => step.rule !== 'next-hop' && step.rule !== 'merge')
  const merges = via.filter((step) => step.rule === 'merge')
  return [
    ...steps.flatMap((step, depth) => oneStep(step, `${INDENT}${'  '.repeat(depth)}`)),
    ...merges.map((step) => `${INDENT}also via   ${step.from} → ${step.to}  [${step.source}]`),
  ]
}

function oneStep(step: Step, indent: string): readonly string[] {
  const path = step.from === step.to ? step.from : `${step.from} → ${step.to}`
  const lines = [`${indent}${step.rule}: ${path}  [${step.source}]`]
  return step.note === undefined ? lines : [...lines, `${indent}  # ${step.note}`]
}

function replyLines(reply: Refusal): readonly string[] {
  const lines = [`${INDENT}reply      ${reply.code} ${reply.enhanced} ${reply.text}`]
  return reply.cause === reply.text ? lines : [...lines, `${INDENT}cause      ${reply.cause}`]
}
