// SRS against published vectors, byte for byte. WAYPOST_VECTORS names a folder with srs/vectors.jsonl and srs/pysrs.jsonl.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { domainOf } from '../../src/smtp/mailbox.ts'
import { decodeSrs, encodeSrs } from '../../src/route/srs/srs.ts'
import type { SrsSettings } from '../../src/route/srs/srs.ts'

interface Vector {
  readonly id?: string
  readonly src?: string
  readonly op: 'forward' | 'reverse' | 'roundtrip' | 'roundtrip-lowercased'
  readonly time?: number
  readonly config: { secrets: string[]; hashlength?: number; hashmin?: number; sep?: '=' | '+' | '-' }
  readonly sender?: string
  readonly alias?: string
  readonly address?: string
  readonly result?: string
  readonly hops?: string[]
}

const folder = process.env['WAYPOST_VECTORS']

function load(name: string): Vector[] {
  if (folder === undefined) return []
  const text = readFileSync(`${folder}/srs/${name}`, 'utf8')
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as Vector)
}

function settingsOf(vector: Vector, domain: string): SrsSettings {
  const { secrets, hashlength, hashmin, sep } = vector.config
  return {
    domain,
    secrets,
    alphabet: 'base64',
    ...(hashlength === undefined ? {} : { hashLength: hashlength }),
    ...(hashmin === undefined ? {} : { hashMinimum: hashmin }),
    ...(sep === undefined ? {} : { separator: sep }),
  }
}

function forward(sender: string, at: number, settings: SrsSettings): string {
  const made = encodeSrs(sender, at, settings)
  return made.kind === 'rewritten' ? made.address : sender
}

describe.skipIf(folder === undefined)('SRS vectors', () => {
  for (const vector of load('vectors.jsonl')) {
    const at = (vector.time as number) * 1000
    it(`${vector.op}: ${vector.id}`, () => {
      if (vector.op === 'forward') {
        expect(forward(vector.sender as string, at, settingsOf(vector, vector.alias as string))).toBe(vector.result)
        return
      }
      const address = vector.address as string
      const answer = decodeSrs(address, at, settingsOf(vector, domainOf(address)))
      if (vector.result === undefined) expect(answer.kind).toBe('refused')
      else expect(answer).toMatchObject({ kind: 'decoded', address: vector.result })
    })
  }

  for (const vector of load('pysrs.jsonl')) {
    const at = 1_577_836_860_000
    it(`${vector.op}: ${vector.src}`, () => {
      const sender = vector.sender as string
      if (vector.op === 'roundtrip-lowercased') {
        const settings = settingsOf(vector, 'second.com')
        const back = decodeSrs(forward(sender, at, settings).toLowerCase(), at, settings)
        expect(back.kind === 'decoded' && back.address.toLowerCase()).toBe(sender.toLowerCase())
        return
      }
      const made: string[] = []
      for (const hop of vector.hops ?? []) made.push(forward(made.at(-1) ?? sender, at, settingsOf(vector, hop)))
      const back = (index: number) =>
        decodeSrs(made[index] as string, at, settingsOf(vector, vector.hops?.[index] as string))
      expect(back(2)).toMatchObject({ kind: 'decoded', address: made[0] })
      expect(back(1)).toMatchObject({ kind: 'decoded', address: made[0] })
      expect(back(0)).toMatchObject({ kind: 'decoded', address: sender })
    })
  }
})
