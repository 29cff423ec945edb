// Lists the changes between two snapshots, by name and address. Password hashes are never shown.

import type { SourceContent, TargetsRow } from './source-content.ts'

export interface ContentChange {
  readonly change: 'added' | 'removed' | 'changed'
  readonly what: 'user' | 'alias' | 'forward'
  readonly name: string
  /** The source of the new entry, or of the old one. */
  readonly source: string
  /** The old and the new value; null for none. */
  readonly before: string | null
  readonly after: string | null
}

interface Item {
  readonly source: string
  /** The value that is compared. */
  readonly whole: string
  readonly shown: string
}

/** Users first, then aliases, then forwards; by name. */
export function compareContent(before: SourceContent, after: SourceContent): readonly ContentChange[] {
  return [
    ...compare('user', users(before), users(after)),
    ...compare('alias', targets(before.aliases), targets(after.aliases)),
    ...compare('forward', targets(before.forwards), targets(after.forwards)),
  ]
}

function compare(
  what: ContentChange['what'],
  before: ReadonlyMap<string, Item>,
  after: ReadonlyMap<string, Item>,
): readonly ContentChange[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].toSorted()
  return names.flatMap((name): ContentChange[] => {
    const [old, now] = [before.get(name), after.get(name)]
    if (old?.whole === now?.whole) return []
    const change = old ? (now ? 'changed' : 'removed') : 'added'
    const onlyPassword = old && now && old.shown === now.shown
    const source = now?.source ?? old?.source ?? ''
    const shownAfter = onlyPassword ? `${now.shown} (password changed)` : (now?.shown ?? null)
    return [{ change, what, name, source, before: old?.shown ?? null, after: shownAfter }]
  })
}

function users(content: SourceContent): ReadonlyMap<string, Item> {
  return new Map(
    content.users.map((user) => {
      const shown = user.addresses.join(', ')
      return [user.name, { source: user.source, whole: JSON.stringify([shown, user.password]), shown }]
    }),
  )
}

function targets(rows: readonly TargetsRow[]): ReadonlyMap<string, Item> {
  return new Map(
    rows.map((row) => {
      const shown = row.targets.join(', ')
      return [row.address, { source: row.source, whole: shown, shown }]
    }),
  )
}
