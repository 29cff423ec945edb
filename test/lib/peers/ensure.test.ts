// A missing peer is never silent: skipped aloud, or a failure in CI.

import { describe, expect, it, vi } from 'vitest'
import { ensurePeers, missingPeers, type PeerSurroundings } from './ensure.ts'

const machine = (facts: Partial<PeerSurroundings>): PeerSurroundings => ({
  isRoot: true,
  isCi: false,
  succeeds: () => true,
  ...facts,
})
const bare = machine({ succeeds: () => false })

describe('missingPeers', () => {
  it('is empty where all are there', () => {
    expect(missingPeers(['postfix', 'swaks'], machine({}))).toEqual([])
  })

  it('names the peer and its Debian package', () => {
    expect(missingPeers(['dkimpy'], bare)).toEqual(['dkimpy is not installed (Debian package python3-dkim)'])
  })

  it('knows which daemons need root', () => {
    expect(missingPeers(['postfix', 'swaks'], machine({ isRoot: false }))).toEqual(['postfix runs only as root'])
  })
})

describe('ensurePeers', () => {
  it('says what is skipped', () => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    expect(ensurePeers(['swaks', 'msmtp'], bare)).toBe(false)
    expect(write).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/^skipped: swaks .*; msmtp .*\n$/))
    write.mockRestore()
  })

  it('fails in CI', () => {
    expect(() => ensurePeers(['swaks'], { ...bare, isCi: true })).toThrow('no peer test may be skipped: swaks')
    expect(ensurePeers(['swaks'], machine({ isCi: true }))).toBe(true)
  })
})
