// The points of everything that the node's own score counts. The sums are chosen like rspamd's: a message is marked from 6 and refused from
// 15, so that no single observation refuses a message. Operators change points by name (`score.points`).

export interface ScorePoint {
  readonly points: number
  readonly meaning: string
}

export const scorePoints = {
  SPF_FAIL: { points: 3, meaning: 'SPF says that the client may not send for the domain of the reverse-path' },
  SPF_SOFTFAIL: { points: 1, meaning: 'SPF says that the client probably may not' },
  SPF_ERROR: { points: 1, meaning: 'the SPF record cannot be read' },
  DKIM_FAIL: { points: 1, meaning: 'the message is signed, and no signature is valid' },
  UNPROVEN: { points: 1.5, meaning: 'neither SPF nor DKIM passes' },
  DMARC_REJECT: { points: 5, meaning: 'DMARC fails for the domain of From:, whose owner asks to reject' },
  DMARC_QUARANTINE: { points: 4, meaning: 'DMARC fails, and the owner asks for quarantine' },
  DMARC_FAIL: { points: 1, meaning: 'DMARC fails, and the owner asks for nothing' },
  DMARC_PASS: { points: -1, meaning: 'DMARC passes' },
  NO_CLIENT_NAME: { points: 2, meaning: 'the address of the client has no name that leads back to it (FCrDNS)' },
  HELO_ADDRESS: { points: 2, meaning: 'HELO is an address, or an address literal' },
  HELO_NO_DOMAIN: { points: 2, meaning: 'HELO is a name without a dot' },
  HELO_OURS: { points: 5, meaning: 'HELO is the name of this node or one of our domains' },
  NO_FROM: { points: 3, meaning: 'no From: field' },
  UNCLEAR_FROM: { points: 3, meaning: 'mail programs may show different authors' },
  NO_DATE: { points: 1.5, meaning: 'no Date: field' },
  WRONG_DATE: { points: 1.5, meaning: 'Date: cannot be read, is a day ahead, or is two weeks old' },
  NO_MESSAGE_ID: { points: 1, meaning: 'no Message-ID: field' },
  NO_SUBJECT: { points: 0.5, meaning: 'no Subject: field' },
  REPEATED_FIELD: { points: 2, meaning: 'a field appears twice that may appear once (RFC 5322 3.6)' },
  UNKNOWN_CHARACTERS: { points: 1, meaning: 'the header section has octets that are not UTF-8' },
  ADDRESS_LINK: { points: 2, meaning: 'a link in the text leads to an IP address instead of a name' },
  DANGEROUS_FILE: { points: 6, meaning: 'an attachment has the name of a program or a script' },
} as const satisfies Readonly<Record<string, ScorePoint>>

export type ScoreName = keyof typeof scorePoints

export const scoreNames = Object.keys(scorePoints) as readonly ScoreName[]
