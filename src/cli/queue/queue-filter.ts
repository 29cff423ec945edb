// The filter of the queue commands: queue IDs as arguments, and options that must all match.

import { isQueueId } from '../../lib/ids.ts'
import type { QueueFilter } from '../../queue/contract/recipient-filter.ts'
import { type RecipientState, recipientStates } from '../../queue/contract/states.ts'

/** Options of the command line. */
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

/** The filter of a command line. Ages count from `now`, unix milliseconds. */
export function readFilter(queueIds: readonly string[], options: FilterOptions, now: number): FilterReading {
  const { destination, state, olderThan, identity, reply } = options
  const [sender, recipient] = [bare(options.sender), bare(options.recipient)]
  const texts = { sender, recipient, destination, identity, reply }
  // From an empty shell variable, as in `--reply "$TEXT"`. An empty text would match everything.
  const empty = Object.entries(texts).find(([, value]) => value === '')
  if (empty) return bad(`--${empty[0]}: found an empty text, expected a pattern or text`)
  const noId = queueIds.find((one) => !isQueueId(one))
  if (noId !== undefined) return bad(`found ${noId}, expected a queue ID; use --recipient or --sender for addresses`)
  const noState = state?.find((one) => !isState(one))
  if (noState !== undefined) return bad(`--state: found ${noState}, expected one of ${recipientStates.join(', ')}`)
  const filter: QueueFilter = {
    ...(queueIds.length > 0 ? { queueIds } : {}),
    ...(state ? { states: state.filter(isState) } : {}),
    ...(olderThan === undefined ? {} : { arrivedBefore: now - olderThan }),
    ...given(texts),
  }
  return { kind: 'ok', filter, isEverything: Object.keys(filter).length === 0 }
}

/** Removes the brackets that `list` prints around an address; `<>` remains. */
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
