// A password from standard input: the first line of a pipe, or typed without echo. Never from the command line, which everybody can read.

import type { ReadStream } from 'node:tty'
import type { Io } from '../io.ts'

/** What a terminal sends for Enter, Control-C, Control-D and the rubout keys. */
const enter = new Set(['\r', '\n'])
const stop = new Set(['\u0003', '\u0004'])
const rubout = new Set(['\b', '\u007f'])
/** Longer than any password: somebody piped in a file by mistake. */
const MOST_CHARACTERS = 4096

/** The secret without its line end; null if there is none or the user gave up. */
export async function readSecret(io: Io, prompt: string): Promise<string | null> {
  const terminal = io.stdin as Partial<ReadStream>
  if (!terminal.isTTY) return readLine(io)
  io.stderr.write(prompt)
  terminal.setRawMode?.(true)
  try {
    return await readKeys(io)
  } finally {
    terminal.setRawMode?.(false)
    io.stderr.write('\n')
  }
}

async function readLine(io: Io): Promise<string | null> {
  let text = ''
  for await (const chunk of io.stdin) {
    text += Buffer.from(chunk as Uint8Array | string).toString('utf8')
    if (text.includes('\n') || text.length > MOST_CHARACTERS) break
  }
  const line = text.split(/\r?\n/, 1)[0] as string
  return line === '' || line.length > MOST_CHARACTERS ? null : line
}

function readKeys(io: Io): Promise<string | null> {
  return new Promise((resolve) => {
    let typed = ''
    const finish = (secret: string | null) => {
      io.stdin.removeListener('data', take)
      io.stdin.pause()
      resolve(secret)
    }
    const take = (chunk: Uint8Array | string) => {
      for (const key of Buffer.from(chunk).toString('utf8')) {
        if (stop.has(key)) return finish(null)
        if (enter.has(key)) return finish(typed === '' ? null : typed)
        typed = rubout.has(key) ? typed.slice(0, -1) : typed + key
      }
    }
    io.stdin.on('data', take)
    io.stdin.resume()
  })
}
