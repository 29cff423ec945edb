import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { commandClock } from '../lib/clock.ts'
import { openSecondFactors } from './second-factors.ts'

const secret = Buffer.from('12345678901234567890')
/** RFC 6238 appendix B: the code of this time is 005924. */
const NOW = 1_234_567_890_000
const clock = { ...commandClock, now: () => NOW }
let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-totp-'))
  file = join(folder, 'second-factors')
})
afterEach(() => rmSync(folder, { recursive: true }))

it('turns on with a code, takes each code once, also after a restart, and turns off', async () => {
  const factors = openSecondFactors(file, clock)
  expect(await factors.of('lee')).toBeNull()
  expect(await factors.turnOn('lee', secret, '000000')).toBeNull()
  expect(await factors.turnOn('lee', secret, '005924')).toHaveLength(8)
  expect(await factors.of('lee')).toEqual({ user: 'lee', since: NOW, recoveryLeft: 8 })
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(await openSecondFactors(file, clock).check('lee', '005924')).toBe('wrong')
  const later = { ...clock, now: () => 2_000_000_000_000 }
  expect(await openSecondFactors(file, later).check('lee', '279037')).toBe('right')
  expect(await openSecondFactors(file, later).check('lee', '279037')).toBe('wrong')
  expect(await openSecondFactors(file, later).check('kim', '279037')).toBe('wrong')
  expect([await factors.turnOff('lee'), await factors.turnOff('lee')]).toEqual([true, false])
  expect(await factors.list()).toEqual([])
})

it('takes each recovery code once, as a person types it, and stores only digests', async () => {
  const factors = openSecondFactors(file, clock)
  const [first = '', second = ''] = (await factors.turnOn('lee', secret, '005924')) ?? []
  expect(first).toMatch(/^[2-9a-z]{5}-[2-9a-z]{5}$/)
  expect(readFileSync(file, 'utf8')).not.toContain(first)
  expect(await factors.check('lee', ` ${first.toUpperCase().replace('-', ' ')}`)).toBe('recovery')
  expect(await factors.check('lee', first)).toBe('wrong')
  expect(await factors.check('kim', second)).toBe('wrong')
  expect(await factors.of('lee')).toMatchObject({ recoveryLeft: 7 })
})

it('takes a code once if it arrives twice at the same time', async () => {
  const factors = openSecondFactors(file, { ...clock, now: () => 1_111_111_109_000 })
  await factors.turnOn('lee', secret, '081804')
  const later = openSecondFactors(file, clock)
  const answers = await Promise.all([later.check('lee', '005924'), later.check('lee', '005924')])
  expect(answers.toSorted()).toEqual(['right', 'wrong'])
})

it.each(['not JSON\n', '{"user":"lee"}\n', '{"user":"lee","secret":"x","since":1,"lastStep":1,"recovery":[]}\n'])(
  'rejects a damaged file: it is never an absent factor',
  async (text) => {
    writeFileSync(file, text)
    const factors = openSecondFactors(file, clock)
    await expect(factors.of('lee')).rejects.toThrow(`${file}:1: found no second factor`)
    await expect(factors.check('lee', '005924')).rejects.toThrow()
    await expect(factors.turnOff('lee')).rejects.toThrow()
    expect(readFileSync(file, 'utf8')).toBe(text)
  },
)
