// Reads SMTP replies for the loaders of the benchmarks. It shares no code with the program.

import type { Socket } from 'node:net'

/** Waits for that many complete replies and returns the last line of each. Rejects if the server closes, or answers 4xx or 5xx. */
export type ReadReplies = (count: number) => Promise<string[]>

export function readReplies(socket: Socket): ReadReplies {
  let text = ''
  const ready: string[] = []
  let waiting: { count: number; resolve: (lines: string[]) => void; reject: (error: Error) => void } | null = null
  const settle = () => {
    if (waiting === null || ready.length < waiting.count) return
    const { count, resolve, reject } = waiting
    waiting = null
    const lines = ready.splice(0, count)
    const bad = lines.find((line) => line >= '4')
    if (bad === undefined) resolve(lines)
    else reject(new Error(`the server answered ${bad}`))
  }
  const fail = (error: Error) => waiting?.reject(error)
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('the server closed the connection')))
  socket.on('data', (chunk: Buffer) => {
    const lines = (text + chunk.toString('latin1')).split('\r\n')
    text = lines.pop() as string
    for (const line of lines) if (line[3] !== '-') ready.push(line)
    settle()
  })
  return (count) =>
    new Promise((resolve, reject) => {
      waiting = { count, resolve, reject }
      settle()
    })
}
