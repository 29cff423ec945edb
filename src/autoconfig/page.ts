// An answer of the HTTPS service.

export interface Page {
  readonly status: number
  readonly contentType: string
  readonly content: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
}

const PLAIN = 'text/plain; charset=utf-8'

export function plainPage(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Page {
  return { status, contentType: PLAIN, content: `${text}\n`, headers }
}
