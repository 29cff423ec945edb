// mandoc finds nothing to object to in the manual pages, and man-db finds the name and the description of each.

import { spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { generatedTexts, writeTexts } from '../../build/texts.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'

const folder = mkdtempSync(join(tmpdir(), 'waypost-manual-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe.runIf(ensurePeers(['mandoc', 'man-db']))('manual pages', () => {
  writeTexts(generatedTexts('2026-11-30'), folder)
  const files = globSync(join(folder, 'man/man1/*.1'))

  it('has a page for each command', () => {
    expect(files.length).toBeGreaterThan(25)
    expect(files).toContain(join(folder, 'man/man1/waypost-run.1'))
  })

  it('is without objection of mandoc', () => {
    const { status, stdout, stderr } = spawnSync('mandoc', ['-Tlint', ...files], { encoding: 'utf8' })
    expect([status, stdout, stderr]).toEqual([0, '', ''])
  })

  it('has a name and a description that man-db finds', () => {
    const { status, stdout } = spawnSync('lexgrog', files, { encoding: 'utf8' })
    expect(status).toBe(0)
    expect(stdout).toContain('"waypost-run - start the node in the foreground')
  })
})
