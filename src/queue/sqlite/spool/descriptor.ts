// A new file as a file descriptor. Not a FileHandle: Node ends the process when an unclosed FileHandle is collected.

import { close, fdatasync, fstat, ftruncate, open, write, writev } from 'node:fs'
import { promisify } from 'node:util'

export interface Descriptor {
  /** Writes all octets, in as many writes as the kernel needs. */
  write(chunks: readonly Buffer[]): Promise<void>
  /** Removes all octets, so that the disk has their space again. */
  empty(): Promise<void>
  /** Makes the data durable. Returns the size in octets. */
  sync(): Promise<number>
  /** Closes the file; a second call does nothing. */
  close(): Promise<void>
}

const [openFile, closeFile, syncData, statFile, cutFile] = [
  promisify(open),
  promisify(close),
  promisify(fdatasync),
  promisify(fstat),
  promisify(ftruncate),
]

/** Creates a file that must not exist, with mode 0600. */
export async function openNew(path: string): Promise<Descriptor> {
  const fd = await openFile(path, 'wx', 0o600)
  let closed = false
  return {
    write: (chunks) => writeAll(fd, chunks),
    empty: () => cutFile(fd, 0),
    sync: async () => {
      await syncData(fd)
      return (await statFile(fd)).size
    },
    close: async () => {
      if (closed) return
      closed = true
      await closeFile(fd)
    },
  }
}

async function writeAll(fd: number, chunks: readonly Buffer[]): Promise<void> {
  const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  const written = await new Promise<number>((resolve, reject) =>
    writev(fd, chunks, (error, count) => (error ? reject(error) : resolve(count))),
  )
  if (written === total) return
  const whole = Buffer.concat(chunks)
  for (let offset = written; offset < total; ) offset += await writeRest(fd, whole.subarray(offset))
}

function writeRest(fd: number, rest: Buffer): Promise<number> {
  return new Promise((resolve, reject) => write(fd, rest, (error, count) => (error ? reject(error) : resolve(count))))
}
