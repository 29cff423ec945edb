import { expect, it } from 'vitest'
import { withFreshPasswords } from './fresh-passwords.ts'
import type { KnownPerson, People, PersonAnswer } from './people.ts'
import type { StoredPassword } from './stored-password.ts'

const hash = (password: string): StoredPassword => ({ kind: 'plain', scheme: 'PLAIN', password })
const person = (password: string): PersonAnswer => ({
  kind: 'found',
  check: { kind: 'hash', stored: hash(password) },
  allows: null,
})

function peopleWith(data: { answer: PersonAnswer; known?: KnownPerson }) {
  const people: People = {
    find: async () => data.answer,
    known: () => data.known ?? data.answer,
    allHaveScram: () => false,
    decoy: () => null,
    samples: () => [],
  }
  return withFreshPasswords(people)
}

it('uses the changed password until the data have another one than the old', async () => {
  const data = { answer: person('old') }
  const fresh = peopleWith(data)
  await fresh.set('lee', { from: hash('old'), to: hash('new') })
  expect([await fresh.people.find('lee'), fresh.people.known('lee')]).toEqual([person('new'), person('new')])
  expect(await fresh.people.find('kim')).toEqual(person('old'))
  data.answer = person('newer, by an operator')
  expect(await fresh.people.find('lee')).toEqual(data.answer)
  // What was forgotten stays so, also if a backup of the file is restored.
  data.answer = person('old')
  expect(await fresh.people.find('lee')).toEqual(person('old'))
})

it('forgets at a reload what the data have', async () => {
  const data = { answer: person('old') }
  const fresh = peopleWith(data)
  await fresh.set('lee', { from: hash('old'), to: hash('new') })
  data.answer = person('new')
  fresh.sweep()
  data.answer = person('old')
  expect(fresh.people.known('lee')).toEqual(person('old'))
})

it('takes a second change before the data have the first, and none that the data have already', async () => {
  const data = { answer: person('old') }
  const fresh = peopleWith(data)
  await fresh.set('lee', { from: hash('old'), to: hash('new') })
  await fresh.set('lee', { from: hash('new'), to: hash('newest') })
  expect(await fresh.people.find('lee')).toEqual(person('newest'))
  data.answer = person('of the server')
  await fresh.set('lee', { from: hash('newest'), to: hash('here') })
  expect(await fresh.people.find('lee')).toEqual(person('of the server'))
})

it('leaves absent and unavailable users as they are, and knows the change of a live source', async () => {
  const data = { answer: person('old'), known: { kind: 'unasked' } as KnownPerson }
  const fresh = peopleWith(data)
  expect(fresh.people.known('lee')).toEqual({ kind: 'unasked' })
  await fresh.set('lee', { from: hash('old'), to: hash('new') })
  data.answer = { kind: 'absent' }
  expect(await fresh.people.find('lee')).toEqual({ kind: 'absent' })
  expect(fresh.people.known('lee')).toEqual(person('new'))
})
