// A service with mailboxes elsewhere, for tests of the automatic configuration of mail programs.

import type { MailService } from '../../src/autoconfig/mail-service.ts'

export const sampleService: MailService = {
  name: 'Tips & <Co>',
  domains: ['example.org', 'example.net'],
  outgoing: [
    { host: 'smtp.example.org', port: 465, tls: 'implicit' },
    { host: 'smtp.example.org', port: 587, tls: 'starttls' },
  ],
  login: 'local-part',
  incoming: { protocol: 'imap', host: 'imap.provider.example', port: 993, tls: 'implicit', login: 'address' },
  help: 'https://example.org/mail?a=1&b=2',
}

/** As an organisation without mailboxes has it. */
export const outgoingOnly: MailService = { ...sampleService, incoming: null, login: 'address', help: null }
