// Reads SMTP replies for the loaders of the benchmarks and of the soak. It shares no code with the program.

import type { Socket } from 'node:net'

/** Waits for that many complete replies and returns the last line of each. Rejects if the server closes. */
export type ReadReplies = (count: number) => Promise<string[]>

/** Rejects at 4xx and 5xx too. */
export function readReplies(socket: Socket): ReadReplies {
  const read = readAllReplies(socket)
  return async (count) => {
    const lines = await read(count)
    const bad = lines.find((line) => line >= '4')
    if (bad !== undefined) throw new Error(`the server answered ${bad}`)
    return lines
  }
}

/** Returns negative replies too. */
export function readAllReplies(socket: Socket): ReadReplies {
  let text = ''
  let failed: Error | null = null
  const ready: string[] = []
  let waiting: { count: number; resolve: (lines: string[]) => void; reject: (error: Error) => void } | null = null
  const settle = () => {
    if (waiting === null) return
    const { count, resolve, reject } = waiting
    if (ready.length < count && failed === null) return
    waiting = null
    if (ready.length >= count) resolve(ready.splice(0, count))
    else reject(failed as Error)
  }
  const fail = (error: Error) => {
    failed ??= error
    settle()
  }
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
