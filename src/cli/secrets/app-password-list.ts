// waypost passwd app list: the app passwords, when each was last used, and which ones nothing uses.

import type { AppPassword } from '../../auth/app-password.ts'
import { loadAppPasswords } from '../../auth/app-password-file.ts'
import { openLastUses } from '../../auth/last-uses.ts'
import type { LastUse } from '../../auth/last-uses.ts'
import { identityOf } from '../../auth/passwd-authenticator.ts'
import type { Clock } from '../../lib/clock.ts'
import { stateOfApp, UNUSED_DAYS } from '../../node/app-password-state.ts'
import type { AppPasswordState } from '../../node/app-password-state.ts'
import { appPasswordUsePath } from '../../wiring/node-paths.ts'
import { type Io, json, line, OK, USAGE } from '../io.ts'
import { withDataDirectory } from '../place/node-place.ts'
import { findAppPlace } from './app-password-place.ts'

export interface ListAppOptions {
  readonly config: string
  /** Only of this user. */
  readonly user?: string | undefined
  readonly json: boolean
  readonly clock: Pick<Clock, 'now'>
}

interface Row {
  readonly app: AppPassword
  readonly last: LastUse | null
  readonly state: AppPasswordState
}

/** The node writes the last uses once a minute, and at its stop. */
export function listAppPasswords(options: ListAppOptions, io: Io): Promise<number> | number {
  const place = findAppPlace(options, io)
  if (typeof place === 'number') return place
  const domain = place.domain ?? ''
  return withDataDirectory(options, io, async (data) => {
    const { list, problems } = await loadAppPasswords(place.file)
    for (const one of problems) line(io.stderr, `${one.file}:${one.line}:${one.column}: ${one.message}`)
    if (problems.some(({ severity }) => severity === 'error')) return USAGE
    const use = await openLastUses(appPasswordUsePath({ data }), options.clock)
    const wanted = options.user === undefined ? null : identityOf(options.user, domain)
    const rows = list.flatMap((app): Row[] => {
      const identity = identityOf(app.user, domain)
      if (wanted !== null && wanted !== identity) return []
      const facts = { use, domain, now: options.clock.now() }
      return [{ app, last: use.last(identity, app), state: stateOfApp(app, facts) }]
    })
    if (options.json) json(io.stdout, rows.map(jsonRow))
    else for (const text of rows.length === 0 ? ['no app passwords'] : rows.map(textRow)) line(io.stdout, text)
    return OK
  })
}

function jsonRow({ app, last, state }: Row) {
  const { user, label, created, expires, networks, senders } = app
  return {
    user,
    label,
    state,
    created: written(created),
    expires: expires === null ? null : written(expires),
    lastUsed: last && written(last.at),
    lastUsedFrom: last && last.ip,
    networks,
    senders,
  }
}

function textRow({ app, last, state }: Row): string {
  const flags = { active: '', unused: `, unused for ${UNUSED_DAYS} days: remove it`, expired: ': remove it' }
  const used = last ? `last used ${written(last.at)} from ${last.ip}` : 'never used'
  return [
    `${app.user}:${app.label}  made ${written(app.created)}, ${used}${state === 'unused' ? flags.unused : ''}`,
    ...(app.expires === null
      ? []
      : [
          `${state === 'expired' ? 'expired' : 'expires'} ${written(app.expires)}${flags[state === 'expired' ? state : 'active']}`,
        ]),
    ...(app.networks ? [`networks ${app.networks.join(', ')}`] : []),
    ...(app.senders ? [`senders ${app.senders.join(', ')}`] : []),
  ].join(', ')
}

function written(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`
}
