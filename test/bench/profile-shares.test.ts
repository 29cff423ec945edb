// Samples are summed by kind of work, without pauses.

import { expect, it } from 'vitest'
import { type Profile, sharesOf, threadOf } from './profile-shares.ts'

const frame = (id: number, functionName: string, url = '') => ({ id, callFrame: { functionName, url } })

const profile: Profile = {
  nodes: [
    frame(1, '(idle)'),
    frame(2, '(garbage collector)'),
    frame(3, 'writeUtf8String'),
    frame(4, 'commit', 'file:///opt/waypost/src/intake/accept-draft.ts'),
    frame(5, 'write', 'file:///opt/waypost/node_modules/smtp-server/lib/smtp-stream.js'),
    frame(6, 'emit', 'node:events'),
    frame(7, '(program)'),
  ],
  samples: [1, 2, 3, 3, 4, 5, 6, 7, 99],
  timeDeltas: [100, 100, 100, 100, 100, 100, 200, 100, 100],
}

it('names native work, our modules, dependencies and Node.js', () => {
  const shares = new Map(sharesOf(profile))
  expect(shares.get('idle')).toBeCloseTo(0.1)
  expect(shares.get('garbage collection')).toBeCloseTo(0.1)
  expect(shares.get('module intake')).toBeCloseTo(0.1)
  expect(shares.get('JavaScript of Node.js')).toBeCloseTo(0.2)
  expect(shares.get('other native code')).toBeCloseTo(0.1)
  expect(shares.get('other')).toBeCloseTo(0.1)
})

it('does not count a function called write of a dependency as a write to a socket', () => {
  expect(new Map(sharesOf(profile)).get('smtp-server')).toBeCloseTo(0.1)
  expect(new Map(sharesOf(profile)).get('writes to sockets and log')).toBeCloseTo(0.2)
})

it('omits the pauses between loads, and sorts', () => {
  const paused = { ...profile, samples: [1, 1, 3, 2], timeDeltas: [5_000_000, 5_000_000, 300, 100] }
  expect(sharesOf(paused)).toEqual([
    ['writes to sockets and log', 0.75],
    ['garbage collection', 0.25],
  ])
})

it('names a thread by the module that only it runs', () => {
  const worker = frame(8, 'verify', 'file:///opt/waypost/src/filter/verification-worker.ts')
  expect(threadOf(profile)).toBe('main thread')
  expect(threadOf({ ...profile, nodes: [...profile.nodes, worker] })).toBe('verification thread')
})
