import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import type { AppPassword } from '../auth/app-password.ts'
import { parseAppPasswords } from '../auth/app-password-file.ts'
import { writeAppLine } from '../auth/app-password-line.ts'
import type { LastUse } from '../auth/last-uses.ts'
import type { Router } from '../route/resolution.ts'
import { appPasswordGauge, idleAppPasswords, uselessAppPasswords } from './app-password-state.ts'

const DAY_MS = 86_400_000
const clock = createFakeClock()
const NOW = clock.now()
const line = (label: string, changes: object = {}) =>
  writeAppLine({
    user: 'kim',
    label,
    secret: 'x',
    created: NOW - 100 * DAY_MS,
    expires: null,
    networks: [],
    senders: [],
    salt: null,
    ...changes,
  })
const listOf = (...lines: string[]) => parseAppPasswords('apps', lines.join('\n'))
const uses = new Map<string, LastUse>([
  ['recent', { at: NOW - DAY_MS, ip: '192.0.2.1' }],
  ['idle', { at: NOW - 95 * DAY_MS, ip: '192.0.2.1' }],
])
const use = { last: (_identity: string, { label }: Pick<AppPassword, 'label'>) => uses.get(label) ?? null }
const all = listOf(
  line('recent'),
  line('idle'),
  line('never'),
  line('new', { created: NOW }),
  line('old', { expires: NOW - DAY_MS }),
)

describe('app passwords', () => {
  it('that expired or that nothing uses are warnings at their lines', () => {
    const facts = { use, domain: 'example.org', now: NOW }
    expect(idleAppPasswords(all, facts).map((one) => `${one.line}: ${one.message}`)).toEqual([
      '2: app password kim:idle: not used since 2026-08-18: remove it',
      '3: app password kim:never: never used since 2026-08-13: remove it',
      '5: app password kim:old: expired at 2026-11-20: remove it',
    ])
  })

  it('are counted by state', async () => {
    const gauge = appPasswordGauge({ list: () => all.list, use, domain: 'example.org', clock })
    expect(await gauge.read()).toEqual([
      { labels: { state: 'active' }, value: 2 },
      { labels: { state: 'unused' }, value: 2 },
      { labels: { state: 'expired' }, value: 1 },
    ])
  })

  it('without effect are warnings', async () => {
    const router = {
      maySendAs: async (_who: unknown, address: string) =>
        address === 'kim@example.org'
          ? ({ kind: 'yes', source: 'x' } as const)
          : ({ kind: 'no', allowed: [] } as const),
    } satisfies Pick<Router, 'maySendAs'>
    const people = {
      find: (name: string) =>
        name === 'kim' ? ({ kind: 'unavailable', cause: 'x' } as const) : ({ kind: 'absent' } as const),
    }
    const list = listOf(
      line('a', { senders: ['kim@example.org', '@example.org', 'lee@example.org'] }),
      line('b', { user: 'ghost' }),
    )
    const found = await uselessAppPasswords(list, { people, router, domain: 'example.org' })
    expect(found.map(({ message }) => message)).toEqual([
      'app password kim:a: lee@example.org has no effect: the user may not use it',
      'app password ghost:b: no login: the user does not exist',
    ])
    expect(
      await uselessAppPasswords(listOf(line('b', { user: 'ghost' })), { people: null, router, domain: 'x.example' }),
    ).toEqual([])
  })
})
