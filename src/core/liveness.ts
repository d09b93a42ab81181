/** A consumer whose beat stands still for this long, in milliseconds, while a coordinator watches, is dead. Longer than an allocation's life. */
export const livenessMs = 6_000
