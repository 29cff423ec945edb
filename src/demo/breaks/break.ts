// A thing that `waypost demo --break` breaks.

import type { Environment } from '../environment.ts'
import type { InternetHost, Refusal } from '../internet-host.ts'
import type { Preparation } from '../start-environment.ts'
import type { Post } from './post.ts'

export interface Stage extends Pick<Environment, 'fleet' | 'dns' | 'acceptingHost'> {
  readonly post: Post
  /** Starts a further mail host of the internet with this name and loopback address; it ends with the demonstration. */
  readonly startHost: (host: {
    readonly name: string
    readonly address: string
    readonly refusal?: Refusal
  }) => Promise<InternetHost>
  /**
   * True once the operator has made this file in the folder `outside`. It stands for what an operator does outside of the fleet, such as a
   * call or the start of a server.
   */
  readonly hasCalled: (file: string) => boolean
  /** The text of that file, or null. */
  readonly readCall: (file: string) => string | null
  readonly print: (line: string) => void
}

export interface Broken {
  /** What people report, without the cause. */
  readonly report: readonly string[]
  /** The commands to begin with: arguments of `waypost`. */
  readonly commands: readonly string[]
  /** What is still wrong, each as a sentence; empty if the fleet is repaired. Called again and again: it also acts for the outside. */
  look(): Promise<readonly string[]> | readonly string[]
}

export interface Break {
  readonly kind: string
  /** Completes "waypost demo --break KIND". */
  readonly about: string
  /** The page of the playbook, below the root of the source tree. */
  readonly page: string
  readonly prepare?: Preparation
  /** True: its fleet is not that of the other kinds, so it does not follow them on one fleet. */
  readonly isAlone?: boolean
  run(stage: Stage): Promise<Broken>
  /** Ends what `prepare` started, after the nodes have stopped. */
  close?(): Promise<void> | void
}
