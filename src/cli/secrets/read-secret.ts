// A password from standard input: the first line of a pipe, or typed without echo. The command line would show it to all users.

import type { ReadStream } from 'node:tty'
import type { Io } from '../io.ts'

/** What a terminal sends for Enter, Control-C and Control-D, Backspace and Delete. */
const enter = new Set(['\r', '\n'])
const stop = new Set(['\u0003', '\u0004'])
const rubout = new Set(['\b', '\u007f'])
/** Longer input is not a password but a wrong file. */
const MAX_CHARACTERS = 4096

/** The secret without its line end; null if it is empty or the user cancels. */
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
    if (text.includes('\n') || text.length > MAX_CHARACTERS) break
  }
  const line = text.split(/\r?\n/, 1)[0] as string
  return line === '' || line.length > MAX_CHARACTERS ? null : line
}

function readKeys(io: Io): Promise<string | null> {
  return new Promise((resolve) => {
    let typed = ''
    const finish = (secret: string | null) => {
      io.stdin.removeListener('data', readChunk)
      io.stdin.pause()
      resolve(secret)
    }
    const readChunk = (chunk: Uint8Array | string) => {
      for (const key of Buffer.from(chunk).toString('utf8')) {
        if (stop.has(key)) return finish(null)
        if (enter.has(key)) return finish(typed === '' ? null : typed)
        typed = rubout.has(key) ? typed.slice(0, -1) : typed + key
      }
    }
    io.stdin.on('data', readChunk)
    io.stdin.resume()
  })
}
