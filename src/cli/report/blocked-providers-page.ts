// docs/reference/blocked-providers.md, from the reply rules of the class blocked and what the providers ask for.

import type { ReplyRuleFile } from '../../config/reply-rules-file.ts'
import { requestText } from './removal-request.ts'
import { removalRequests } from './removal-requests.ts'

const START = `# Blocked providers

Whom to ask when a provider or a list refuses your address, and what to send. A test generates this
page from the rules for [remote replies](replies.md). [Deal with a blocked sending
address](../how-to/deal-with-a-blocked-address.md) has the steps.
`

/** The form of the request, with what the command fills in. */
function request(): string {
  const text = requestText({
    address: '192.0.2.1',
    ehlo: 'srs-01.example.org',
    domain: 'example.org',
    postmaster: 'postmaster@example.org',
    dns: [
      'Reverse DNS: srs-01.example.org, which leads back to the address',
      'SPF: example.org: v=spf1 ip4:192.0.2.1 -all',
      'DMARC: example.org: v=DMARC1; p=reject',
    ],
    firstAt: Date.UTC(2026, 10, 21, 2, 15),
    lastAt: Date.UTC(2026, 10, 21, 3, 40),
    refusals: 12,
    accepted: 240,
    period: '7 days',
    reply: '550 5.7.1 …',
  })
  return `## The request

\`waypost report blocked\` lists the providers that refuse the node. \`waypost report blocked NAME\`
writes the request for one of them, from the ledger, the configuration and the DNS. Add the cause,
and what has ended it.

\`\`\`text
${text.join('\n')}
\`\`\`
`
}

/** The page. @param rules those of the program */
export function blockedProvidersPage(rules: readonly ReplyRuleFile[]): string {
  const sections = rules.flatMap((rule) => {
    const found = removalRequests[rule.name]
    if (found === undefined) return []
    const { name, title, sample, needs, checked } = found
    const ask = rule.contact === undefined ? 'the postmaster' : rule.contact
    return [
      `### ${title}`,
      '',
      '| | |',
      '|---|---|',
      `| name | \`${name}\` |`,
      `| reply | \`${sample}\` |`,
      `| rule, class | \`${rule.name}\`, \`${rule.class}\` |`,
      `| ask | ${ask} |`,
      `| what it needs | ${needs} |`,
      `| advice | ${rule.advice ?? '–'} |`,
      `| compared with pages about it | ${checked ?? 'no'} |`,
      '',
    ]
  })
  return `${START}\n${request()}\n## Providers and lists\n\n${sections.join('\n')}`
}
