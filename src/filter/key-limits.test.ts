import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { keyText } from '../../test/lib/hand-made-signature.ts'
import { createKeyJudge, keyProblem, limitKeys } from './key-limits.ts'

const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const { n = '' } = publicKey.export({ format: 'jwk' })

/** A key record with this modulus and exponent, both in hexadecimal digits. */
function record(modulus: string, exponent: string): string {
  const coded = (hex: string) =>
    Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url')
  const key = createPublicKey({ key: { kty: 'RSA', n: coded(modulus), e: coded(exponent) }, format: 'jwk' })
  return `v=DKIM1; p=${keyText(key)}`
}

const modulus = Buffer.from(n, 'base64url').toString('hex')
/** An odd number of that many bits. */
const bits = (count: number) => `8${'0'.repeat(count / 4 - 2)}1`

describe('a key', () => {
  test.each(['3', '11', '10001', '100000001'])('with the exponent 0x%s is used', (exponent) => {
    expect(keyProblem(record(modulus, exponent))).toBeNull()
  })

  test.each([
    ['of 64 bits', `8000000000000001`, 'RSA exponent of 64 bits, at most 33 are used'],
    ['of 2048 bits', bits(2048), 'RSA exponent of 2048 bits, at most 33 are used'],
    ['that is 1', '1', 'RSA exponent that is even or below 3'],
    ['that is even', '10000', 'RSA exponent that is even or below 3'],
  ])('with an exponent %s is not used', (_what, exponent, problem) => {
    expect(keyProblem(record(modulus, exponent))).toBe(problem)
  })

  test('has at most 4096 bits (RFC 8301 3.2)', () => {
    expect(keyProblem(record(bits(4096), '10001'))).toBeNull()
    expect(keyProblem(record(bits(4104), '10001'))).toBe('RSA key of 4104 bits, at most 4096 are used')
  })

  test('that is huge is not even parsed', () => {
    expect(keyProblem(`v=DKIM1; p=${Buffer.alloc(16_384, 1).toString('base64')}`)).toMatch(/^key of 16384 octets/)
  })

  test('as a bare RSAPublicKey (RFC 6376 3.6.1) has the same limits', () => {
    const bare = (e: string) =>
      createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' }).export({ type: 'pkcs1', format: 'der' })
    expect(keyProblem(`p=${bare('AQAB').toString('base64')}`)).toBeNull()
    expect(keyProblem(`p=${bare('Ag').toString('base64')}`)).toMatch(/even/)
  })

  test.each([
    '',
    'v=DKIM1; p=',
    'v=DKIM1; p=AAAA',
    'v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=',
  ])('that is no RSA key is left to the verifier: %j', (text) => expect(keyProblem(text)).toBeNull())
})

test('a look-up of an expensive key rejects and keeps the reason', async () => {
  const good = record(modulus, '10001')
  const bad = record(modulus, '1')
  const keys = limitKeys(async (name) => [[name.startsWith('good') ? good : bad]], createKeyJudge())
  expect(await keys.resolver('good._domainkey.example', 'TXT')).toHaveLength(1)
  await expect(keys.resolver('Bad._domainkey.example', 'TXT')).rejects.toMatchObject({ code: 'EINVALIDVAL' })
  expect(keys.problemOf('bad._domainkey.EXAMPLE')).toMatch(/even/)
  expect(keys.problemOf('good._domainkey.example')).toBeNull()
})

test('a judge gives the same answer each time, also after many other keys', () => {
  const judge = createKeyJudge()
  const bad = record(modulus, '1')
  for (let turn = 0; turn < 2; turn++) {
    expect(judge(bad)).toMatch(/even/)
    expect(judge(bad)).toMatch(/even/)
    for (let other = 0; other < 1100; other++) expect(judge(`v=DKIM1; n=${other}; p=`)).toBeNull()
  }
})

test('verdicts about large records take no memory', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const judge = createKeyJudge()
  const heap = () => {
    collect()
    return getHeapStatistics().used_heap_size
  }
  const before = heap()
  // A TXT record over TCP has up to 64 KiB (RFC 1035 4.2.2).
  for (let i = 0; i < 500; i++) judge(`v=DKIM1; n=${String(i).padStart(60_000, 'x')}; p=${keyText(publicKey)}`)
  expect((heap() - before) / 1024 ** 2).toBeLessThan(8)
  expect(judge('v=DKIM1; p=')).toBeNull()
})
