// What a client sends for a message: DATA with stuffed dots, or BDAT in chunks of chosen sizes.

/** DATA, the message with stuffed dots and the end of data. A last line without CRLF gets one. */
export function dataStream(message: Buffer): Buffer {
  const text = message.toString('latin1')
  const closed = text === '' || text.endsWith('\r\n') ? text : `${text}\r\n`
  return Buffer.from(`DATA\r\n${closed.replace(/(^|\r\n)\./g, '$1..')}.\r\n`, 'latin1')
}

/** BDAT: chunks of these sizes, then one with the rest. */
export function bdatStream(message: Buffer, sizes: readonly number[]): Buffer {
  const parts: Buffer[] = []
  let rest = message
  for (const size of sizes) {
    const chunk = rest.subarray(0, size)
    parts.push(Buffer.from(`BDAT ${chunk.length}\r\n`), chunk)
    rest = rest.subarray(size)
  }
  return Buffer.concat([...parts, Buffer.from(`BDAT ${rest.length} LAST\r\n`), rest])
}
