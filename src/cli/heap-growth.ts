// How often V8 looks for garbage among what has lived for a while. By itself it does so as soon as that has grown by two thirds, and the octets
// of the mails that pass through count: at 100 MB/s a node with 25 MB of living objects is searched through fifteen times a second. Three
// times the size before the next search takes a sixth of the processor time off small mails and two fifths off large ones, and as buffers
// are given back in between anyway, memory stays as it is (`test/bench/compare.ts` with --heap-growing-percent).

import { setFlagsFromString } from 'node:v8'

const GROWTH_PERCENT = 200

/** Before the node's rooms are loaded: the first collection reads it. */
export function searchHeapLessOften(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`)
}
