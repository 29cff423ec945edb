import { generateKeyPairSync, KeyObject } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { handMadeKey, keyText } from '../../test/lib/hand-made-signature.ts'
import { createKeyMemory, KEPT_RECORD_LENGTH, keysOf } from './key-memory.ts'
import type { MailauthResolver } from './mailauth-adapter.ts'

const record = `v=DKIM1; p=${keyText(handMadeKey.publicKey)}`
const asked = { type: 'DKIM', name: 's._domainkey.example.org', minBitLength: undefined, options: { strict: true } }

describe('the key of a record', () => {
  test('is an object that is parsed once', async () => {
    const memory = createKeyMemory()
    const first = await memory.read(record, asked)
    expect(first.publicKey).toBeInstanceOf(KeyObject)
    expect((first.publicKey as KeyObject).equals(handMadeKey.publicKey)).toBe(true)
    expect(await memory.read(record, { ...asked, name: 'other._domainkey.example.net' })).toBe(first)
  })

  test('depends on the hash that the signature has, since a record can exclude it', async () => {
    const memory = createKeyMemory()
    const only = `${record}; h=sha256`
    const read = (hashAlgo: string) => memory.read(only, { ...asked, options: { strict: true, hashAlgo } })
    expect(await read('sha256')).toMatchObject({ keyType: 'rsa' })
    await expect(read('sha1')).rejects.toMatchObject({ code: 'EINVALIDHASH' })
    expect(await read('sha256')).toMatchObject({ keyType: 'rsa' })
  })

  test.each([
    ['without a key', 'v=DKIM1; p=', 'EINVALIDVAL'],
    ['of another version', 'v=DKIM2; p=AAAA', 'EINVALIDVER'],
    ['that is no key', 'v=DKIM1; p=AAAA', 'EINVALIDTYPE'],
  ])('is the error of mailauth, another one each time: %s', async (_what, text, code) => {
    const memory = createKeyMemory()
    const errors = await Promise.all([1, 2].map(() => memory.read(text, asked).catch((error: unknown) => error)))
    expect(errors).toMatchObject([{ code }, { code }])
    expect(errors[0]).not.toBe(errors[1])
  })

  test('is forgotten when a thousand others were used since', async () => {
    const memory = createKeyMemory()
    const tagged = (number: number) => `${record}; n=${number}`
    const first = await memory.read(tagged(0), asked)
    const second = await memory.read(tagged(1), asked)
    for (let number = 2; number < 1000; number++) await memory.read(tagged(number), asked)
    expect(await memory.read(tagged(0), asked)).toBe(first)
    await memory.read(tagged(1000), asked)
    expect(await memory.read(tagged(0), asked)).toBe(first)
    expect(await memory.read(tagged(1), asked)).not.toBe(second)
  })

  test('is not kept if the record is long', async () => {
    const memory = createKeyMemory()
    const long = `${record}; n=${'x'.repeat(KEPT_RECORD_LENGTH)}`
    expect(await memory.read(long, asked)).not.toBe(await memory.read(long, asked))
  })
})

test('the keys of a message are looked up in the DNS each time, so that a changed record counts at once', async () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  let current = record
  const names: string[] = []
  const resolver: MailauthResolver = async (name) => {
    names.push(name)
    return [[current.slice(0, 100), current.slice(100)]]
  }
  const memory = createKeyMemory()
  const get = () => keysOf(memory, resolver).get('DKIM', 's._domainkey.bücher.example', undefined, { strict: true })
  expect(((await get()).publicKey as KeyObject).equals(handMadeKey.publicKey)).toBe(true)
  current = `v=DKIM1; p=${keyText(publicKey)}`
  expect(((await get()).publicKey as KeyObject).equals(publicKey)).toBe(true)
  expect(names).toEqual(['s._domainkey.xn--bcher-kva.example', 's._domainkey.xn--bcher-kva.example'])
})
