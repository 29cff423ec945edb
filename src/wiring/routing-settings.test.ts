import { expect, test } from 'vitest'
import { decodeSrs, encodeSrs } from '../route/srs/srs.ts'
import { srsSettings } from './routing-settings.ts'

test('addresses of a former SRS domain are still reversed, and no new ones are written', () => {
  const common = { secrets: ['a secret only for tests'], max_age: 21 * 86_400_000, hash_length: 4, hash_minimum: 4 }
  const before = srsSettings({ ...common, domain: 'srs.example.org', former_domains: [] }, null)
  const after = srsSettings({ ...common, domain: 'forwards.example', former_domains: ['srs.example.org'] }, null)
  const old = encodeSrs('ann@stranger.example', 0, before)
  if (old.kind !== 'rewritten') throw new Error(old.kind)
  expect(decodeSrs(old.address, 0, after)).toMatchObject({ kind: 'decoded', address: 'ann@stranger.example' })
  expect(encodeSrs('ann@stranger.example', 0, after)).toMatchObject({ address: expect.stringMatching(/@forwards\./) })
})
