// A resolution for people: one block for each destination, each step with the place where it is written, and the reply otherwise.
// `waypost explain` prints it; the object itself is what `--json` prints.

import type { Destination, ForwardTerms, Resolution, Step } from '../../route/resolution.ts'
import type { Refusal } from '../../smtp/reply.ts'

const INDENT = '   '

/** The lines, without a last line break. `forwardPath` is what was asked. */
export function explainText(forwardPath: string, resolution: Resolution): string {
  switch (resolution.kind) {
    case 'destinations':
      return [
        `${forwardPath}: ${counted(resolution.destinations.length, 'destination')}`,
        ...resolution.destinations.flatMap(destinationLines),
        ...(resolution.failedMembers ?? []).flatMap(({ reply, via }) => lostLines(reply, via)),
      ].join('\n')
    case 'discard':
      return [`${forwardPath}: accepted and dropped: ${resolution.reason}`, ...stepLines(resolution.via)].join('\n')
    case 'refused':
      return [`${forwardPath}: refused`, ...stepLines(resolution.via), ...replyLines(resolution.reply)].join('\n')
    case 'unavailable':
      return [
        `${forwardPath}: cannot be answered now`,
        ...stepLines(resolution.via),
        ...replyLines(resolution.reply),
      ].join('\n')
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
  const spam = score === null ? 'forwarded whatever its score' : `not forwarded from a score of ${score} on`
  return [
    ...(action ? [`${INDENT}if DMARC would fail there: ${action.treatment}  [${action.source}]`] : []),
    ...(ceiling ? [`${INDENT}if it looks like spam: ${spam}  [${ceiling.source}]`] : []),
  ]
}

function lostLines(reply: Refusal, via: readonly Step[]): readonly string[] {
  return ['', 'Leads nowhere, the others are not held up by it:', ...stepLines(via), ...replyLines(reply)]
}

/** A step and its source, each deeper than the one before; other ways to the same address stand below them. */
function stepLines(via: readonly Step[]): readonly string[] {
  const steps = via.filter((step) => step.rule !== 'next-hop' && step.rule !== 'merge')
  const merges = via.filter((step) => step.rule === 'merge')
  return [
    ...steps.flatMap((step, depth) => oneStep(step, `${INDENT}${'  '.repeat(depth)}`)),
    ...merges.map((step) => `${INDENT}also by    ${step.from} → ${step.to}  [${step.source}]`),
  ]
}

function oneStep(step: Step, indent: string): readonly string[] {
  const way = step.from === step.to ? step.from : `${step.from} → ${step.to}`
  const lines = [`${indent}${step.rule}: ${way}  [${step.source}]`]
  return step.note === undefined ? lines : [...lines, `${indent}  # ${step.note}`]
}

function replyLines(reply: Refusal): readonly string[] {
  const lines = [`${INDENT}reply      ${reply.code} ${reply.enhanced} ${reply.text}`]
  return reply.cause === reply.text ? lines : [...lines, `${INDENT}because    ${reply.cause}`]
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
