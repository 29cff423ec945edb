// waypost ban add, remove: an operator makes or ends a ban. A running node follows within a second, and records it in the ledger; a stopped
// one at its next start.

import type { BanSubject } from '../../state/ban-contract.ts'
import { endBan, orderBan } from '../../state/sqlite/ban-access.ts'
import { bansPath } from '../../wiring/node-paths.ts'
import { FAILED, type Io, json, line, OK } from '../io.ts'
import type { NodePlace } from '../place/node-place.ts'
import { withStateFile } from '../place/with-state-file.ts'
import { described } from './ban-list.ts'

interface ChangeOptions extends NodePlace, BanSubject {
  readonly by: string
  readonly reason: string
  readonly now: number
  readonly json?: boolean
}

export function banAdd(options: ChangeOptions & { readonly duration: number }, io: Io): Promise<number> | number {
  const { kind, value, by, reason, now: at, duration } = options
  return withStateFile(options, { io, pathOf: bansPath }, (path) => {
    const ban = orderBan(path, { kind, value, at, until: at + duration, by, reason })
    if (options.json) json(io.stdout, ban)
    else line(io.stdout, described(ban, at))
    return OK
  })
}

export function banRemove(options: ChangeOptions, io: Io): Promise<number> | number {
  const { kind, value, by: name, reason, now: at } = options
  return withStateFile(options, { io, pathOf: bansPath }, (path) => {
    const ban = endBan(path, { kind, value }, { at, name, reason })
    if (options.json) json(io.stdout, { removed: ban !== null })
    else if (ban) line(io.stdout, `the ban of ${kind} ${value} has ended`)
    else line(io.stderr, `no ban of ${kind} ${value} stands`)
    return ban ? OK : FAILED
  })
}
