// Questions on a terminal or through a pipe. A bad answer is asked for again on a terminal; in a pipe it ends the command, because the lines
// after it answer other questions.

import { createInterface } from 'node:readline'
import type { ReadStream } from 'node:tty'
import { type Io, line } from '../io.ts'

export type Answer<T> =
  | { readonly kind: 'ok'; readonly value: T }
  /** `found …, expected …` */
  | { readonly kind: 'bad'; readonly problem: string }

export interface Question<T> {
  readonly text: string
  /** The answer of an empty line; null if there is none. */
  readonly usual: string | null
  readonly read: (answer: string) => Answer<T>
}

export interface Asker {
  ask<T>(question: Question<T>): Promise<T>
  close(): void
}

/** The input ended, the operator cancelled, or an answer of a pipe is bad. The message is for the operator. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
}

/** Close it after the last question. */
export function createAsker(io: Io): Asker {
  const isTerminal = (io.stdin as Partial<ReadStream>).isTTY === true
  // On a terminal, readline prints the prompt, so that it can redraw the line.
  const reader = createInterface({ input: io.stdin, ...(isTerminal && { output: io.stdout }) })
  const lines = reader[Symbol.asyncIterator]()
  let count = 0
  const askOnce = async <T>({ text, usual, read }: Question<T>): Promise<Answer<T>> => {
    const prompt = usual === null || usual === '' ? `${text}: ` : `${text} [${usual}]: `
    if (isTerminal) {
      reader.setPrompt(prompt)
      reader.prompt()
    } else line(io.stdout, prompt.trimEnd())
    const next = await lines.next()
    if (next.done && isTerminal) {
      line(io.stdout, '')
      throw new NoAnswer('cancelled; nothing was written')
    }
    if (next.done) throw new NoAnswer(`found the end of the input, expected an answer: ${text}; nothing was written`)
    count++
    const answer = next.value.trim()
    if (answer === '' && usual === null) return { kind: 'bad', problem: 'found nothing, expected an answer' }
    return read(answer === '' ? (usual as string) : answer)
  }
  return {
    ask: async (question) => {
      for (;;) {
        const answer = await askOnce(question)
        if (answer.kind === 'ok') return answer.value
        if (!isTerminal)
          throw new NoAnswer(`standard input:${count}: ${question.text}: ${answer.problem}; nothing was written`)
        line(io.stderr, `  ${answer.problem}`)
      }
    },
    close: () => reader.close(),
  }
}
