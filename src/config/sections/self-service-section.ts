// `self_service`: the page on which people change their password and see their account.

import { z } from 'zod'
import { readPassword } from '../read-files.ts'
import { section, type SectionReader } from '../section.ts'
import { bindAddress, flag, hostName, path, text } from '../values.ts'

/** NIST SP 800-63B 3.1.1.2 requires 8, and 15 where a password is the only proof. */
const LEAST = 8
const USUAL = 12
const MOST = 64
const schemes = ['same', 'ARGON2ID', 'BLF-CRYPT', 'SHA512-CRYPT', 'PBKDF2', 'SCRAM-SHA-256'] as const

const ldapSchema = z.strictObject({
  change: z
    .enum(['modify', 'password-modify'], { error: 'one of modify, password-modify' })
    .describe(
      'modify: replace `directory.ldap.attributes.password` by a hash that this node makes; password-modify: the server makes it (RFC 3062).',
    ),
  dn: text('a DN')
    .optional()
    .describe(
      'DN of an account that may change passwords; without it the node binds as the person with the old password.',
    ),
  password_file: path.optional().describe('File with the password of the DN on its first line.'),
})

const schema = z.strictObject({
  listen: bindAddress.describe('Address and port of the HTTPS listener, such as *:8443.'),
  host_name: hostName
    .optional()
    .describe('Host name in the address of the page, which the certificate must have; that of the node if absent.'),
  name: text('a name')
    .max(100, { error: 'at most 100 characters' })
    .optional()
    .describe('Name of the service on the page; the main domain if absent.'),
  help: z
    .url({ protocol: /^https?$/, error: 'a URL' })
    .optional()
    .describe('A page for people, linked on each page.'),
  min_length: z
    .int({ error: `a whole number from ${LEAST} to ${MOST}` })
    .min(LEAST, { error: `a whole number from ${LEAST} to ${MOST}` })
    .max(MOST, { error: `a whole number from ${LEAST} to ${MOST}` })
    .default(USUAL)
    .describe('Characters that a new password has at least.'),
  scheme: z
    .enum(schemes, { error: `one of ${schemes.join(', ')}` })
    .default('same')
    .describe('Scheme of new password hashes. same: that of the present password, or ARGON2ID in place of a weak one.'),
  require_second_factor: flag
    .default(false)
    .describe('A person without a second factor must set one up before anything else. It protects the page only.'),
  ldap: ldapSchema
    .optional()
    .describe('How passwords of people in LDAP are changed; without it the page does not change them.'),
})

export const self_service = section(
  schema.optional().describe('The page on which people change their password and see their account; off if absent.'),
  (written, reader) => {
    if (written === undefined) return null
    const { ldap, ...rest } = written
    return { ...rest, ldap: ldap === undefined ? null : readAccount(ldap, reader.below('ldap')) }
  },
)

function readAccount({ change, dn, password_file: file }: z.output<typeof ldapSchema>, reader: SectionReader) {
  if ((dn === undefined) !== (file === undefined))
    reader.report([], 'found one of dn and password_file, expected both or none')
  const password = file === undefined ? null : readPassword(reader, ['password_file'], file)
  return { change, account: dn === undefined || password === null ? null : { dn, password } }
}
