// One listener as its role file and the node's configuration describe it.

export interface ListenerSettings {
  readonly name: string
  /** IP address to bind. */
  readonly host: string
  readonly port: number
  readonly tls: 'none' | 'starttls' | 'starttls-required' | 'implicit'
  /** Ask for a client certificate in the handshake (never required by TLS itself: policy decides and can say why). */
  readonly requestCertificate: boolean
  /** SASL mechanisms offered, after TLS only. */
  readonly mechanisms: readonly ('PLAIN' | 'LOGIN' | 'EXTERNAL')[]
  /** A bare CR or LF in the data: 550 5.5.2, or turned into CRLF. */
  readonly bareNewline: 'reject' | 'normalize'
  /** Skip the 100 ms wait for early talkers (machines and peers we trust). */
  readonly greetAtOnce: boolean
}
