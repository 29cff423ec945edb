import { expect, it } from 'vitest'
import { createAttemptsInFlight } from './attempts-in-flight.ts'

it('counts by key, and wakes what waits in its order', async () => {
  const flights = createAttemptsInFlight()
  const woken: string[] = []
  const end = flights.begin(['client', 'account'])
  const other = flights.begin(['client'])
  for (const name of ['a', 'b']) void flights.nextEnd('client').then(() => woken.push(name))
  void flights.nextEnd('account').then(() => woken.push('c'))
  expect([flights.of('client'), flights.of('account'), flights.of('nothing')]).toEqual([2, 1, 0])
  other()
  await Promise.resolve()
  expect([woken, flights.of('client')]).toEqual([['a', 'b'], 1])
  end()
  await Promise.resolve()
  expect([woken, flights.of('client'), flights.of('account')]).toEqual([['a', 'b', 'c'], 0, 0])
})

it('is at once where nothing is in flight', async () => {
  await createAttemptsInFlight().nextEnd('client')
})
