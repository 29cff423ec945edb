// What the node believes about its resolver: it validates, it does not, or it sets the authentic bit without validation.

import { expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { fakeResolver, type Zone } from '../../test/lib/fake-resolver.ts'
import { watchValidation } from './validation-watch.ts'

const HOUR = 3_600_000
const validating: Zone = {
  'good.example NS': ['ns.example'],
  'bad.example A': 'unavailable',
  authentic: ['good.example NS'],
}
const plain: Zone = { 'good.example NS': ['ns.example'], 'bad.example A': ['192.0.2.1'] }
const lying: Zone = { ...validating, 'bad.example A': ['192.0.2.1'] }
const dead: Zone = { 'good.example NS': 'unavailable', 'bad.example A': 'unavailable' }

async function start(zone: Zone, isRequired = false) {
  const clock = createFakeClock()
  const lines: string[] = []
  const said = (_: object, message: string) => void lines.push(message)
  const current = { resolver: fakeResolver(zone) }
  const watch = watchValidation(
    { signed: 'good.example', bogus: 'bad.example', isRequired },
    {
      clock,
      log: { warn: said, info: said, bug: (error: unknown) => void lines.push(`bug: ${String(error)}`) },
      resolver: { resolve: (...question) => current.resolver.resolve(...question) },
    },
  )
  await clock.advance(0)
  const state = async () => {
    const health = await watch.health.check()
    const [gauge] = (await watch.metrics[0]?.read()) ?? []
    const answer = await watch.gate(fakeResolver(validating)).resolve('good.example', 'NS')
    return `${health.kind} ${gauge?.value} ${answer.kind === 'found' && answer.authentic ? 'believed' : 'not believed'}`
  }
  const become = async (next: Zone) => {
    current.resolver = fakeResolver(next)
    await clock.advance(HOUR)
  }
  return { lines, state, become, watch }
}

it.each([
  ['validates', validating, 'ok 1 believed'],
  ['does not validate', plain, 'ok 0 believed'],
  ['answers a name with broken signatures', lying, 'degraded 0 not believed'],
  ['does not answer', dead, 'ok 0 believed'],
])('a resolver that %s', async (_what, zone, expected) => {
  expect(await (await start(zone)).state()).toBe(expected)
})

it('is asked hourly, and each change is logged once', async () => {
  const { become, state, lines, watch } = await start(validating)
  await become(validating)
  await become(dead)
  expect(await state()).toBe('ok 1 believed')
  await become(lying)
  expect(await state()).toBe('degraded 0 not believed')
  await become(validating)
  expect(await state()).toBe('ok 1 believed')
  expect(lines).toEqual([
    'the resolver validates DNSSEC',
    'the resolver is not believed: DANE is off',
    'the resolver validates DNSSEC',
  ])
  watch.close()
})

it('is missed where a destination needs it', async () => {
  expect(await (await start(plain, true)).state()).toBe('degraded 0 believed')
})

it('counts answers as secure, insecure, bogus and unavailable', async () => {
  const { watch } = await start(validating)
  const bogus = { kind: 'unavailable', cause: 'A of x: SERVFAIL (DNSSEC: bogus)', isBogus: true } as const
  await watch.gate({ resolve: async () => bogus }).resolve('x', 'A')
  const resolver = watch.gate(fakeResolver({ ...validating, 'plain.example A': ['192.0.2.1'] }))
  await resolver.resolve('good.example', 'NS')
  await resolver.resolve('plain.example', 'A')
  await resolver.resolve('plain.example', 'A')
  await resolver.resolve('bad.example', 'A')
  const read = (await watch.metrics[1]?.read()) ?? []
  expect(Object.fromEntries(read.map(({ labels, value }) => [labels['dnssec'], value]))).toEqual({
    secure: 1,
    insecure: 2,
    bogus: 1,
    unavailable: 1,
  })
})
