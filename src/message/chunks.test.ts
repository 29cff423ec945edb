import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { openChunks } from './chunks.ts'

async function readAll(stream: Readable): Promise<string> {
  const chunks = openChunks(stream)
  let text = ''
  for (let chunk = await chunks.next(); chunk !== null; chunk = await chunks.next()) text += String(chunk)
  chunks.close()
  return text
}

it('reads everything, however it arrives', async () => {
  const stream = new PassThrough()
  const read = readAll(stream)
  stream.write('one')
  await new Promise(setImmediate)
  stream.write(' two')
  stream.write(' three')
  await new Promise(setImmediate)
  stream.end(' four')
  expect(await read).toBe('one two three four')
})

it('reads an ended stream and an empty one', async () => {
  expect(await readAll(Readable.from([Buffer.from('all')], { objectMode: false }))).toBe('all')
  expect(await readAll(Readable.from([], { objectMode: false }))).toBe('')
})

it('makes the writer wait until the next read', async () => {
  const stream = new PassThrough({ highWaterMark: 10 })
  const chunks = openChunks(stream)
  expect(stream.write(Buffer.alloc(100))).toBe(false)
  await new Promise(setImmediate)
  expect(stream.writableNeedDrain).toBe(true)
  expect((await chunks.next())?.length).toBe(100)
  await new Promise(setImmediate)
  expect(stream.writableNeedDrain).toBe(false)
  chunks.close()
})

it('rejects with the error of the stream, and ends with one that was cut', async () => {
  const failing = new PassThrough()
  const read = readAll(failing)
  failing.on('error', () => {})
  failing.write('x')
  failing.destroy(new Error('gone'))
  await expect(read).rejects.toThrow('gone')
  const cut = new PassThrough()
  const rest = readAll(cut)
  cut.destroy()
  expect(await rest).toBe('')
})

it('leaves nothing on the stream, and the stream usable', () => {
  const stream = new PassThrough()
  const usual = stream.eventNames()
  openChunks(stream).close()
  expect(stream.eventNames()).toEqual(usual)
  expect(stream.destroyed).toBe(false)
})

it('rejects with an error that the read itself causes, and is no early end', async () => {
  const stream = new Readable({
    read() {
      throw new Error('disk')
    },
  })
  const chunks = openChunks(stream)
  const failed = once(stream, 'close')
  await expect(chunks.next()).rejects.toThrow('disk')
  await failed.catch(() => {})
  chunks.close()
})
