// Strangers make a node send reports to domains of their choice: the destination of a forward refuses their messages.

import type { AttackStage } from './attack.ts'

/** Messages of one session. */
const PER_SESSION = 10

/** Sends one message for each domain, from a sender whose SPF passes, to `gone@example.org`, a forward whose destination refuses it. */
export async function causeReports(stage: AttackStage, domains: readonly string[]): Promise<void> {
  for (let i = 0; i < domains.length; i += PER_SESSION) await sendFrom(stage, i, domains.slice(i, i + PER_SESSION))
}

async function sendFrom({ connect, stranger }: AttackStage, number: number, domains: readonly string[]): Promise<void> {
  const client = await connect(stranger(number))
  await client.expect(null, '220')
  await client.expect('EHLO stranger.example', '250')
  for (const domain of domains) {
    await client.expect(`MAIL FROM:<eve@${domain}>`, '250')
    await client.expect('RCPT TO:<gone@example.org>', '250')
    await client.expect('DATA', '354')
    await client.expect(`From: eve@${domain}\r\nMessage-ID: <1@${domain}>\r\n\r\nHello.\r\n.`, '250')
  }
  await client.expect('QUIT', '221')
}
