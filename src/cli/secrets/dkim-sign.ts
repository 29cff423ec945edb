// waypost dkim sign: signs the message on standard input.

import { createSigner } from '../../dkim/sign.ts'
import { readAuthors } from '../../message/from.ts'
import { readFields } from '../../message/header.ts'
import { domainOf } from '../../smtp/mailbox.ts'
import { FAILED, type Io, line, OK, USAGE } from '../io.ts'
import { readMessage } from '../read-message.ts'
import { type DkimOptions, usableKeys, usageError } from './dkim-keys.ts'

/** Prints the message on standard input with its signatures in front. Exit code 1 if no key signs. */
export async function dkimSign(
  options: Omit<DkimOptions, 'json'> & { readonly now: number; readonly parents?: readonly string[] },
  io: Io,
): Promise<number> {
  const keys = await usableKeys({ directory: options.directory, json: false }, io)
  if (keys === null) return USAGE
  const content = await readMessage(io.stdin)
  const fromDomain = options.domain ?? authorDomain(content.header)
  if (fromDomain === null) return usageError(io, ['found no address in From, expected a From field or --domain'])
  const signer = createSigner({ keys, parents: options.parents ?? [] })
  const signed = await signer.sign(content, { fromDomain, now: options.now })
  if (signed.kind === 'unsigned') {
    line(io.stderr, signed.reason)
    return FAILED
  }
  io.stdout.write(signed.fields)
  io.stdout.write(content.header)
  for await (const chunk of content.openBody()) io.stdout.write(chunk)
  return OK
}

function authorDomain(header: Buffer): string | null {
  const address = readAuthors(readFields(header)).addresses[0]
  return address === undefined ? null : domainOf(address)
}
