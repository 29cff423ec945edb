// The contract of a value that a reload replaces.

/** Read `value` each time it is needed and do not keep it: a reload may replace it at any time. */
export interface Current<T> {
  readonly value: T
}
