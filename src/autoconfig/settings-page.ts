// The page for people: what to enter by hand. It has no scripts and asks no other server.

import { escapeMarkup } from '../lib/escape-markup.ts'
import { type LoginName, loginOf, type MailServer, type MailService, type PersonAddress } from './mail-service.ts'

const STYLE = `
:root { color-scheme: light dark; font: 1.05rem/1.5 system-ui, sans-serif; }
body { max-width: 42rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 2rem; }
caption { text-align: left; font-weight: 600; padding-bottom: .3rem; }
th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-top: 1px solid #8886; vertical-align: top; }
th { width: 9rem; font-weight: 400; opacity: .8; }
input { font: inherit; padding: .3rem .5rem; width: 18rem; max-width: 100%; }
button { font: inherit; padding: .3rem .8rem; }
`

const protocolNames = { imap: 'IMAP', pop3: 'POP3' } as const

/** @param person whose user name is shown; null for a page without a user name */
export function settingsPage(service: MailService, person: PersonAddress | null): string {
  const { incoming, outgoing, login, name, help } = service
  const parts = [
    `<h1>Mail settings of ${escapeMarkup(name)}</h1>`,
    ...(incoming
      ? [table(`Incoming mail (${protocolNames[incoming.protocol]})`, incoming, nameOf(incoming.login, person))]
      : [
          '<p>There are no mailboxes here: this service only sends mail. Keep the incoming server of your mail provider, and ' +
            'enter the outgoing server (SMTP) below for this address.</p>',
        ]),
    ...outgoing.map((server, rank) =>
      table(rank === 0 ? 'Outgoing mail (SMTP)' : 'Outgoing mail, if that is blocked', server, nameOf(login, person)),
    ),
    ...(incoming ? [profileForm(service.domains[0])] : []),
    ...(help === null ? [] : [`<p><a href="${escapeMarkup(help)}">Help</a></p>`]),
  ]
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Mail settings of ${escapeMarkup(name)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${parts.join('\n')}
</main>
</body>
</html>
`
}

function nameOf(login: LoginName, person: PersonAddress | null): string {
  if (person) return loginOf(person, login)
  return login === 'address' ? 'your mail address' : 'the part of your address before the @'
}

function table(caption: string, { host, port, tls }: MailServer, user: string): string {
  const rows = [
    ['Server', host],
    ['Port', String(port)],
    ['Security', tls === 'implicit' ? 'SSL/TLS' : 'STARTTLS'],
    ['Authentication', 'normal password'],
    ['User name', user],
  ]
  const cells = rows.map(
    ([key, value]) => `<tr><th scope="row">${key}</th><td>${escapeMarkup(value as string)}</td></tr>`,
  )
  return `<table>\n<caption>${escapeMarkup(caption)}</caption>\n${cells.join('\n')}\n</table>`
}

function profileForm(domain: string): string {
  return `<form action="/profile" method="get">
<p><label for="address">iPhone, iPad or Mac: your address</label></p>
<p><input id="address" name="address" type="email" required placeholder="you@${escapeMarkup(domain)}" autocomplete="email">
<button>Download profile</button></p>
</form>`
}
