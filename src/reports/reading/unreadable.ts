// The error of a report that cannot be read. Its text is the reason that an operator sees.

export class Unreadable extends Error {}
