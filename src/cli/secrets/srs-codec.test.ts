import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { srs } from './srs-codec.ts'
import type { SrsOptions } from './srs-codec.ts'

function run(options: Partial<SrsOptions> & Pick<SrsOptions, 'action' | 'address'>) {
  const io = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() }
  const code = srs({ at: 1_577_836_860_000, secrets: ['tops3cr3t'], json: false, ...options }, io)
  return { code, out: io.stdout.read()?.toString() ?? '', err: io.stderr.read()?.toString() ?? '' }
}

describe('waypost srs', () => {
  it('encodes', () => {
    expect(run({ action: 'encode', address: 'user@orig.example', domain: 'FWD.example' })).toEqual({
      code: 0,
      out: 'SRS0=6PGq=2W=orig.example=user@fwd.example\n',
      err: '',
    })
  })

  it('decodes, with the domain of the address unless one is given', () => {
    const address = 'SRS0=6PGq=2W=orig.example=user@fwd.example'
    expect(run({ action: 'decode', address })).toEqual({ code: 0, out: 'user@orig.example\n', err: '' })
    expect(run({ action: 'decode', address, domain: 'other.example' })).toMatchObject({
      code: 1,
      err: `${address}: an SRS address of another domain\n`,
    })
  })

  it('reports why an address is rejected', () => {
    const address = 'SRS0=6PGq=2W=orig.example=user@fwd.example'
    expect(run({ action: 'decode', address: address.replace('user', 'loser') }).err).toContain('rejected: wrong hash')
    expect(run({ action: 'decode', address, at: 1_582_000_000_000 }).err).toContain('rejected: expired')
    expect(run({ action: 'decode', address, at: 1_582_000_000_000, maxAgeDays: 100 }).code).toBe(0)
    expect(run({ action: 'decode', address: 'kim@fwd.example' }).err).toContain('not an SRS address')
  })

  it('reports why an address is not rewritten', () => {
    const at = { action: 'encode', domain: 'srs.example.org' } as const
    expect(run({ ...at, address: '<>' }).err).toBe('<>: not rewritten: null sender\n')
    expect(run({ ...at, address: `${'a'.repeat(60)}@far.example` }).err).toContain('85 octets, at most 64 are allowed')
    expect(run({ ...at, address: 'kim@example.org', isOwn: () => true })).toMatchObject({ code: 1 })
  })

  it('prints JSON', () => {
    const { code, out } = run({ action: 'encode', address: 'a@far.example', domain: 'srs.example.org', json: true })
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ given: 'a@far.example', kind: 'rewritten' })
    expect(JSON.parse(run({ action: 'decode', address: 'x@y.example', json: true }).out)).toMatchObject({
      kind: 'not-srs',
    })
  })

  it('writes the alphabet and separator of Mail::SRS on request', () => {
    const options = { action: 'encode', address: 'user@orig.example', domain: 'fwd.example', hashLength: 27 } as const
    const [url, plain] = [run(options).out, run({ ...options, alphabet: 'base64' }).out]
    expect(plain.replaceAll('+', '-').replaceAll('/', '_')).toBe(url)
    expect(run({ ...options, separator: '+' }).out).toMatch(/^SRS0\+/)
  })

  it('needs a domain and a secret', () => {
    expect(run({ action: 'encode', address: 'a@b.example' })).toMatchObject({
      code: 2,
      err: 'found no SRS domain, expected --domain or -c\n',
    })
    expect(run({ action: 'decode', address: 'a@b.example', secrets: [] })).toMatchObject({ code: 2 })
    expect(run({ action: 'decode', address: 'nothing' })).toMatchObject({ code: 2 })
  })
})
