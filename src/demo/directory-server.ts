// A small LDAP server on loopback for `waypost demo --break ldap-gone` (RFC 4511, RFC 2696): it answers binds and searches from a list of
// people, and can stop and start. The LDAP library encodes its messages. Not for the internet.

import { createServer, type Server, type Socket } from 'node:net'
import {
  Attribute,
  BerReader,
  BerWriter,
  type Control,
  PagedResultsControl,
  ProtocolOperation,
  SearchRequest,
} from 'ldapts'

export interface DirectoryPerson {
  readonly uid: string
  readonly emailForward: string
}

export interface DirectoryServer {
  readonly url: string
  /** Base of the people. */
  readonly base: string
  /** The entries; changes count for the next search. */
  readonly people: DirectoryPerson[]
  /** Closes the listener and all connections. */
  stop(): Promise<void>
  /** Listens again on the same port. */
  start(): Promise<void>
}

const BASE = 'ou=people,dc=example,dc=org'
/** A request of the demonstration has some hundred octets. */
const MAX_REQUEST = 65_536
const SUCCESS = 0
/** RFC 4511 4.1.9: unwillingToPerform. */
const UNWILLING = 53

/** Starts a server on a free port. */
export async function startDirectoryServer(people: readonly DirectoryPerson[]): Promise<DirectoryServer> {
  const entries = [...people]
  const open = new Set<Socket>()
  let server: Server | null = null
  let port = 0
  const start = async () => {
    const next = createServer((socket) => serve(socket, open, entries))
    await new Promise<void>((resolve, reject) => {
      next.once('error', reject)
      next.listen(port, '127.0.0.1', resolve)
    })
    server = next
    const address = next.address()
    port = address !== null && typeof address === 'object' ? address.port : port
  }
  await start()
  return {
    url: `ldap://127.0.0.1:${port}`,
    base: BASE,
    people: entries,
    start: async () => {
      if (server === null) await start()
    },
    stop: () => {
      for (const socket of open) socket.destroy()
      const stopping = server
      server = null
      return new Promise((resolve) => (stopping === null ? resolve() : stopping.close(() => resolve())))
    },
  }
}

function serve(socket: Socket, open: Set<Socket>, people: readonly DirectoryPerson[]): void {
  open.add(socket)
  socket.on('close', () => open.delete(socket))
  socket.on('error', () => socket.destroy())
  let received: Buffer = Buffer.alloc(0)
  socket.on('data', (data: Buffer) => {
    received = Buffer.concat([received, data])
    for (;;) {
      const reader = new BerReader(received)
      const isComplete = received.length > 1 && reader.readSequence() !== null && reader.remain >= reader.length
      if (!isComplete) break
      const end = reader.offset + reader.length
      reader.setBufferSize(end)
      const reply = answer(reader, people)
      received = received.subarray(end)
      if (reply === null) return void socket.end()
      socket.write(reply)
    }
    if (received.length > MAX_REQUEST) socket.destroy()
  })
}

/** The reply to one request; null closes the connection. */
function answer(reader: BerReader, people: readonly DirectoryPerson[]): Buffer | null {
  const messageId = reader.readInt() ?? 0
  const operation = reader.readSequence()
  switch (operation) {
    case ProtocolOperation.LDAP_REQ_BIND:
      return result(messageId, { operation: ProtocolOperation.LDAP_RES_BIND, code: SUCCESS })
    case ProtocolOperation.LDAP_REQ_SEARCH:
      return search(messageId, reader, people)
    case ProtocolOperation.LDAP_REQ_UNBIND:
      return null
    default:
      return result(messageId, { operation: ProtocolOperation.LDAP_RES_EXTENSION, code: UNWILLING })
  }
}

/** The library reads an equality of a filter, and not a presence such as (objectClass=*), which then matches nothing. All matching entries are one page; the control says that it is the last one (RFC 2696 section 3). */
function search(messageId: number, reader: BerReader, people: readonly DirectoryPerson[]): Buffer {
  const request = new SearchRequest({ messageId, filter: undefined as never })
  request.parse(reader, [])
  const found = people.flatMap((person) => {
    const attributes = { objectclass: 'inetorgperson', ...person }
    return request.filter.matches(attributes) ? [entry(messageId, person)] : []
  })
  const isPaged = request.controls?.some((control) => control instanceof PagedResultsControl) ?? false
  const last = new PagedResultsControl({ value: { size: found.length, cookie: Buffer.alloc(0) } })
  const done = { operation: ProtocolOperation.LDAP_RES_SEARCH, code: SUCCESS, controls: isPaged ? [last] : [] }
  return Buffer.concat([...found, result(messageId, done)])
}

function entry(messageId: number, { uid, emailForward }: DirectoryPerson): Buffer {
  const writer = new BerWriter()
  writer.startSequence()
  writer.writeInt(messageId)
  writer.startSequence(ProtocolOperation.LDAP_RES_SEARCH_ENTRY)
  writer.writeString(`uid=${uid},${BASE}`)
  writer.startSequence()
  for (const [type, value] of Object.entries({ uid, emailForward }))
    new Attribute({ type, values: [value] }).write(writer)
  writer.endSequence()
  writer.endSequence()
  writer.endSequence()
  return writer.buffer
}

interface Result {
  readonly operation: number
  readonly code: number
  readonly controls?: readonly Control[]
}

function result(messageId: number, { operation, code, controls = [] }: Result): Buffer {
  const writer = new BerWriter()
  writer.startSequence()
  writer.writeInt(messageId)
  writer.startSequence(operation)
  writer.writeEnumeration(code)
  writer.writeString('')
  writer.writeString('')
  writer.endSequence()
  if (controls.length > 0) {
    writer.startSequence(ProtocolOperation.LDAP_CONTROLS)
    for (const control of controls) control.write(writer)
    writer.endSequence()
  }
  writer.endSequence()
  return writer.buffer
}
