// The states as data agree with the tables of docs/explanation/queue.md.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { allowedMoves, checkMove, isWaiting, recipientStates, stateNumber, stateOf } from './states.ts'

const page = readFileSync(join(import.meta.dirname, '../../../docs/explanation/queue.md'), 'utf8')

/** The rows of the first table after a heading or sentence: cells without their back-quotes. */
function tableAfter(mark: string): string[][] {
  const rows = page.slice(page.indexOf(mark)).split('\n')
  const first = rows.findIndex((row) => row.startsWith('|'))
  const end = rows.findIndex((row, index) => index > first && !row.startsWith('|'))
  return rows.slice(first + 2, end).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

const words = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '')

it('describes every state', () => {
  expect(tableAfter('## Recipient').map((row) => words(row[0])[0])).toEqual(
    expect.arrayContaining([...recipientStates, 'gone']),
  )
})

it('allows exactly the moves of the page', () => {
  const moves = Object.fromEntries(tableAfter('Allowed moves').map(([from, to]) => [words(from)[0], words(to).sort()]))
  expect(moves).toEqual(Object.fromEntries(Object.entries(allowedMoves).map(([from, to]) => [from, [...to].sort()])))
})

it('numbers the states by position, waiting states first', () => {
  for (const [number, state] of recipientStates.entries()) {
    expect(stateNumber[state]).toBe(number)
    expect(stateOf(number)).toBe(state)
    expect(isWaiting(state)).toBe(number < 2)
  }
  expect(() => stateOf(99)).toThrow(/unknown recipient state 99/)
})

it('checks moves', () => {
  expect(() => checkMove('queued', 'claimed')).not.toThrow()
  expect(() => checkMove('failed', 'claimed')).toThrow('from failed to claimed')
})
