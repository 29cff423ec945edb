import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { captureIo } from '../../../test/lib/captured-io.ts'
import { createFakeClock } from '../../../test/lib/fake-clock.ts'
import { findApp } from '../../auth/app-password.ts'
import { parseAppPasswords } from '../../auth/app-password-file.ts'
import { openLastUses } from '../../auth/last-uses.ts'
import { writeScram } from '../../auth/derived-schemes.ts'
import { addAppPassword, removeAppPassword } from './app-password-command.ts'
import type { AddAppOptions } from './app-password-command.ts'
import { listAppPasswords } from './app-password-list.ts'

const clock = createFakeClock()
const DAY_MS = 86_400_000
let folder: string
let config: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-apps-'))
  config = join(folder, 'node.yaml')
  file = join(folder, 'apps')
  const node = {
    role: 'submission',
    hostname: 's.example.org',
    domain: 'example.org',
    data: 'data',
    dkim: { keys: 'dkim' },
  }
  writeFileSync(config, JSON.stringify({ ...node, users: 'passwd', app_passwords: 'apps' }))
  writeFileSync(
    join(folder, 'passwd'),
    `lee:{SCRAM-SHA-256}${writeScram('main', 'sha256', null)}\nkim:$1$a$${'.'.repeat(22)}\n`,
  )
})
afterEach(() => rmSync(folder, { recursive: true }))

async function add(changes: Partial<AddAppOptions> = {}) {
  const io = captureIo()
  const defaults = { user: 'lee', label: 'phone', expires: null, networks: [], senders: [], json: false, config }
  const code = await addAppPassword({ ...defaults, now: clock.now(), ...changes }, io)
  return { code, out: io.out(), err: io.err() }
}
const stored = () => parseAppPasswords(file, readFileSync(file, 'utf8'))

describe('waypost passwd app add', () => {
  it('prints the secret once and stores a digest', async () => {
    const { code, out, err } = await add({ user: 'Lee@Example.org', senders: ['lee@example.org'] })
    expect([code, err]).toEqual([0, expect.stringContaining('not shown again')])
    const { list, problems } = stored()
    expect(problems).toEqual([])
    expect(list).toMatchObject([{ user: 'lee', label: 'phone', created: clock.now(), senders: ['lee@example.org'] }])
    expect(findApp(list, { password: out.trim(), ip: undefined, now: clock.now() })).toMatchObject({ kind: 'match' })
    expect(readFileSync(file, 'utf8')).not.toContain(out.trim())
    expect(readdirSync(folder).filter((name) => name.endsWith('.new'))).toEqual([])
  })

  it('uses the salt of the SCRAM keys of the user, or of the other app passwords', async () => {
    await add()
    await add({ user: 'kim', label: 'a' })
    await add({ user: 'kim', label: 'b' })
    const passwd = readFileSync(join(folder, 'passwd'), 'utf8')
    const [lee, a, b] = stored().list.map(({ scram }) => scram.salt.toString('base64'))
    expect(passwd).toContain(`4096,${lee},`)
    expect(a).toBe(b)
    expect(a).not.toBe(lee)
  })

  it('warns of a user whom the passwd-file lacks', async () => {
    expect(await add({ user: 'robin' })).toMatchObject({ code: 0, err: expect.stringContaining('has no user robin') })
  })

  it('refuses a label that the user has, and keeps what is in the file', async () => {
    writeFileSync(file, '# ours\n')
    await add()
    const before = readFileSync(file, 'utf8')
    expect(await add({ user: 'lee@example.org' })).toMatchObject({ code: 1, err: expect.stringContaining('already') })
    expect(readFileSync(file, 'utf8')).toBe(before)
    expect(before).toMatch(/^# ours\nlee:phone:/)
  })

  it.each<[string, Partial<AddAppOptions>, RegExp]>([
    ['a user with a colon', { user: 'a:b' }, /without spaces and colons/],
    ['a label with a space', { label: 'my phone' }, /--label/],
    ['a network that is none', { networks: ['192.0.2.0/99'] }, /--network/],
    ['a sender that is none', { senders: ['lee'] }, /--sender/],
    ['a time that has passed', { expires: 1 }, /--expires/],
    ['a configuration without the key', { config: '/dev/null' }, /app_passwords/],
  ])('refuses %s', async (_what, changes, problem) => {
    expect(await add(changes)).toMatchObject({ code: 2, out: '', err: expect.stringMatching(problem) })
    expect(readdirSync(folder)).not.toContain('apps')
  })
})

describe('waypost passwd app remove', () => {
  it('removes one line', async () => {
    await add()
    await add({ label: 'tablet' })
    const io = captureIo()
    expect(await removeAppPassword({ user: 'LEE', label: 'phone', json: false, config }, io)).toBe(0)
    expect(stored().list.map(({ label }) => label)).toEqual(['tablet'])
    expect(await removeAppPassword({ user: 'lee', label: 'phone', json: false, config }, io)).toBe(1)
  })
})

describe('waypost passwd app list', () => {
  const list = async (at: number, json = true, user?: string) => {
    const io = captureIo()
    expect(await listAppPasswords({ config, user, json, clock: { now: () => at } }, io)).toBe(0)
    return json ? (JSON.parse(io.out()) as unknown) : io.out()
  }

  it('shows the last use, and flags what is unused for 90 days or expired', async () => {
    await add({ label: 'used' })
    await add({ label: 'idle' })
    await add({ label: 'old', expires: clock.now() + DAY_MS })
    const use = await openLastUses(join(folder, 'data', 'app-passwords-used'), {
      now: () => clock.now() + 50 * DAY_MS,
    })
    use.note('lee', 'used', '192.0.2.1')
    mkdirSync(join(folder, 'data'))
    await use.save()
    expect(await list(clock.now() + 91 * DAY_MS)).toMatchObject([
      { label: 'used', state: 'active', lastUsed: '2027-01-10T00:00:00Z', lastUsedFrom: '192.0.2.1' },
      { label: 'idle', state: 'unused', lastUsed: null },
      { label: 'old', state: 'expired', expires: '2026-11-22T00:00:00Z' },
    ])
    expect(await list(clock.now() + 91 * DAY_MS, false, 'lee@example.org')).toMatch(
      /^lee:used {2}made .* from 192\.0\.2\.1\nlee:idle .*never used, unused for 90 days: remove it\nlee:old .*expired 2026-11-22T00:00:00Z: remove it\n$/,
    )
    expect(await list(clock.now(), false, 'kim')).toBe('no app passwords\n')
  })
})
