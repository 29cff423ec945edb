// Runs a load on a node under V8's sampling profiler and sums the samples by kind of work, as one sentence.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface Frame {
  readonly functionName: string
  readonly url: string
}

export interface Profile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: Frame }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/** Kinds shown of each thread. */
const SHOWN = 7
/** Stretches of this length, microseconds, that are idle but for that share are pauses before, between and after loads. */
const STRETCH = 200_000
const PAUSE_SHARE = 0.96

/** Describes the work of a node during `work`, which gets the folder for the profiles and stops the node. */
export async function profiledShare(work: (profiles: string) => Promise<void>): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-profile-'))
  try {
    await work(folder)
    const read = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Profile
    return readdirSync(folder)
      .toSorted()
      .map((name) => read(name))
      .map((profile) => `${threadOf(profile)}: ${describe(sharesOf(profile))}`)
      .join('; ')
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Modules that only run in one thread, and its name. */
const threads = [
  [/\/password-worker\.ts$/, 'password thread'],
  [/\/verification-worker\.ts$/, 'verification thread'],
  [/\/store-worker\.ts$/, 'queue worker'],
  [/\/state-worker\.ts$/, 'state thread'],
] as const

/** The name of the thread of a profile. */
export function threadOf({ nodes }: Profile): string {
  const found = threads.find(([file]) => nodes.some(({ callFrame }) => file.test(callFrame.url)))
  return found?.[1] ?? 'main thread'
}

/** Share of each kind of work, largest first, without pauses. */
export function sharesOf(profile: Profile): (readonly [kind: string, share: number])[] {
  const sums = new Map<string, number>()
  for (const stretch of stretchesOf(profile)) {
    const length = totalOf(stretch)
    if ((stretch.get('idle') ?? 0) > length * PAUSE_SHARE) continue
    for (const [kind, time] of stretch) sums.set(kind, (sums.get(kind) ?? 0) + time)
  }
  const total = totalOf(sums)
  return [...sums].map(([kind, time]) => [kind, time / total] as const).toSorted((a, b) => b[1] - a[1])
}

/** Microseconds of each kind of work, for each stretch of time. */
function stretchesOf(profile: Profile): Map<string, number>[] {
  const kinds = new Map(profile.nodes.map(({ id, callFrame }) => [id, kindOf(callFrame)]))
  const stretches: Map<string, number>[] = []
  let now = 0
  for (const [place, id] of profile.samples.entries()) {
    const time = profile.timeDeltas[place] ?? 0
    const stretch = (stretches[Math.floor(now / STRETCH)] ??= new Map())
    const kind = kinds.get(id) ?? 'other'
    stretch.set(kind, (stretch.get(kind) ?? 0) + time)
    now += time
  }
  return stretches.filter((stretch) => stretch !== undefined)
}

function totalOf(sums: ReadonlyMap<string, number>): number {
  return sums.values().reduce((sum, time) => sum + time, 0)
}

/** Patterns of function names and URLs. Native functions have no URL. */
const native: readonly (readonly [name: RegExp, kind: string, place: RegExp])[] = [
  [/^\(idle\)$/, 'idle', /^$/],
  [/^\(garbage collector\)$/, 'garbage collection', /^$/],
  [/^write(Utf8String|Latin1String|AsciiString|Buffer|v)$/, 'writes to sockets and log', /^$/],
  [/^postMessage$/, 'messages between the threads', /^(node:.*)?$/],
  [/^#transaction$/, 'COMMIT and its fsync', /store\.ts$/],
]

function kindOf({ functionName, url }: Frame): string {
  const named = native.find(([pattern, , place]) => pattern.test(functionName) && place.test(url))
  if (named) return named[1]
  const module = /\/src\/([a-z]+)\//.exec(url)?.[1]
  if (module !== undefined) return `module ${module}`
  const dependency = /\/node_modules\/([^/]+)\//.exec(url)?.[1]
  if (dependency !== undefined) return dependency
  return url.startsWith('node:') ? 'JavaScript of Node.js' : 'other native code'
}

function describe(shares: readonly (readonly [string, number])[]): string {
  return shares
    .slice(0, SHOWN)
    .map(([kind, share]) => `${(share * 100).toFixed(0)} % ${kind}`)
    .join(', ')
}
