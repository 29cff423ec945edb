// waypost certificates renew and rotate: the running node does it, because it answers the challenges and uses the result.

import { z } from 'zod'
import { FAILED, type Io, line, OK } from '../io.ts'
import { askNode } from '../node/ask-node.ts'
import { type NodePlace, withDataDirectory } from '../place/node-place.ts'

export interface CertificateAskOptions extends NodePlace {
  readonly request: 'certificate-renew' | 'certificate-rotate' | 'certificate-rotate-now' | 'certificate-use'
  /** With `certificate-use`. */
  readonly order?: { readonly by: string; readonly reason: string }
  readonly waitMs: number
}

const answerSchema = z.object({ kind: z.enum(['done', 'waits', 'failed']), text: z.string() })

export function certificateAsk(options: CertificateAskOptions, io: Io): Promise<number> | number {
  return withDataDirectory(options, io, async (data) => {
    const { request, order } = options
    const question = order ? `${request} ${JSON.stringify(order)}` : request
    const answered = await askNode(data, question, options.waitMs)
    const read = answered.kind === 'answer' ? answerSchema.safeParse(answered.value) : null
    const problem = answered.kind === 'failed' ? answered.problem : 'the node does not know the request: restart it'
    const answer = read?.success ? read.data : { kind: 'failed', text: problem }
    line(answer.kind === 'failed' ? io.stderr : io.stdout, answer.text)
    return answer.kind === 'failed' ? FAILED : OK
  })
}
