// The merged `lookup_options` of all levels of a hierarchy.

import type { Place, ProblemList } from '../data-problem.ts'
import { entryOf } from '../located.ts'
import type { LocatedMap } from '../located.ts'
import { mergeLevels, readMergeOptions } from './hiera-merge.ts'
import type { MergeOptions } from './hiera-merge.ts'

export class LookupOptions {
  readonly #exact = new Map<string, MergeOptions>()
  readonly #patterns: { readonly pattern: RegExp; readonly options: MergeOptions }[] = []

  /** `levels` are the data of the hierarchy, highest level first. */
  constructor(levels: readonly LocatedMap[], problems: ProblemList) {
    const values = levels.flatMap((level) => entryOf(level, 'lookup_options')?.value ?? [])
    const merged = mergeLevels(values, { strategy: 'hash' }, problems)
    for (const entry of merged?.kind === 'map' ? merged.entries : []) {
      const merge = entry.value.kind === 'map' ? entryOf(entry.value, 'merge') : undefined
      if (!merge) continue
      const options = readMergeOptions(merge.value, problems)
      if (!entry.key.startsWith('^')) this.#exact.set(entry.key, options)
      else this.#addPattern({ key: entry.key, place: entry.place }, options, problems)
    }
  }

  /** The options for a key: an exact key before patterns (`^mail::`). */
  of(key: string): MergeOptions | undefined {
    return this.#exact.get(key) ?? this.#patterns.find((each) => each.pattern.test(key))?.options
  }

  #addPattern(
    { key, place }: { readonly key: string; readonly place: Place },
    options: MergeOptions,
    problems: ProblemList,
  ): void {
    try {
      // Without flags: in strict mode JavaScript refuses patterns that Ruby accepts, such as [\w-].
      this.#patterns.push({ pattern: new RegExp(key), options })
    } catch {
      problems.error(place, `lookup_options: "${key}" is not a valid regular expression`)
    }
  }
}
