// Standard streams of a command for tests: what goes in, and what came out.

import { Readable, Writable } from 'node:stream'
import type { Io } from '../../src/cli/io.ts'

export interface CapturedIo extends Io {
  /** Everything written so far, one character an octet. */
  out(): string
  err(): string
}

export function captureIo(input: string | Buffer = ''): CapturedIo {
  const out: Buffer[] = []
  const err: Buffer[] = []
  const sink = (pieces: Buffer[]): Writable =>
    new Writable({
      write(piece: Buffer, _encoding, done) {
        pieces.push(piece)
        done()
      },
    })
  return {
    stdin: Readable.from([Buffer.isBuffer(input) ? input : Buffer.from(input, 'latin1')]),
    stdout: sink(out),
    stderr: sink(err),
    out: () => Buffer.concat(out).toString('latin1'),
    err: () => Buffer.concat(err).toString('latin1'),
  }
}
