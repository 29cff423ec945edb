// The large providers among mail hosts, as one word each. Metrics, the probe and reports group destinations by them: the names of all
// domains would be personal data of correspondents, and without end. A host of another provider is `other`.

/** Suffixes of the names of MX hosts, and mail domains for attempts that reached no host. All in lower case. */
const table = {
  google: {
    hosts: ['google.com', 'googlemail.com', 'psmtp.com', 'smtp.goog'],
    domains: ['gmail.com', 'googlemail.com'],
  },
  microsoft: {
    hosts: ['outlook.com', 'hotmail.com', 'olc.protection.outlook.com', 'mx.microsoft', 'office365.com'],
    domains: ['outlook.com', 'outlook.de', 'hotmail.com', 'hotmail.de', 'live.com', 'live.de', 'msn.com'],
  },
  // AOL is the same platform.
  yahoo: {
    hosts: ['yahoodns.net', 'yahoo.com', 'aol.com'],
    domains: ['yahoo.com', 'yahoo.de', 'ymail.com', 'rocketmail.com', 'aol.com'],
  },
  apple: {
    hosts: ['icloud.com', 'apple.com', 'me.com'],
    domains: ['icloud.com', 'me.com', 'mac.com'],
  },
  't-online': { hosts: ['t-online.de'], domains: ['t-online.de', 'magenta.de'] },
  gmx: { hosts: ['gmx.net', 'gmx.de', 'gmx.com'], domains: ['gmx.net', 'gmx.de', 'gmx.at', 'gmx.ch', 'gmx.com'] },
  webde: { hosts: ['web.de'], domains: ['web.de'] },
  // Business mail of GMX and web.de.
  ionos: {
    hosts: ['kundenserver.de', 'ionos.com', 'ionos.de', '1and1.com', 'perfora.net'],
    domains: ['mail.com'],
  },
  proton: {
    hosts: ['protonmail.ch', 'proton.me', 'protonmail.com'],
    domains: ['proton.me', 'protonmail.com', 'protonmail.ch', 'pm.me'],
  },
  fastmail: { hosts: ['messagingengine.com', 'fastmail.com'], domains: ['fastmail.com', 'fastmail.fm'] },
  mailbox: { hosts: ['mailbox.org'], domains: ['mailbox.org'] },
  posteo: { hosts: ['posteo.de'], domains: ['posteo.de', 'posteo.net'] },
  freenet: { hosts: ['freenet.de'], domains: ['freenet.de'] },
  strato: { hosts: ['rzone.de', 'strato.de'], domains: ['strato.de'] },
  zoho: { hosts: ['zoho.com', 'zoho.eu', 'zohomail.com'], domains: ['zohomail.com', 'zohomail.eu'] },
  mailru: { hosts: ['mail.ru'], domains: ['mail.ru', 'inbox.ru', 'bk.ru', 'list.ru'] },
  yandex: { hosts: ['yandex.ru', 'yandex.net'], domains: ['yandex.ru', 'yandex.com', 'ya.ru'] },
  tencent: { hosts: ['qq.com'], domains: ['qq.com', 'foxmail.com'] },
  netease: { hosts: ['netease.com'], domains: ['163.com', '126.com', 'yeah.net'] },
  comcast: { hosts: ['comcast.net'], domains: ['comcast.net'] },
  orange: { hosts: ['orange.fr', 'wanadoo.fr'], domains: ['orange.fr', 'wanadoo.fr'] },
  amazon: { hosts: ['amazonaws.com', 'amazonses.com', 'awsapps.com'], domains: [] },
  proofpoint: { hosts: ['pphosted.com', 'ppe-hosted.com'], domains: [] },
  mimecast: { hosts: ['mimecast.com'], domains: [] },
  cloudflare: { hosts: ['mx.cloudflare.net'], domains: [] },
} as const satisfies Record<string, { readonly hosts: readonly string[]; readonly domains: readonly string[] }>

export type MailProvider = keyof typeof table | 'other'

/** Every provider, `other` last. */
export const mailProviders: readonly MailProvider[] = [...(Object.keys(table) as (keyof typeof table)[]), 'other']

const bySuffix = new Map<string, MailProvider>()
const byDomain = new Map<string, MailProvider>()
for (const provider of mailProviders) {
  if (provider === 'other') continue
  for (const host of table[provider].hosts) bySuffix.set(host, provider)
  for (const domain of table[provider].domains) byDomain.set(domain, provider)
}

/** The provider of a mail host by its name, such as `gmail-smtp-in.l.google.com`, also in the form `name[ip]:port` of the ledger. */
export function providerOfHost(host: string): MailProvider {
  const end = host.indexOf('[')
  const labels = (end === -1 ? host : host.slice(0, end)).toLowerCase().replace(/\.$/, '').split('.')
  for (let at = 0; at < labels.length - 1; at++) {
    const found = bySuffix.get(labels.slice(at).join('.'))
    if (found !== undefined) return found
  }
  return 'other'
}

/** The provider of a mail domain, for mail that has reached no host. Domains of customers are `other`: only their MX hosts show the provider. */
export function providerOfDomain(domain: string): MailProvider {
  return byDomain.get(domain.toLowerCase()) ?? 'other'
}
