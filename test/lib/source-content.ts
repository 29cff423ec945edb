// Directories for tests of snapshots and mirrors.

import type { Fetched, MirrorSource } from '../../src/directory/snapshots/mirror-source.ts'
import type { SourceContent } from '../../src/directory/snapshots/source-content.ts'

/** `count` people, each with a password and a forward. */
export function manyPeople(count: number): SourceContent {
  const names = Array.from({ length: count }, (_unused, index) => `user${String(index).padStart(4, '0')}`)
  return {
    users: names.map((name) => ({ name, addresses: [name], password: `{SSHA}${name}`, source: `uid=${name}` })),
    aliases: [],
    forwards: names.map((name) => ({ address: name, targets: [`${name}@home.example.net`], source: `uid=${name}` })),
  }
}

export const EMPTY_CONTENT: SourceContent = { users: [], aliases: [], forwards: [] }

export interface FakeSource extends MirrorSource {
  /** The next answer. */
  answer: Fetched | Promise<Fetched>
  readonly asked: number
  readonly closed: boolean
}

/** A source with the content that the test sets. */
export function fakeSource(content: SourceContent): FakeSource {
  let asked = 0
  let closed = false
  const source = {
    answer: { kind: 'whole', content } as Fetched | Promise<Fetched>,
    get asked() {
      return asked
    },
    get closed() {
      return closed
    },
    fetch: async () => {
      asked += 1
      return await source.answer
    },
    close: async () => {
      closed = true
    },
  }
  return source
}
