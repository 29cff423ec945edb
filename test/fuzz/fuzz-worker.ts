// One target in a separate thread, so that the main thread notices an input with which it hangs: the input and the number of runs are in
// shared memory.

import { parentPort, workerData } from 'node:worker_threads'
import { fuzz } from './fuzz.ts'
import { fuzzTargets } from './fuzz-targets.ts'

export interface FuzzOrder {
  readonly name: string
  readonly seed: number
  /** Processor time of this thread, ms. */
  readonly cpuMs: number
  /** Two numbers (runs, octets of the input), then the input. */
  readonly shared: SharedArrayBuffer
}

export const HEAD_OCTETS = 8
/** Between two looks at the processor time. */
const RUNS = 50

if (parentPort) {
  const { name, seed, cpuMs, shared } = workerData as FuzzOrder
  const target = fuzzTargets.find((one) => one.name === name)
  if (!target) throw new Error(`no target ${name}`)
  const head = new Int32Array(shared, 0, 2)
  const octets = new Uint8Array(shared, HEAD_OCTETS)
  const started = process.threadCpuUsage()
  const used = () => {
    const { user, system } = process.threadCpuUsage(started)
    return (user + system) / 1000
  }
  const result = await fuzz(target, {
    seed,
    more: (runs) => runs % RUNS !== 0 || used() < cpuMs,
    before: (input) => {
      octets.set(input.subarray(0, octets.length))
      head[1] = input.length
      Atomics.add(head, 0, 1)
    },
  })
  parentPort.postMessage({ result, cpuMs: used() })
}
