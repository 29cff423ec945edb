import { expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { createCertificateUse, unusedPins } from './certificate-use.ts'

const DAY_MS = 86_400_000

it('warns once a day of a certificate that expires soon, and counts it', async () => {
  const clock = createFakeClock()
  const warnings: string[] = []
  const noted: string[] = []
  const uses = createCertificateUse({
    use: { note: (identity, label) => void noted.push(`${identity} ${label}`) },
    clock,
    log: { warn: (_fields, message) => void warnings.push(message) },
  })
  const expires = clock.now() + 15 * DAY_MS
  const use = () => uses.used('kim', { subject: 'CN=kim', fingerprint: 'b', keyFingerprint: 'a' }, expires)
  const counted = async () => (await uses.metric.read())[0]?.value
  use()
  expect([warnings, await counted()]).toEqual([[], 0])
  await clock.advance(2 * DAY_MS)
  use()
  use()
  expect([warnings, await counted()]).toEqual([['the client certificate of a user expires in 13 days'], 1])
  await clock.advance(DAY_MS)
  use()
  expect(warnings).toHaveLength(2)
  expect(noted).toEqual(Array.from({ length: 4 }, () => 'kim a'))
})

it('finds pinned certificates that were never used', () => {
  const use = {
    last: (identity: string, { label }: { label: string }) =>
      identity === 'kim' && label === 'a' ? { at: 1, ip: '-' } : null,
  }
  const pins = [
    { name: 'kim@example.org', keys: ['a', 'x'], certificates: [] },
    { name: 'lee', keys: [], certificates: ['a'] },
  ]
  const found = unusedPins({ file: 'pins.yaml', pins }, use, (name) => name.replace('@example.org', ''))
  expect(found).toMatchObject([{ file: 'pins.yaml', message: expect.stringContaining('user lee') }])
})
