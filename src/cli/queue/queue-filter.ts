// The one filter grammar of the queue commands: queue ids as arguments and options that must all hold. Acting on everything has to be said.

import { isQueueId } from '../../lib/ids.ts'
import type { QueueFilter } from '../../queue/contract/recipient-filter.ts'
import { type RecipientState, recipientStates } from '../../queue/contract/states.ts'

/** As the command line gives them. */
export interface FilterOptions {
  readonly sender?: string
  readonly recipient?: string
  readonly destination?: string
  readonly state?: readonly string[]
  /** Milliseconds. */
  readonly olderThan?: number
  readonly identity?: string
  readonly reply?: string
}

export type FilterReading =
  | { readonly kind: 'ok'; readonly filter: QueueFilter; readonly isEverything: boolean }
  | { readonly kind: 'bad'; readonly problem: string }

/** Reads ids and options into a filter; `now`, unix ms, is what ages count from. */
export function readFilter(queueIds: readonly string[], options: FilterOptions, now: number): FilterReading {
  const { destination, state, olderThan, identity, reply } = options
  const [sender, recipient] = [bare(options.sender), bare(options.recipient)]
  const texts = { sender, recipient, destination, identity, reply }
  // As `--reply "$NOTHING"` gives it: no condition, or one that everything fulfils.
  const empty = Object.entries(texts).find(([, value]) => value === '')
  if (empty) return bad(`--${empty[0]}: found nothing, expected a text`)
  const noId = queueIds.find((one) => !isQueueId(one))
  if (noId !== undefined) return bad(`found ${noId}, expected a queue id (--recipient and --sender take addresses)`)
  const noState = state?.find((one) => !isState(one))
  if (noState !== undefined) return bad(`--state: found ${noState}, expected ${recipientStates.join(', ')}`)
  const filter: QueueFilter = {
    ...(queueIds.length > 0 ? { queueIds } : {}),
    ...(state ? { states: state.filter(isState) } : {}),
    ...(olderThan === undefined ? {} : { arrivedBefore: now - olderThan }),
    ...given(texts),
  }
  return { kind: 'ok', filter, isEverything: Object.keys(filter).length === 0 }
}

/** An address as `list` prints it; `<>` stays what it is. */
function bare(pattern: string | undefined): string | undefined {
  return pattern?.replace(/^<(.+)>$/, '$1')
}

function given(options: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}

function isState(text: string): text is RecipientState {
  return (recipientStates as readonly string[]).includes(text)
}

function bad(problem: string): FilterReading {
  return { kind: 'bad', problem }
}
